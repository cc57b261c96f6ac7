"""What the desk says and who may read it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.access import readable_messages
from tickets.actions.attach import NewFile, attach
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.reply import add_note, record_delivery, reply
from tickets.actions.triage import set_urgency
from tickets.choices import ActorKind, DeliveryState
from tickets.models import Change, Message, Status, Ticket


def test_the_first_answer_begins_assigns_and_stamps_the_ticket(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        message = reply(ticket=ticket, actor=Actor.person(cast.alice), text="**Restart** it")
        ticket.refresh_from_db()
        assert ticket.status.key == "open"
        assert ticket.assignee == cast.alice
        assert ticket.first_response_at == message.created_at
        assert ticket.version == 2
        assert message.html.strip() == "<p><strong>Restart</strong> it</p>"
        assert message.delivery_state == DeliveryState.QUEUED


def test_an_automatic_answer_is_no_first_response_of_a_person(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        message = reply(ticket=ticket, actor=Actor.machine(ActorKind.AI, "AI"), text="Try this")
        ticket.refresh_from_db()
        assert message.is_ai
        assert ticket.first_response_at is None
        assert ticket.assignee is None


def test_script_in_a_reply_stays_text(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        message = reply(
            ticket=cast.ticket(),
            actor=Actor.person(cast.alice),
            text="<script>x</script> [a](javascript:alert(1)) <img src=x onerror=y>",
        )
    assert "<script" not in message.html
    assert "href" not in message.html
    assert "<img" not in message.html


def test_a_note_is_invisible_to_the_requester(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        add_note(
            ticket=ticket,
            actor=Actor.person(cast.alice),
            text="VIP, be careful",
            files=[NewFile("secret.txt", b"internal")],
        )
        assert [m.kind for m in readable_messages(cast.alice, ticket)] == ["public", "internal"]
        assert [m.kind for m in readable_messages(cast.dana, ticket)] == ["public"]


def test_a_reply_can_set_the_status(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Done", status_after=solved)
        ticket.refresh_from_db()
        assert ticket.status.key == "resolved"
        assert ticket.resolved_at is not None


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_reply_is_refused(cast: Cast, text: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        with pytest.raises(InvalidChange, match="Write a message"):
            reply(ticket=ticket, actor=Actor.person(cast.alice), text=text)
        assert Message.objects.filter(ticket=ticket).count() == 1


def test_a_file_of_another_ticket_cannot_be_taken_along(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        other, ticket = cast.ticket("other"), cast.ticket()
        alice = Actor.person(cast.alice)
        [row] = attach(ticket=other, actor=alice, files=[NewFile("a.txt", b"abc")])
        with pytest.raises(InvalidChange, match="does not belong"):
            reply(ticket=ticket, actor=alice, text="see file", attachment_ids=[row.pk])


def test_what_became_of_a_delivery_is_kept_with_the_message(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        message = reply(ticket=cast.ticket(), actor=Actor.person(cast.alice), text="Hello")
        record_delivery(message=message, state=DeliveryState.FAILED, detail="mailbox full")
        message.refresh_from_db()
        assert (message.delivery_state, message.delivery_detail) == ("failed", "mailbox full")


def test_two_changes_at_once_are_both_kept_and_logged_in_order(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        ticket = live_cast.ticket()
    start = threading.Barrier(2)

    def answer() -> None:
        reply(ticket=ticket, actor=Actor.person(live_cast.alice), text="Restart it")

    def escalate() -> None:
        set_urgency(ticket=ticket, actor=Actor.person(live_cast.bob), urgency="critical")

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            with organization_scope(live_cast.nordwerk.pk):
                work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run, work) for work in (answer, escalate)]:
            done.result()
    with organization_scope(live_cast.nordwerk.pk):
        kept = Ticket.objects.get(pk=ticket.pk)
        assert kept.version == 3
        assert kept.urgency == "critical"
        assert kept.assignee == live_cast.alice
        verbs = set(Change.objects.filter(ticket=ticket).values_list("verb", flat=True))
        assert {"ticket.replied", "ticket.urgency_changed", "ticket.assigned"} <= verbs
