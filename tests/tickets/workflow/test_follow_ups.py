"""Reminders, solving, closing and late answers: each at its time, each exactly once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.attach import NewFile, attach
from tickets.actions.base import Actor
from tickets.actions.followup import sweep, take_step
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import set_pending_reason, set_status
from tickets.actions.reply import reply
from tickets.actions.schedule import reschedule_closing, reschedule_reminders
from tickets.choices import Source
from tickets.followups import NextStep, fill, next_step, unknown_names
from tickets.models import (
    DeskSettings,
    Message,
    PendingReason,
    Status,
    Ticket,
    TicketLink,
    TicketType,
)

HOURS = 24


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def later(**amount: float) -> datetime:
    return now() + timedelta(minutes=1) + timedelta(**amount)


def remind(times: int = 2, *, solves: bool = True) -> PendingReason:
    reason = PendingReason.objects.get(key="requester")
    reason.nudge_times, reason.nudge_every_hours = times, HOURS
    reason.in_working_hours = False
    reason.nudge_text = "Hello {requester}, we wait for you on {number}: {subject}"
    reason.solves, reason.solve_text = solves, "We close {number}. {desk}"
    reason.full_clean()
    reason.save()
    return reason


@pytest.fixture
def waiting(cast: Cast) -> Iterator[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        remind()
        ticket = set_status(
            ticket=cast.ticket(), actor=Actor.person(cast.alice), status=status("waiting")
        )
        yield ticket


def said(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(from_requester=False).values_list("text", flat=True))


def test_it_reminds_so_often_and_then_solves(cast: Cast, waiting: Ticket) -> None:
    assert take_step(waiting.pk, later(hours=HOURS - 1)) is None
    assert take_step(waiting.pk, later(hours=HOURS)) is NextStep.NUDGE
    assert take_step(waiting.pk, later(hours=HOURS)) is None
    assert take_step(waiting.pk, later(hours=2 * HOURS + 1)) is NextStep.NUDGE
    assert take_step(waiting.pk, later(hours=3 * HOURS + 2)) is NextStep.SOLVE
    waiting.refresh_from_db()
    assert waiting.status.key == "resolved"
    words = said(waiting)
    assert words[0] == words[1]
    assert words[0].startswith("Hello Dana")
    assert str(waiting.number) in words[0]
    assert words[2] == f"We close {waiting.number}. Nordwerk"
    verbs = list(waiting.changes.values_list("verb", flat=True))
    assert verbs.count("ticket.reminded") == 2
    queued = waiting.messages.filter(delivery_state="queued")
    assert queued.count() == 3


def test_an_answer_ends_the_reminders(cast: Cast, waiting: Ticket) -> None:
    take_step(waiting.pk, later(hours=HOURS))
    receive_message(
        ticket=waiting, author=cast.dana, body=Body(text="Here"), source=Source.PORTAL,
        actor=Actor.person(cast.dana),
    )  # fmt: skip
    waiting.refresh_from_db()
    assert (waiting.next_step_at, waiting.nudges_sent) == (None, 0)
    assert take_step(waiting.pk, later(days=99)) is None


def test_the_desk_s_own_words_begin_the_time_anew(cast: Cast, waiting: Ticket) -> None:
    take_step(waiting.pk, later(hours=HOURS))
    before = now()
    reply(ticket=waiting, actor=Actor.person(cast.alice), text="One more thing")
    waiting.refresh_from_db()
    assert waiting.nudges_sent == 0
    assert waiting.next_step_at is not None
    assert waiting.next_step_at >= before + timedelta(hours=HOURS)


def test_another_reason_has_its_own_plan(cast: Cast, waiting: Ticket) -> None:
    supplier = PendingReason.objects.get(key="supplier")
    set_pending_reason(ticket=waiting, actor=Actor.person(cast.alice), reason=supplier)
    waiting.refresh_from_db()
    assert waiting.next_step_at is None


def test_without_solving_it_stays_after_the_last_reminder(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        remind(1, solves=False)
        ticket = set_status(
            ticket=cast.ticket(), actor=Actor.person(cast.alice), status=status("waiting")
        )
        assert take_step(ticket.pk, later(hours=HOURS)) is NextStep.NUDGE
        ticket.refresh_from_db()
        assert (ticket.next_step_at, ticket.status.key) == (None, "waiting")


def test_a_solved_ticket_closes_after_its_days(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("resolved"))
        assert take_step(ticket.pk, later(days=9)) is None
        assert take_step(ticket.pk, later(days=10)) is NextStep.CLOSE
        ticket.refresh_from_db()
        assert ticket.status.key == "closed"
        assert ticket.closed_at is not None
        assert take_step(ticket.pk, later(days=99)) is None


def test_a_workflow_without_the_step_is_said_on_the_ticket_once(cast: Cast) -> None:
    alice = Client()
    alice.force_login(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("resolved"))
        kind = TicketType.objects.get(key="incident")
        kind.workflow = {
            "start": "new",
            "stages": [["new", "open"], ["resolved", "solved"], ["closed", "closed"]],
            "steps": [["new", "resolved", "agent", []], ["resolved", "closed", "agent", ["note"]]],
        }
        kind.save()
        assert take_step(ticket.pk, later(days=10)) is None
        ticket.refresh_from_db()
        assert (ticket.status.key, ticket.next_step_at) == ("resolved", None)
        assert ticket.changes.filter(verb="ticket.follow_up_refused").count() == 1
    page = alice.get(f"/desk/t/{ticket.number}/").content.decode()
    assert "It could not go on by itself: Before the ticket becomes “Closed” it needs" in page


def test_new_settings_plan_old_tickets_anew(cast: Cast, waiting: Ticket) -> None:
    solved = cast.ticket()
    set_status(ticket=solved, actor=Actor.person(cast.alice), status=status("resolved"))
    DeskSettings.objects.update(auto_close_days=1)
    assert reschedule_closing(cast.nordwerk.pk) == 1
    assert take_step(solved.pk, later(days=1)) is NextStep.CLOSE
    DeskSettings.objects.update(auto_close_days=None)
    reason = PendingReason.objects.get(key="requester")
    reason.nudge_every_hours = 1
    assert reschedule_reminders(reason) == 1
    assert take_step(waiting.pk, later(hours=1)) is NextStep.NUDGE
    reason.nudge_times, reason.solves = 0, False
    assert reschedule_reminders(reason) == 0
    waiting.refresh_from_db()
    assert waiting.next_step_at is None


def test_a_late_answer_opens_a_linked_ticket(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, dana = cast.ticket(), Actor.person(cast.dana)
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("closed"))
        [row] = attach(ticket=ticket, actor=dana, files=[NewFile("a.txt", b"abc")])
        message = receive_message(
            ticket=ticket, author=cast.dana, source=Source.PORTAL, actor=dana,
            body=Body(text="Again", attachment_ids=[row.pk]), at=later(days=14),
        )  # fmt: skip
        fresh = message.ticket
        assert fresh.number != ticket.number
        assert (fresh.requester, fresh.status.key) == (cast.dana, "new")
        assert [a.name for a in message.attachments.all()] == ["a.txt"]
        link = TicketLink.objects.get()
        assert (link.source, link.kind, link.target) == (fresh, "follow_up", ticket)
        ticket.refresh_from_db()
        assert (ticket.status.key, ticket.message_count) == ("closed", 1)


def test_in_time_it_opens_the_old_one(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("closed"))
        for days in (13, 400):
            message = receive_message(
                ticket=ticket, author=cast.dana, body=Body(text="Again"), source=Source.PORTAL,
                actor=Actor.person(cast.dana), at=later(days=days),
            )  # fmt: skip
            assert message.ticket == ticket
            set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("closed"))
            DeskSettings.objects.update(late_reply_days=None)


def test_an_automatic_mail_opens_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("closed"))
        receive_message(
            ticket=ticket, author=cast.dana, body=Body(text="I am away"), source=Source.EMAIL,
            actor=Actor.person(cast.dana), at=later(days=30), reopen=False,
        )  # fmt: skip
        assert Ticket.objects.count() == 1


def test_the_portal_and_the_api_follow_a_late_answer(cast: Cast) -> None:
    dana = Client()
    dana.force_login(cast.dana)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("closed"))
        Ticket.objects.update(closed_at=now() - timedelta(days=15))
    answer = dana.post(f"/tickets/{ticket.number}/answer/", {"text": "Again"})
    assert answer["Location"] != f"/tickets/{ticket.number}/"
    assert dana.get(answer["Location"]).status_code == 200
    created = dana.post(
        f"/api/v1/tickets/{ticket.number}/responses/",
        {"text": "And again"},
        content_type="application/json",
    )
    assert created.status_code == 201
    assert created.json()["text"] == "And again"
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 3


def test_two_beats_and_two_workers_take_each_step_once(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        remind(1)
        alice = Actor.person(live_cast.alice)
        pending = [live_cast.ticket(f"P{i}") for i in range(4)]
        solved = [live_cast.ticket(f"S{i}") for i in range(4)]
        for ticket in pending:
            set_status(ticket=ticket, actor=alice, status=status("waiting"))
        for ticket in solved:
            set_status(ticket=ticket, actor=alice, status=status("resolved"))
    moment, start = later(days=11), threading.Barrier(4)

    def beat() -> int:
        start.wait()
        try:
            return sweep(moment)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        taken = sum(f.result() for f in [pool.submit(beat) for _ in range(4)])
    assert taken == 8
    with organization_scope(live_cast.nordwerk.pk):
        assert Message.objects.filter(from_requester=False).count() == 4
        assert {t.nudges_sent for t in Ticket.objects.filter(status__key="waiting")} == {1}
        closed = Ticket.objects.filter(status__key="closed")
        assert closed.count() == 4
        for ticket in closed:
            assert ticket.changes.filter(verb="ticket.status_changed", new="closed").count() == 1


def test_while_somebody_holds_the_ticket_it_is_skipped(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        ticket = live_cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(live_cast.alice), status=status("resolved"))

    def elsewhere() -> int:
        try:
            return sweep(later(days=11))
        finally:
            connection.close()

    with organization_scope(live_cast.nordwerk.pk), transaction.atomic():
        list(Ticket.objects.select_for_update().filter(pk=ticket.pk))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(elsewhere).result() == 0
    assert sweep(later(days=11)) == 1


stages = st.sampled_from(["open", "pending", "solved", "closed"])


@given(stages, st.integers(0, 30), st.integers(0, 20), st.booleans(), st.booleans())
def test_only_what_waits_is_reminded_and_never_too_often(
    stage: str, sent: int, times: int, solves: bool, closes: bool
) -> None:
    step = next_step(stage, sent=sent, times=times, solves=solves, closes=closes)
    if step is NextStep.NUDGE:
        assert stage == "pending"
        assert sent < times
    if step is NextStep.SOLVE:
        assert stage == "pending"
        assert sent >= times > 0
    if step is NextStep.CLOSE:
        assert (stage, closes) == ("solved", True)
    if stage in {"open", "closed"}:
        assert step is None


@given(st.text())
def test_filling_in_never_fails_and_keeps_what_is_unknown(text: str) -> None:
    assert fill(text, {}) == text
    assert "{requester}" not in fill(text + "{requester}", {"requester": "Jo"})


def test_a_name_is_shown_and_never_obeyed() -> None:
    filled = fill("Hello {requester}", {"requester": "[x](https://evil.example)\n# Hi <b>"})
    assert not set("[]<>#\n") & set(filled)
    assert unknown_names("{requester} {numer} {}") == ["numer", ""]
