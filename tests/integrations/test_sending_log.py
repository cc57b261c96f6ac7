"""Every try of an answer is kept with the far side's words, and shown to agents alone."""

import pytest
from django.test import Client
from pytest_django import Settings

from integrations import delivery as sending
from integrations.actions import queue_delivery, send_again
from integrations.actions.outbound import settle
from integrations.models import Channel, Delivery, Step
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer
from tickets.actions.base import Actor
from tickets.actions.reply import reply


@pytest.fixture
def row(cast: Cast, channel: Channel) -> Delivery:
    with organization_scope(cast.nordwerk.pk):
        message = reply(ticket=cast.ticket(), actor=Actor.person(cast.alice), text="Try tray two.")
        found = queue_delivery(message.pk)
    assert found is not None
    return found


def log(row: Delivery) -> list[tuple[str, int]]:
    with organization_scope(row.organization_id):
        row.refresh_from_db()
    return [(one["what"], one["try"]) for one in row.log]


def page(client: Client, row: Delivery) -> str:
    answer = client.get(f"/desk/channels/answers/{row.message_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_failure_a_wish_and_a_success_are_three_lines(
    cast: Cast, row: Delivery, outside: OutsideServer, client: Client
) -> None:
    client.force_login(cast.alice)
    assert "Nothing has been tried yet." in page(client, row)
    with organization_scope(cast.nordwerk.pk):
        settle(row, Step.FAILED, "550 no such <b>person</b>")
        send_again(row.pk)
    assert sending.deliver(row.organization_id, row.pk) is Step.SENT
    assert log(row) == [("failed", 0), ("again", 0), ("sent", 1)]
    text = page(client, row)
    assert "550 no such &lt;b&gt;person&lt;/b&gt;" in text
    assert text.index("try 1") < text.index("Asked for again") < text.index("550 no such")
    assert "Send again" not in text


def test_who_settles_on_an_old_row_loses_no_line(cast: Cast, row: Delivery) -> None:
    with organization_scope(cast.nordwerk.pk):
        old = Delivery.objects.select_related("message__ticket").get(pk=row.pk)
        settle(row, Step.UNCERTAIN, "The line broke.")
        settle(old, Step.SENT, "250 queued")
    assert log(row) == [("uncertain", 0), ("sent", 0)]


def test_a_server_that_is_away_leaves_a_line_and_comes_again(
    cast: Cast, row: Delivery, settings: Settings
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"  # where nobody listens
    assert sending.deliver(row.organization_id, row.pk) is Step.QUEUED
    with organization_scope(cast.nordwerk.pk):
        Delivery.objects.filter(pk=row.pk).update(next_try_at=now())
    assert sending.deliver(row.organization_id, row.pk) is Step.QUEUED
    assert log(row) == [("queued", 1), ("queued", 2)]


def test_requesters_and_strangers_do_not_see_it(cast: Cast, row: Delivery, client: Client) -> None:
    for person in (cast.dana, cast.charlie):
        client.force_login(person)
        answer = client.get(f"/desk/channels/answers/{row.message_id}/")
        assert answer.status_code in {302, 403, 404}, person
