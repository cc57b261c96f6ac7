"""What clocks do by themselves: failures, warnings and escalations, each exactly once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from time_machine import Traveller

from omnidesk.accounts.models import Team
from omnidesk.core.events import _handlers, on
from omnidesk.core.tenancy import organization_scope
from tests.at_once import in_processes
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.heed import heed_ticket
from tickets.actions.sla_setup import ask_replan, publish_calendar
from tickets.actions.sla_sweep import replan_some, sweep_due
from tickets.actions.triage import assign
from tickets.events import SlaBreached, SlaEscalated, SlaWarned
from tickets.models import (
    BusinessCalendar,
    Change,
    Notification,
    SlaClock,
    SlaFired,
    SlaPolicy,
    SlaReplan,
    SlaStep,
    SlaTarget,
    Ticket,
    WorkingSpan,
)
from tickets.tasks import sweep_clocks

HOUR = timedelta(hours=1)
ESCALATED = "ticket.sla_escalated"
TEN = datetime(2026, 6, 2, 8, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    with organization_scope(cast.nordwerk.pk):
        yield cast


@pytest.fixture
def heard() -> Iterator[list[object]]:
    """The events of agreed times, as handlers hear them."""
    found: list[object] = []
    kinds = (SlaWarned, SlaBreached, SlaEscalated)

    def hear(event: object) -> None:
        found.append(event)

    for kind in kinds:
        on(kind)(hear)
    yield found
    for kind in kinds:
        _handlers[kind].remove(hear)


def sweep(desk: Cast) -> int:
    return sweep_due(organization_id=desk.nordwerk.pk)


def lines(ticket: Ticket, verb: str) -> list[Change]:
    return list(Change.objects.filter(ticket=ticket, verb=f"ticket.sla_{verb}"))


def step(desk: Cast, **fields: object) -> SlaStep:
    policy = SlaPolicy.objects.get(organization=desk.nordwerk)
    return SlaStep.objects.create(organization=desk.nordwerk, policy=policy, **fields)


def test_nothing_is_due_before_its_time(desk: Cast, clock: Traveller) -> None:
    desk.ticket()
    clock.move_to(TEN + 3 * HOUR)
    assert sweep(desk) == 0


def test_a_warning_comes_once_at_its_share_of_the_time(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    assign(ticket=ticket, actor=Actor.person(desk.bob), assignee=desk.alice)
    clock.move_to(TEN + timedelta(hours=3, minutes=12, seconds=1))
    assert sweep(desk) == 1
    assert sweep(desk) == 0
    [line] = lines(ticket, "warned")
    assert line.detail["minutes"] == 48
    assert line.detail["people"] == [desk.alice.pk]


def test_a_failure_is_told_once_with_who_held_the_ticket(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    assign(ticket=ticket, actor=Actor.person(desk.bob), assignee=desk.alice)
    clock.move_to(TEN + 5 * HOUR)
    # Handed over after the time had passed, before any sweep: Alice had it when it failed.
    assign(ticket=ticket, actor=Actor.person(desk.alice), assignee=desk.bob)
    assert sweep(desk) == 1
    assert sweep(desk) == 0
    failed = SlaClock.objects.get(ticket=ticket, metric="first_response")
    assert failed.breached_at == TEN + 4 * HOUR
    assert failed.failed_assignee == desk.alice
    [line] = lines(ticket, "breached")
    assert (line.detail["minutes"], line.detail["assignee"]) == (60, desk.alice.pk)
    # No sweep came for an hour: the warning of who has it now, and the leads' (also Bob).
    assert [e.detail["people"] for e in lines(ticket, "escalated")] == [[desk.bob.pk]] * 2


def test_events_are_published_for_others(
    live_cast: Cast, heard: list[object], clock: Traveller
) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        ticket = live_cast.ticket()
    clock.move_to(TEN + 5 * HOUR)
    with organization_scope(live_cast.nordwerk.pk):
        sweep(live_cast)
    kinds = {type(event) for event in heard}
    assert kinds == {SlaBreached, SlaEscalated}
    [failure] = [event for event in heard if isinstance(event, SlaBreached)]
    assert (failure.ticket_id, failure.metric, failure.minutes) == (
        ticket.pk, "first_response", 60,
    )  # fmt: skip


def test_steps_raise_reroute_and_hand_over_through_the_log(desk: Cast, clock: Traveller) -> None:
    second = Team.objects.create(organization=desk.nordwerk, name="Second line", slug="second")
    ticket = desk.ticket()
    step(desk, metric="first_response", minutes=-60, action="raise_priority")
    step(desk, metric="first_response", percent=100, action="assign_team", team=second)
    step(desk, metric="first_response", minutes=30, action="assign_person", person=desk.bob)
    SlaClock.objects.filter(ticket=ticket).update(next_check_at=TEN)
    clock.move_to(TEN + timedelta(hours=3, minutes=1))
    sweep(desk)
    ticket.refresh_from_db()
    assert ticket.priority == "high"
    clock.move_to(TEN + 8 * HOUR)
    sweep(desk)
    sweep(desk)
    ticket.refresh_from_db()
    assert (ticket.team, ticket.assignee) == (second, desk.bob)
    assert SlaFired.objects.filter(clock__metric="first_response").count() == 5
    assert (
        Change.objects.filter(ticket=ticket, verb="ticket.routed", actor_kind="rule").count() == 1
    )


def test_a_step_that_cannot_be_taken_says_why_and_is_not_tried_again(
    desk: Cast, clock: Traveller
) -> None:
    step(desk, metric="first_response", percent=100, action="assign_person", person=desk.dana)
    ticket = desk.ticket()
    clock.move_to(TEN + 5 * HOUR)
    sweep(desk)
    fired = SlaFired.objects.get(clock__ticket=ticket, step__action="assign_person")
    assert "not an agent" in fired.detail
    # The ticket shows it as well.
    [line] = Change.objects.filter(ticket=ticket, verb="ticket.rule_failed")
    assert line.detail["problem"] == fired.detail
    assert sweep(desk) == 0


def test_who_left_is_neither_given_a_ticket_nor_told_in_vain(desk: Cast, clock: Traveller) -> None:
    step(desk, metric="first_response", percent=50, audience="person", person=desk.alice)
    step(desk, metric="first_response", percent=100, action="assign_person", person=desk.alice)
    ticket = desk.ticket()
    desk.alice.is_active = False
    desk.alice.save()
    clock.move_to(TEN + 5 * HOUR)
    sweep(desk)
    ticket.refresh_from_db()
    assert ticket.assignee is None
    warned = Change.objects.filter(ticket=ticket, verb__in=["ticket.sla_warned", ESCALATED])
    told = {pk for change in warned for pk in change.detail["people"]}
    assert desk.alice.pk not in told
    assert desk.bob.pk in told


def test_a_paused_clock_neither_warns_nor_fails(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    SlaClock.objects.filter(ticket=ticket).update(paused_at=TEN)
    Ticket.objects.filter(pk=ticket.pk).update(status_category="pending")
    clock.move_to(TEN + timedelta(days=30))
    sweep(desk)
    assert not lines(ticket, "breached")
    assert not SlaClock.objects.exclude(next_check_at=None).exists()


def test_a_new_calendar_reaches_open_tickets_from_now_on(desk: Cast, clock: Traveller) -> None:
    ticket = desk.ticket()
    clock.move_to(TEN + 2 * HOUR)
    calendar = BusinessCalendar.objects.get(organization=desk.nordwerk)
    WorkingSpan.objects.filter(calendar=calendar).delete()
    WorkingSpan.objects.create(
        organization=desk.nordwerk, calendar=calendar, weekday=3, opens=time(8), closes=time(12)
    )
    publish_calendar(calendar=calendar)
    assert replan_some(organization_id=desk.nordwerk.pk)
    assert not replan_some(organization_id=desk.nordwerk.pk)
    assert not SlaReplan.objects.exists()
    first = SlaClock.objects.get(ticket=ticket, metric="first_response")
    # Two hours of Tuesday are used; two more are worked on Thursday from eight in Berlin.
    assert first.used == 2 * HOUR
    assert first.due_at == datetime(2026, 6, 4, 8, tzinfo=UTC)


def test_a_new_policy_covers_open_tickets_in_steps_that_survive_a_crash(
    desk: Cast, clock: Traveller
) -> None:
    SlaPolicy.objects.filter(organization=desk.nordwerk).update(is_active=False)
    tickets = [desk.ticket(f"Ticket {n}") for n in range(3)]
    assert not SlaClock.objects.exists()
    SlaPolicy.objects.filter(organization=desk.nordwerk).update(is_active=True)
    ask_replan(organization_id=desk.nordwerk.pk)
    assert replan_some(organization_id=desk.nordwerk.pk, limit=2)
    assert SlaClock.objects.values("ticket").distinct().count() == 2
    assert SlaReplan.objects.get().after == tickets[1].pk
    while replan_some(organization_id=desk.nordwerk.pk, limit=2):
        pass
    assert SlaClock.objects.filter(ticket=tickets[2], started_at=TEN).count() == 2


def late_tickets(cast: Cast, count: int) -> None:
    """Tickets whose first response is late and whose next step is due, committed."""
    with organization_scope(cast.nordwerk.pk):
        SlaTarget.objects.update(first_response=1, resolution=3)
        SlaStep.objects.create(
            organization=cast.nordwerk, policy=SlaPolicy.objects.get(organization=cast.nordwerk),
            percent=100, action="raise_priority", metric="first_response",
        )  # fmt: skip
        WorkingSpan.objects.all().delete()
        calendar = BusinessCalendar.objects.get(organization=cast.nordwerk)
        for day in range(7):
            WorkingSpan.objects.create(
                organization=cast.nordwerk, calendar=calendar, weekday=day, opens=time(0),
                closes=time(0),
            )  # fmt: skip
        publish_calendar(calendar=calendar)
        SlaReplan.objects.all().delete()
        hour_ago = datetime.now(UTC) - HOUR
        for number in range(count):
            cast.ticket(f"Late {number}")
        for row in SlaClock.objects.all():
            back = row.started_at - hour_ago
            SlaClock.objects.filter(pk=row.pk).update(
                started_at=row.started_at - back, counted_to=row.counted_to - back,
                due_at=row.due_at - back, next_check_at=row.due_at - back,
            )  # fmt: skip


def everything_once(cast: Cast, count: int) -> None:
    with organization_scope(cast.nordwerk.pk):
        told = Change.objects.filter(verb="ticket.sla_breached")
        assert told.count() == 2 * count
        assert told.filter(detail__metric="first_response").count() == count
        raised = Change.objects.filter(verb="ticket.priority_changed", actor_kind="rule")
        assert raised.count() == count
        steps = Change.objects.filter(verb__in=("ticket.sla_warned", "ticket.sla_escalated"))
        assert steps.count() == SlaFired.objects.count() == 5 * count
        assert set(Ticket.objects.values_list("priority", flat=True)) == {"high"}


def test_many_sweeps_at_once_do_everything_exactly_once(live_cast: Cast) -> None:
    """Real connections: each thread has its own, as workers do."""
    late_tickets(live_cast, 12)

    def work(_number: int) -> int:
        try:
            done = 0
            for _round in range(30):
                with organization_scope(live_cast.nordwerk.pk):
                    done += sweep_due(organization_id=live_cast.nordwerk.pk, limit=3)
            return done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert sum(done) >= 12
    everything_once(live_cast, 12)


def test_two_beats_with_two_workers_do_everything_exactly_once(live_cast: Cast) -> None:
    """Real processes that run the task at the same time."""
    late_tickets(live_cast, 10)
    in_processes("tickets.tasks.sweep_clocks", 2)
    sweep_clocks()
    everything_once(live_cast, 10)


def test_those_whom_the_policy_names_find_it_in_their_notifications(
    desk: Cast, clock: Traveller
) -> None:
    ticket = desk.ticket()
    assign(ticket=ticket, actor=Actor.person(desk.bob), assignee=desk.alice)
    clock.move_to(TEN + timedelta(hours=3, minutes=13))
    sweep(desk)
    heed_ticket(ticket_id=ticket.pk)
    warned = Notification.objects.filter(kind="sla_warned")
    assert [(n.user, n.detail) for n in warned] == [(desk.alice, "First response")]
    clock.move_to(TEN + 5 * HOUR)
    sweep(desk)
    heed_ticket(ticket_id=ticket.pk)
    heed_ticket(ticket_id=ticket.pk)
    breached = Notification.objects.filter(kind="sla_breached")
    assert {n.user for n in breached} == {desk.alice, desk.bob}
