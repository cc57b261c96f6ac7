"""The brake: abnormal volume stops a channel's sending, and a person lets it go on."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from integrations import delivery as sending
from integrations import syncing
from integrations.actions import braking
from integrations.models import Channel, Delivery, Step
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer
from tests.integrations.test_delivery import again, answer, ask
from tests.integrations.test_imap import reread


def limit(channel: Channel, most: int) -> None:
    with organization_scope(channel.organization_id):
        Channel.objects.filter(pk=channel.pk).update(send_limit=most)


def send(cast: Cast, channel: Channel) -> Delivery:
    row = answer(cast, ask(cast, channel))
    sending.deliver(row.organization_id, row.pk)
    return again(row)


def test_sending_stops_at_the_limit_and_goes_on_when_a_lead_says_so(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer, client: Client
) -> None:
    limit(live_channel, 2)
    rows = [send(live_cast, live_channel) for _ in range(4)]
    assert [row.state for row in rows] == [Step.SENT, Step.SENT, Step.QUEUED, Step.QUEUED]
    assert len(outside.wait_for(2)) == 2
    channel = reread(live_channel)
    assert channel.is_active  # mail still comes in
    assert "2 is the most" in channel.brake_reason
    assert sending.sweep() == []
    client.force_login(live_cast.admin)
    page = client.get("/desk/channels/").content.decode()
    assert "Held back" in page
    assert "Answers are held back" in client.get("/desk/channels/alerts/").content.decode()
    client.post(f"/desk/channels/{live_channel.pk}/release/")
    for found in sending.sweep():
        sending.deliver(*found)
    assert [again(row).state for row in rows] == [Step.SENT] * 4
    assert reread(live_channel).braked_at is None


def test_the_command_releases_it_too(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer
) -> None:
    limit(live_channel, 1)
    rows = [send(live_cast, live_channel) for _ in range(2)]
    call_command("channels", "resume", live_channel.slug, stdout=StringIO())
    for found in sending.sweep():
        sending.deliver(*found)
    assert [again(row).state for row in rows] == [Step.SENT] * 2


def test_what_is_held_back_raises_no_second_alarm(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer
) -> None:
    limit(live_channel, 1)
    for _ in range(2):
        send(live_cast, live_channel)
    with organization_scope(live_channel.organization_id):
        Delivery.objects.update(created_at=now() - timedelta(hours=1))
    assert syncing.watch() == 0


def test_the_busiest_hour_sets_the_limit(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(braking, "ALWAYS_NORMAL", 1)
    rows = [answer(live_cast, ask(live_cast, live_channel)) for _ in range(2)]
    hour = (now() - timedelta(days=3)).replace(minute=10)
    with organization_scope(live_channel.organization_id):
        assert braking.limit_of(live_channel, now()) == 1
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Step.SENT, claimed_at=hour
        )
        assert braking.limit_of(live_channel, now()) == 2 * braking.TIMES_BUSIEST


def test_an_agent_cannot_release_it(live_cast: Cast, live_channel: Channel, client: Client) -> None:
    client.force_login(live_cast.alice)
    assert client.post(f"/desk/channels/{live_channel.pk}/release/").status_code in {403, 404}
