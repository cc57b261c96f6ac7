"""One clock through its life, in examples."""

from datetime import UTC, datetime, timedelta

from tickets import sla_clock
from tickets.business_time import AROUND_THE_CLOCK, WorkCalendar
from tickets.sla_clock import Clock

HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NINE_TO_FIVE = WorkCalendar(zone="UTC", week=(((540, 1020),),) * 5 + ((), ()))


def four_hours() -> Clock:
    return sla_clock.start(AROUND_THE_CLOCK, 4 * HOUR, NOON)


def test_a_pause_moves_the_due_time_by_its_length() -> None:
    clock = sla_clock.pause(four_hours(), NOON + HOUR)
    assert sla_clock.remaining(clock, NOON + 9 * HOUR) == 3 * HOUR
    clock = sla_clock.resume(clock, NOON + 9 * HOUR)
    assert clock.due_at == NOON + 12 * HOUR


def test_pausing_and_resuming_twice_is_once() -> None:
    once = sla_clock.pause(four_hours(), NOON + HOUR)
    assert sla_clock.pause(once, NOON + 2 * HOUR) == once
    running = sla_clock.resume(once, NOON + 3 * HOUR)
    assert sla_clock.resume(running, NOON + 4 * HOUR) == running


def test_met_at_the_very_due_time_is_in_time() -> None:
    assert sla_clock.meet(four_hours(), NOON + 4 * HOUR).breached_at is None
    late = sla_clock.meet(four_hours(), NOON + 4 * HOUR + timedelta(microseconds=1))
    assert late.breached_at == NOON + 4 * HOUR


def test_a_pause_after_the_due_time_does_not_hide_the_failure() -> None:
    clock = sla_clock.pause(four_hours(), NOON + 5 * HOUR)
    assert clock.breached_at == clock.due_at == NOON + 4 * HOUR
    clock = sla_clock.resume(clock, NOON + 50 * HOUR)
    assert clock.due_at == NOON + 4 * HOUR
    assert sla_clock.remaining(clock, NOON + 51 * HOUR) == -2 * HOUR


def test_a_higher_priority_counts_from_its_own_moment_on() -> None:
    """Three hours are used; the new target of one hour is failed now, not two hours ago."""
    at = NOON + 3 * HOUR
    clock = sla_clock.retarget(four_hours(), AROUND_THE_CLOCK, HOUR, at)
    assert (clock.due_at, clock.breached_at) == (at, at)
    clock = sla_clock.retarget(four_hours(), AROUND_THE_CLOCK, 8 * HOUR, at)
    assert (clock.due_at, clock.breached_at) == (NOON + 8 * HOUR, None)


def test_a_new_calendar_keeps_what_was_used_under_the_old_one() -> None:
    """Four hours of the clock until 16:00, then the desk's hours: one is left of the day."""
    clock = sla_clock.start(AROUND_THE_CLOCK, 6 * HOUR, NOON)
    clock = sla_clock.retarget(clock, NINE_TO_FIVE, 6 * HOUR, NOON + 4 * HOUR)
    assert clock.used == 4 * HOUR
    assert clock.due_at == datetime(2026, 6, 2, 10, tzinfo=UTC)


def test_a_change_keeps_what_was_met_and_what_was_paused() -> None:
    met = sla_clock.meet(four_hours(), NOON + HOUR)
    assert sla_clock.retarget(met, NINE_TO_FIVE, HOUR, NOON + 2 * HOUR) == met
    paused = sla_clock.pause(four_hours(), NOON + HOUR)
    changed = sla_clock.retarget(paused, AROUND_THE_CLOCK, 2 * HOUR, NOON + 9 * HOUR)
    assert changed.paused_at == NOON + HOUR
    assert sla_clock.resume(changed, NOON + 10 * HOUR).due_at == NOON + 11 * HOUR


def test_a_failure_is_lifted_only_by_an_agreement_that_was_not_failed() -> None:
    failed = sla_clock.count(four_hours(), NOON + 5 * HOUR)
    assert failed.breached_at is not None
    still = sla_clock.retarget(failed, AROUND_THE_CLOCK, 5 * HOUR, NOON + 5 * HOUR)
    assert still.breached_at == NOON + 4 * HOUR
    lifted = sla_clock.retarget(failed, AROUND_THE_CLOCK, 8 * HOUR, NOON + 5 * HOUR)
    assert (lifted.breached_at, lifted.due_at) == (None, NOON + 8 * HOUR)


def test_a_reopened_ticket_goes_on_with_what_is_left() -> None:
    clock = sla_clock.meet(four_hours(), NOON + HOUR)
    clock = sla_clock.reopen(clock, NOON + 100 * HOUR)
    assert clock.due_at == NOON + 103 * HOUR


def test_a_stopped_clock_is_over() -> None:
    clock = sla_clock.stop(four_hours(), NOON + HOUR)
    assert not clock.is_open
    for step in (sla_clock.pause, sla_clock.resume, sla_clock.meet, sla_clock.reopen):
        assert step(clock, NOON + 2 * HOUR) == clock


def test_news_from_the_past_counts_at_the_last_step() -> None:
    clock = sla_clock.pause(four_hours(), NOON + 2 * HOUR)
    clock = sla_clock.resume(clock, NOON + HOUR)
    assert clock.counted_to == NOON + 2 * HOUR
    assert clock.due_at == NOON + 4 * HOUR


def test_the_moment_of_a_share_is_business_time_too() -> None:
    clock = sla_clock.start(NINE_TO_FIVE, 10 * HOUR, datetime(2026, 6, 1, 15, tzinfo=UTC))
    assert sla_clock.moment_of(clock, 5 * HOUR) == datetime(2026, 6, 2, 12, tzinfo=UTC)
    assert sla_clock.moment_of(sla_clock.pause(clock, NOON), 5 * HOUR) is None
