"""A day's figures, counted from tickets and their log."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from analytics.models import DailyRollup
from analytics.rollups import due_days, mark_stale, roll_up_day
from analytics.tasks import roll_up
from omnidesk.accounts.models import Organization, Team
from omnidesk.core.tenancy import organization_scope, system_scope
from tests.cast import Cast
from tickets.actions.base import Actor, FieldChange, record
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import delete_ticket, set_status
from tickets.actions.reply import reply
from tickets.actions.triage import assign_team
from tickets.choices import Source
from tickets.models import Status, Ticket

MONDAY = date(2026, 11, 16)
TUESDAY = date(2026, 11, 17)


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    """Inside Nordwerk's scope, in UTC so that days are easy to read."""
    Organization.objects.filter(pk=cast.nordwerk.pk).update(timezone="UTC")
    cast.nordwerk.refresh_from_db()
    with organization_scope(cast.nordwerk.pk):
        yield cast


def at(day: date, hour: int = 9, minute: int = 0) -> time_machine.travel:
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    return time_machine.travel(moment, tick=False)


def opened(desk: Cast, day: date, hour: int = 9) -> Ticket:
    with at(day, hour):
        ticket = desk.ticket()
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=moment)
        ticket.refresh_from_db()
        return ticket


def move(desk: Cast, ticket: Ticket, key: str, day: date, hour: int = 10) -> None:
    status = Status.objects.get(organization=desk.nordwerk, key=key)
    with at(day, hour):
        set_status(ticket=ticket, actor=Actor.person(desk.alice), status=status)


def count(desk: Cast, day: date, team: Team | None = None) -> DailyRollup:
    roll_up_day(desk.nordwerk, day)
    return DailyRollup.objects.get(organization=desk.nordwerk, day=day, team=team)


def test_it_counts_opened_solved_and_what_is_left(desk: Cast) -> None:
    first, second = opened(desk, MONDAY), opened(desk, MONDAY, 11)
    move(desk, first, "resolved", MONDAY, 15)
    opened(desk, TUESDAY)
    monday = count(desk, MONDAY)
    assert (monday.opened, monday.solved, monday.backlog) == (2, 1, 1)
    tuesday = count(desk, TUESDAY)
    assert (tuesday.opened, tuesday.solved, tuesday.backlog) == (1, 0, 2)
    move(desk, second, "closed", TUESDAY)
    assert count(desk, TUESDAY).solved == 1


