"""How channels are: pausing after refusals, alarms, recovery, and the leads' page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations import delivery as sending
from integrations import syncing
from integrations.actions.channels import (
    MAX_REFUSALS,
    note_failure,
    note_success,
    pause_channel,
    resume_channel,
)
from integrations.base import TransportError
from integrations.channels.email.kind import KIND as EMAIL_KIND
from integrations.events import ChannelPaused, ChannelRecovered, ChannelStalled
from integrations.models import Channel, Delivery, Step
from integrations.registry import kinds
from integrations.selectors import health, state_of
from omnidesk.accounts.models import User
from omnidesk.core import events
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.imap import Mailbox
from tests.fakes.smtp import OutsideServer
from tests.integrations.test_delivery import answer, ask


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[events.Event]:
    """Every event of channels, in order."""
    got: list[events.Event] = []
    for one in (ChannelPaused, ChannelStalled, ChannelRecovered):
        monkeypatch.setitem(events._handlers, one, [got.append])
    return got


def reread(channel: Channel) -> Channel:
    with organization_scope(channel.organization_id):
        return Channel.objects.select_related("organization").get(pk=channel.pk)


def change(channel: Channel, **fields: object) -> None:
    with organization_scope(channel.organization_id):
        Channel.objects.filter(pk=channel.pk).update(**fields)


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


class TestRefusals:
    def test_wrong_credentials_pause_the_channel_after_bounded_tries(
        self, live_channel: Channel, heard: list[events.Event]
    ) -> None:
        box = Mailbox()
        box.start()
        try:
            change(
                live_channel,
                settings={
                    "imap_host": "127.0.0.1", "imap_port": box.port, "imap_security": "plain",
                },
            )  # fmt: skip
            for _ in range(MAX_REFUSALS + 3):
                syncing.look(live_channel.organization_id, live_channel.pk)
            signed_in_tries = [one for one in box.commands if "LOGIN" in one.upper()]
        finally:
            box.stop()
        paused = reread(live_channel)
        assert len(signed_in_tries) == MAX_REFUSALS
        assert (paused.is_active, paused.paused_itself) == (False, True)
        assert "refused 5 times" in paused.pause_reason
        assert heard == [
            ChannelPaused(
                organization_id=paused.organization_id, channel_id=paused.pk, by_itself=True
            )
        ]
        assert syncing.due() == []

    def test_other_failures_in_between_are_no_refusals(self, live_channel: Channel) -> None:
        for number in range(3 * MAX_REFUSALS):
            with organization_scope(live_channel.organization_id):
                note_failure(live_channel, TransportError("no", refused=number % 2 == 0))
        found = reread(live_channel)
        assert (found.is_active, found.failures) == (True, 3 * MAX_REFUSALS)
        assert state_of(found) == "failing"


class TestPausing:
    def test_answers_wait_while_paused_and_leave_afterwards(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        with organization_scope(live_cast.nordwerk.pk):
            assert pause_channel(channel=live_channel, reason="holiday")
            assert not pause_channel(channel=live_channel, reason="again")
        assert sending.deliver(row.organization_id, row.pk) is None
        assert sending.sweep() == []
        with organization_scope(live_cast.nordwerk.pk):
            resume_channel(channel=live_channel)
        assert sending.sweep() == [(row.organization_id, row.pk)]
        assert sending.deliver(row.organization_id, row.pk) == Step.SENT
        assert len(outside.mails) == 1


class TestWatching:
    def test_a_mailbox_that_is_not_read_raises_one_alarm_and_recovers(
        self, live_channel: Channel, heard: list[events.Event]
    ) -> None:
        change(
            live_channel,
            settings={"imap_host": "x.example"},
            last_success_at=now() - timedelta(minutes=16),
        )
        assert syncing.watch() == 1
        assert syncing.watch() == 0
        stalled = reread(live_channel)
        assert state_of(stalled) == "stalled"
        assert "15 minutes" in stalled.last_error
        with organization_scope(live_channel.organization_id):
            note_success(stalled)
        assert [type(one) for one in heard] == [ChannelStalled, ChannelRecovered]
        assert state_of(reread(live_channel)) == "ok"

    def test_answers_that_wait_too_long_raise_the_alarm(
        self, live_cast: Cast, live_channel: Channel
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        assert syncing.watch() == 0
        with organization_scope(live_cast.nordwerk.pk):
            Delivery.objects.filter(pk=row.pk).update(created_at=now() - timedelta(minutes=16))
        assert syncing.watch() == 1
        assert "Answers have been waiting" in reread(live_channel).last_error

    def test_a_channel_that_is_only_called_never_stalls(self, live_channel: Channel) -> None:
        change(live_channel, created_at=now() - timedelta(days=9))
        assert syncing.watch() == 0

    def test_looks_become_rarer_while_they_fail(self, live_channel: Channel) -> None:
        settings = {"imap_host": "x.example"}
        change(live_channel, settings=settings, last_polled_at=now() - timedelta(seconds=31))
        assert len(syncing.due()) == 1
        change(live_channel, failures=3)
        assert syncing.due() == []
        change(live_channel, failures=3000, last_polled_at=now() - timedelta(minutes=11))
        assert len(syncing.due()) == 1


class TestPage:
    def test_leads_see_every_channel_in_words(
        self, client: Client, cast: Cast, channel: Channel,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:  # fmt: skip
        with organization_scope(cast.nordwerk.pk):
            note_failure(channel, TransportError("The server said no."))
            rows = list(Channel.objects.select_related("organization"))
            # deliveries, receipts
            with django_assert_num_queries(2):
                [line] = health(rows)
        assert line.state == "failing"
        page = signed_in(client, cast.bob).get(reverse("integrations:channels"))
        assert page.status_code == 200
        assert "Last try failed: The server said no." in page.content.decode()

    def test_an_agent_does_not_see_it_and_finds_no_way_there(
        self, client: Client, cast: Cast, channel: Channel
    ) -> None:
        assert (
            signed_in(client, cast.alice).get(reverse("integrations:channels")).status_code == 403
        )
        desk = client.get("/desk/", follow=True).content.decode()
        assert reverse("integrations:channels") not in desk
        assert client.get(reverse("integrations:alerts")).content.strip() == b""

    def test_a_lead_pauses_and_resumes(self, client: Client, cast: Cast, channel: Channel) -> None:
        signed_in(client, cast.bob)
        for verb, active in (("pause", False), ("resume", True)):
            response = client.post(reverse("integrations:act", args=[channel.pk, verb]))
            assert response.status_code == 302
            assert reread(channel).is_active is active
        assert client.post(reverse("integrations:act", args=[channel.pk, "eat"])).status_code == 404

    def test_others_do_not(self, client: Client, cast: Cast, channel: Channel) -> None:
        for user, status in ((cast.alice, 404), (cast.charlie, 404), (cast.dana, 403)):
            signed_in(client, user)
            response = client.post(reverse("integrations:act", args=[channel.pk, "pause"]))
            assert response.status_code == status
        assert reread(channel).is_active

    def test_a_channel_that_needs_somebody_says_so_on_every_desk_page(
        self, client: Client, cast: Cast, channel: Channel
    ) -> None:
        signed_in(client, cast.bob)
        address = reverse("integrations:alerts")
        assert client.get(address).content.strip() == b""
        with organization_scope(cast.nordwerk.pk):
            pause_channel(channel=channel, reason="Wrong password.", by_itself=True)
        strip = client.get(address).content.decode()
        assert "Nordwerk IT" in strip
        assert "Wrong password." in strip
        # The next page keeps room for it, and the strip takes that.
        assert f'hx-get="{address}?place=1"' in client.get("/desk/", follow=True).content.decode()
        kept = client.get(address, {"place": "1"}).content.decode()
        assert kept.startswith('<div class="strip-place">')

    def test_an_empty_page_says_what_a_channel_is(self, client: Client, cast: Cast) -> None:
        page = signed_in(client, cast.bob).get(reverse("integrations:channels"))
        assert "No channel yet" in page.content.decode()


def test_every_folder_of_channels_is_a_kind_that_loads() -> None:
    found = kinds()
    assert found["email"] is EMAIL_KIND
    for key, kind in found.items():
        assert kind.key == key
        names = [one.name for one in kind.settings]
        assert len(set(names)) == len(names)
        assert {*kind.sync_needs, *kind.made_up} <= set(names)
