"""Clocks follow what happens to a ticket, in the transaction that does it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from time_machine import Traveller

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Body, Triage, open_ticket, receive_message
from tickets.actions.lifecycle import delete_ticket, restore_ticket, set_status
from tickets.actions.reply import add_note, reply
from tickets.actions.triage import assign_team, set_category, set_priority
from tickets.choices import ActorKind, Source
from tickets.models import (
    BusinessCalendar,
    Change,
    PendingReason,
    SlaClock,
    SlaPolicy,
    SlaTarget,
    Status,
    Ticket,
)
from tickets.sla import SlaState, sla_state

HOUR = timedelta(hours=1)
# A Tuesday, ten in the morning in Berlin: the desk is open from eight to six.
TEN = datetime(2026, 6, 2, 8, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Traveller]:
    """The time stands still until a test moves it."""
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    with organization_scope(cast.nordwerk.pk):
        yield cast


def clocks(ticket: Ticket) -> dict[str, SlaClock]:
    return {c.metric: c for c in SlaClock.objects.filter(ticket=ticket, level="customer")}


def move(desk: Cast, ticket: Ticket, key: str, reason: str = "") -> None:
    status = Status.objects.get(organization=desk.nordwerk, key=key)
    found = PendingReason.objects.filter(organization=desk.nordwerk, key=reason).first()
    set_status(ticket=ticket, actor=Actor.person(desk.alice), status=status, reason=found)


def answer(desk: Cast, ticket: Ticket) -> None:
    reply(ticket=ticket, actor=Actor.person(desk.alice), text="Restart it.")


def write(desk: Cast, ticket: Ticket, *, reopen: bool = True) -> None:
    body = Body(text="Still broken.")
    receive_message(
        ticket=ticket, author=desk.dana, body=body, source=Source.PORTAL,
        actor=Actor.person(desk.dana), reopen=reopen,
    )  # fmt: skip


def test_a_new_ticket_has_the_standard_times(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    found = clocks(ticket)
    assert found.keys() == {"first_response", "resolution"}
    assert found["first_response"].due_at == TEN + 4 * HOUR
    ticket.refresh_from_db()
    assert ticket.first_response_due == ticket.next_due == TEN + 4 * HOUR
    # 30 business hours of ten a day: three days later.
    assert ticket.resolution_due == TEN + 72 * HOUR
    assert sla_state(ticket, TEN) == SlaState.RUNNING


def test_the_first_answer_of_a_person_meets_the_first_response(
    desk: Cast, clock: Traveller
) -> None:
    ticket = desk.ticket()
    clock.move_to(TEN + HOUR)
    reply(ticket=ticket, actor=Actor.machine(ActorKind.AI, "AI"), text="Try this.")
    assert clocks(ticket)["first_response"].met_at is None
    answer(desk, ticket)
    first = clocks(ticket)["first_response"]
    assert (first.met_at, first.used, first.breached_at) == (TEN + HOUR, HOUR, None)
    ticket.refresh_from_db()
    assert ticket.next_due == ticket.resolution_due


def test_a_message_after_the_first_answer_starts_the_next_response(
    desk: Cast, clock: Traveller
) -> None:
    ticket = desk.ticket()
    write(desk, ticket)
    assert "next_response" not in clocks(ticket)
    answer(desk, ticket)
    clock.move_to(TEN + HOUR)
    write(desk, ticket)
    clock.move_to(TEN + 2 * HOUR)
    write(desk, ticket)
    # The first unanswered message counts, not the last.
    assert clocks(ticket)["next_response"].started_at == TEN + HOUR
    ticket.refresh_from_db()
    assert ticket.next_response_due == clocks(ticket)["next_response"].due_at
    answer(desk, ticket)
    assert Ticket.objects.get(pk=ticket.pk).next_response_due is None
    write(desk, ticket)
    assert SlaClock.objects.filter(ticket=ticket, metric="next_response").count() == 2


def test_an_out_of_office_note_starts_nothing(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    answer(desk, ticket)
    write(desk, ticket, reopen=False)
    assert "next_response" not in clocks(ticket)


def test_waiting_stands_still_and_goes_on_with_what_is_left(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    answer(desk, ticket)
    clock.move_to(TEN + HOUR)
    move(desk, ticket, "waiting")
    ticket.refresh_from_db()
    assert (ticket.sla_paused_at, ticket.next_due) == (TEN + HOUR, None)
    far = TEN + timedelta(days=30)
    assert sla_state(ticket, far) == SlaState.PAUSED
    clock.move_to(far)
    write(desk, ticket)
    ticket.refresh_from_db()
    assert ticket.sla_paused_at is None
    resolution = clocks(ticket)["resolution"]
    assert resolution.used == HOUR
    # 29 hours are left on 2 July, ten o'clock: eight that day, ten on Friday and Monday, one.
    assert resolution.due_at == datetime(2026, 7, 7, 7, tzinfo=UTC)


def test_a_reason_that_does_not_stop_the_clock_lets_it_run(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    reason = PendingReason.objects.filter(organization=desk.nordwerk).first()
    assert reason is not None
    PendingReason.objects.filter(pk=reason.pk).update(pauses_sla=False)
    move(desk, ticket, "on-hold", reason.key)
    assert clocks(ticket)["resolution"].paused_at is None
    PendingReason.objects.filter(pk=reason.pk).update(pauses_sla=True)
    move(desk, ticket, "waiting", reason.key)
    assert clocks(ticket)["resolution"].paused_at == TEN


def test_solving_meets_everything_and_reopening_goes_on(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    clock.move_to(TEN + 2 * HOUR)
    move(desk, ticket, "resolved")
    assert {c.met_at for c in clocks(ticket).values()} == {TEN + 2 * HOUR}
    ticket.refresh_from_db()
    assert sla_state(ticket, TEN + timedelta(days=99)) == SlaState.MET
    assert ticket.next_due is None
    clock.move_to(TEN + timedelta(days=7))
    write(desk, ticket)
    found = clocks(ticket)
    assert found["resolution"].met_at is None
    assert found["resolution"].used == 2 * HOUR
    # It was solved without a word, so nobody waits for a first response any more.
    assert found["first_response"].met_at == TEN + 2 * HOUR


def test_a_higher_priority_shortens_what_is_left(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    clock.move_to(TEN + HOUR)
    set_priority(ticket=ticket, actor=Actor.person(desk.alice), priority="critical")
    found = clocks(ticket)
    # The half hour of an urgent ticket is over already: failed now, not half an hour ago.
    assert found["first_response"].breached_at == TEN + HOUR
    assert found["resolution"].due_at == TEN + 4 * HOUR


def test_a_ticket_in_the_bin_does_not_fail(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    clock.move_to(TEN + HOUR)
    ticket = delete_ticket(ticket=ticket, actor=Actor.person(desk.bob))
    assert clocks(ticket)["resolution"].paused_at == TEN + HOUR
    clock.move_to(TEN + timedelta(days=1))
    restore_ticket(ticket=ticket, actor=Actor.person(desk.bob))
    # 3 of 4 hours were left, and it is ten o'clock again.
    assert clocks(ticket)["first_response"].due_at == TEN + timedelta(days=1) + 3 * HOUR


def test_a_note_moves_no_clock(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    before = list(SlaClock.objects.filter(ticket=ticket).values())
    clock.move_to(TEN + HOUR)
    add_note(ticket=ticket, actor=Actor.person(desk.alice), text="Seen.")
    assert list(SlaClock.objects.filter(ticket=ticket).values()) == before


def test_the_same_fact_twice_changes_no_clock(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    answer(desk, ticket)
    move(desk, ticket, "waiting")
    before = list(SlaClock.objects.filter(ticket=ticket).values())
    clock.move_to(TEN + HOUR)
    move(desk, ticket, "on-hold")
    answer(desk, ticket)
    assert list(SlaClock.objects.filter(ticket=ticket).values()) == before


def team_policy(desk: Cast, hours: int) -> SlaPolicy:
    policy = SlaPolicy.objects.create(
        organization=desk.nordwerk, name="Inside", level="team",
        calendar=BusinessCalendar.objects.get(organization=desk.nordwerk),
    )  # fmt: skip
    SlaTarget.objects.create(
        organization=desk.nordwerk, policy=policy, priority="medium", resolution=hours * 60
    )
    return policy


def test_each_team_has_its_own_time_beside_the_customer_s(desk: Cast, clock: Traveller) -> None:
    team_policy(desk, 2)
    ticket = desk.ticket(triage=Triage(category=desk.vpn))
    inside = SlaClock.objects.filter(ticket=ticket, level="team")
    assert [(c.team, c.due_at) for c in inside] == [(desk.network, TEN + 2 * HOUR)]
    ticket.refresh_from_db()
    assert ticket.next_due == TEN + 2 * HOUR
    clock.move_to(TEN + HOUR)
    assign_team(ticket=ticket, actor=Actor.person(desk.alice), team=None)
    assert inside.get().stopped_at == TEN + HOUR
    assign_team(ticket=ticket, actor=Actor.person(desk.alice), team=desk.network)
    assert inside.filter(stopped_at=None).get().due_at == TEN + 3 * HOUR
    assert clocks(ticket)["first_response"].due_at == TEN + 4 * HOUR


def test_the_first_policy_whose_condition_holds_counts(desk: Cast, clock: Traveller) -> None:
    standard = SlaPolicy.objects.get(organization=desk.nordwerk)
    SlaPolicy.objects.filter(pk=standard.pk).update(position=9)
    gold = SlaPolicy.objects.create(
        organization=desk.nordwerk, name="VPN gold", calendar=standard.calendar, position=1,
        conditions={"field": "category", "op": "is", "value": desk.vpn.pk},
    )  # fmt: skip
    SlaTarget.objects.create(
        organization=desk.nordwerk, policy=gold, priority="medium", first_response=60,
        resolution=180,
    )  # fmt: skip
    ticket = desk.ticket()
    clock.move_to(TEN + 2 * HOUR)
    set_category(ticket=ticket, actor=Actor.person(desk.alice), category=desk.vpn)
    found = clocks(ticket)
    assert {c.policy for c in found.values()} == {gold}
    assert found["resolution"].due_at == TEN + 3 * HOUR
    line = Change.objects.get(ticket=ticket, verb="ticket.sla_changed")
    assert (line.old, line.new) == ("Standard", "VPN gold")


def test_without_any_policy_nothing_is_promised(desk: Cast, clock: Traveller) -> None:
    SlaPolicy.objects.filter(organization=desk.nordwerk).update(is_active=False)
    ticket = desk.ticket()
    answer(desk, ticket)
    ticket.refresh_from_db()
    assert not SlaClock.objects.filter(ticket=ticket).exists()
    assert sla_state(ticket, TEN) == SlaState.NONE


def test_a_policy_with_a_condition_nobody_understands_covers_nothing(
    desk: Cast, clock: Traveller
) -> None:
    SlaPolicy.objects.filter(organization=desk.nordwerk).update(
        conditions={"field": "custom.gone", "op": "is", "value": "x"}
    )
    assert not clocks(desk.ticket())


def test_a_calendar_that_cannot_be_used_counts_around_the_clock(
    desk: Cast, clock: Traveller
) -> None:
    BusinessCalendar.objects.filter(organization=desk.nordwerk).update(version=None)
    clock.move_to(datetime(2026, 6, 6, 12, tzinfo=UTC))
    ticket = desk.ticket()
    assert clocks(ticket)["first_response"].due_at == datetime(2026, 6, 6, 16, tzinfo=UTC)


def test_a_mail_that_was_long_on_its_way_counts_from_when_it_was_written(
    desk: Cast, clock: Traveller
) -> None:
    ticket = open_ticket(
        organization_id=desk.nordwerk.pk, requester=desk.dana, subject="Late mail",
        body=Body(text="It took its time."), source=Source.EMAIL,
        actor=Actor.person(desk.dana), at=TEN - HOUR,
    )  # fmt: skip
    assert clocks(ticket)["first_response"].due_at == TEN + 3 * HOUR


def test_another_organization_sees_no_clock(desk: Cast) -> None:
    desk.ticket()
    with organization_scope(desk.lumen.pk):
        assert not SlaClock.objects.exists()