def test_a_past_backlog_is_not_changed_by_what_came_later(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    move(desk, ticket, "resolved", TUESDAY)
    assert count(desk, MONDAY).backlog == 1
    assert count(desk, TUESDAY).backlog == 0


def test_a_ticket_that_came_back_was_still_solved_in_between(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    move(desk, ticket, "resolved", MONDAY)
    with at(TUESDAY):
        receive_message(
            ticket=ticket,
            author=desk.dana,
            body=Body(text="It is back."),
            source=Source.PORTAL,
            actor=Actor.person(desk.dana),
        )
    assert count(desk, MONDAY).backlog == 0
    tuesday = count(desk, TUESDAY)
    assert (tuesday.backlog, tuesday.reopened, tuesday.solved) == (1, 1, 0)


def test_solving_twice_in_a_day_counts_once(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    for hour, key in ((10, "resolved"), (11, "open"), (12, "resolved"), (13, "closed")):
        move(desk, ticket, key, MONDAY, hour)
    assert count(desk, MONDAY).solved == 1


def test_the_first_answer_is_counted_on_its_day(desk: Cast) -> None:
    for hours in (1, 2, 6):
        ticket = opened(desk, MONDAY, 8)
        with at(MONDAY, 8 + hours):
            reply(ticket=ticket, actor=Actor.person(desk.alice), text=f"Within {hours} h.")
    monday = count(desk, MONDAY)
    assert monday.first_responses == 3
    assert monday.first_response_median_seconds == 2 * 3600
    assert count(desk, TUESDAY).first_response_median_seconds is None


def test_teams_have_rows_of_their_own(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    opened(desk, MONDAY)
    assign_team(ticket=ticket, actor=Actor.person(desk.alice), team=desk.network)
    assert count(desk, MONDAY).opened == 2
    assert count(desk, MONDAY, desk.network).opened == 1


def test_a_team_that_lost_its_ticket_loses_its_row(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    assign_team(ticket=ticket, actor=Actor.person(desk.alice), team=desk.network)
    count(desk, MONDAY)
    assign_team(ticket=ticket, actor=Actor.person(desk.alice), team=None)
    count(desk, MONDAY)
    assert not DailyRollup.objects.filter(team=desk.network).exists()


def test_what_lies_in_the_bin_does_not_count(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    with at(TUESDAY):
        delete_ticket(ticket=ticket, actor=Actor.person(desk.bob))
    monday, tuesday = count(desk, MONDAY), count(desk, TUESDAY)
    assert (monday.opened, monday.backlog) == (0, 1)
    assert tuesday.backlog == 0


def test_imported_tickets_are_nobodys_work_of_the_day(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    Ticket.objects.filter(pk=ticket.pk).update(source=Source.IMPORT)
    monday = count(desk, MONDAY)
    assert (monday.opened, monday.backlog) == (0, 1)


def test_only_the_last_word_on_a_suggestion_counts(desk: Cast) -> None:
    ticket = opened(desk, MONDAY)
    with at(MONDAY, 10):
        for name, verb in (
            ("category", "rejected"), ("category", "reopened"), ("category", "accepted"),
            ("urgency", "corrected"), ("team", "accepted"), ("team", "reopened"),
        ):  # fmt: skip
            change = FieldChange(f"ticket.suggestion_{verb}", name)
            record(ticket, Actor.person(desk.alice), change)
    monday = count(desk, MONDAY)
    assert (monday.ai_suggested, monday.ai_accepted) == (2, 1)


def test_days_begin_where_the_organization_is(desk: Cast) -> None:
    Organization.objects.filter(pk=desk.nordwerk.pk).update(timezone="Pacific/Auckland")
    desk.nordwerk.refresh_from_db()
    opened(desk, MONDAY, 20)  # Tuesday morning in Auckland
    assert count(desk, MONDAY).opened == 0
    assert count(desk, TUESDAY).opened == 1


def test_counting_again_changes_nothing(desk: Cast) -> None:
    opened(desk, MONDAY)
    fields = ("opened", "solved", "backlog", "first_responses", "team_id")
    count(desk, MONDAY)
    before = list(DailyRollup.objects.values_list("pk", *fields))
    count(desk, MONDAY)
    assert list(DailyRollup.objects.values_list("pk", *fields)) == before


def test_due_are_missing_days_and_changed_ones(desk: Cast) -> None:
    opened(desk, MONDAY)
    with at(TUESDAY, 23):
        assert due_days(desk.nordwerk) == [MONDAY, TUESDAY]
    for day in (MONDAY, TUESDAY):
        roll_up_day(desk.nordwerk, day)
    with at(TUESDAY, 23):
        assert due_days(desk.nordwerk) == []
        mark_stale(desk.nordwerk, [MONDAY])
        assert due_days(desk.nordwerk) == [MONDAY]
        roll_up_day(desk.nordwerk, MONDAY)
        assert due_days(desk.nordwerk) == []


def test_a_day_counted_before_it_was_over_is_counted_again(desk: Cast) -> None:
    opened(desk, MONDAY)
    roll_up_day(desk.nordwerk, MONDAY)
    early = datetime(2026, 11, 16, 12, tzinfo=UTC)
    DailyRollup.objects.update(computed_at=early)
    with at(MONDAY, 23):
        assert due_days(desk.nordwerk) == []
    with at(TUESDAY, 0, 1):
        assert MONDAY in due_days(desk.nordwerk)


def test_a_change_during_the_count_is_not_swallowed(desk: Cast) -> None:
    opened(desk, MONDAY)
    roll_up_day(desk.nordwerk, MONDAY)
    row = DailyRollup.objects.get(day=MONDAY, team=None)
    mark_stale(desk.nordwerk, [MONDAY])
    marked = DailyRollup.objects.get(pk=row.pk).stale_at
    assert marked is not None
    # A count that began before the mark and ends after it.
    DailyRollup.objects.filter(pk=row.pk).update(computed_at=marked - timedelta(seconds=1))
    with at(MONDAY, 23):
        assert due_days(desk.nordwerk) == [MONDAY]


@pytest.mark.django_db(transaction=True)
def test_events_make_the_day_stale_and_the_task_counts_it(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        live_cast.ticket()
    assert roll_up() >= 1
    with system_scope():
        row = DailyRollup.objects.get(organization=live_cast.nordwerk, team=None)
        assert (row.opened, row.is_stale) == (1, False)
    assert roll_up() == 0
    with organization_scope(live_cast.nordwerk.pk):
        live_cast.ticket("Another", "Something else is broken.")
    with system_scope():
        row.refresh_from_db()
        assert row.is_stale
    assert roll_up() == 1
    with system_scope():
        row.refresh_from_db()
        assert row.opened == 2
