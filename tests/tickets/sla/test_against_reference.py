"""20,000 random clocks against a reference that looks at every minute."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tickets.sla.desks import MINUTES, Desk, random_desk, random_story
from tests.tickets.sla.reference import Outcome, Step, follow, moment
from tickets import sla_clock
from tickets.sla_clock import Clock

DESKS, STORIES, PARTS = 200, 100, 4
MINUTE = timedelta(minutes=1)


def play(desk: Desk, target: int, begin: int, steps: list[Step]) -> Clock:
    """The same story told to the product."""
    clock = sla_clock.start(desk.calendars[0], target * MINUTE, moment(desk.start, begin))
    for step in steps:
        at = moment(desk.start, step.minute)
        match step.kind:
            case "pause":
                clock = sla_clock.pause(clock, at)
            case "resume":
                clock = sla_clock.resume(clock, at)
            case "meet":
                clock = sla_clock.meet(clock, at)
            case "reopen":
                clock = sla_clock.reopen(clock, at)
            case _:
                calendar = desk.calendars[step.calendar]
                clock = sla_clock.retarget(clock, calendar, step.target * MINUTE, at)
    return sla_clock.count(clock, moment(desk.start, MINUTES - 1))


def agree(desk: Desk, clock: Clock, expected: Outcome) -> None:
    def minute(at: datetime | None) -> int | None:
        return None if at is None else int((at - desk.start) / MINUTE)

    assert clock.used == expected.used * MINUTE
    assert minute(clock.met_at) == expected.met
    assert minute(clock.breached_at) == expected.breached
    assert (clock.paused_at is not None) == expected.paused
    if clock.is_running or clock.breached_at:
        due = minute(clock.due_at)
        assert due is not None
        # Beyond the window the reference sees nothing.
        assert due == expected.due if expected.due is not None else due > MINUTES - 1


def check(desk: Desk, target: int, begin: int, steps: list[Step]) -> None:
    clock = play(desk, target, begin, steps)
    agree(desk, clock, follow(desk.minutes, 0, target, begin, steps))


@pytest.mark.parametrize("part", range(PARTS))
def test_clocks_equal_the_minute_by_minute_reference(part: int) -> None:
    rng = Random(f"clocks-{part}")
    done = 0
    for number in range(DESKS // PARTS):
        desk = random_desk(rng)
        for _ in range(STORIES):
            story = random_story(rng)
            try:
                check(desk, *story)
            except AssertionError as error:
                error.add_note(f"desk {number}: {desk.start} {desk.calendars}, story {story}")
                raise
            done += 1
    assert done * PARTS == 20_000


DESK = random_desk(Random("hypothesis"))
STEPS = st.builds(
    Step,
    minute=st.integers(0, MINUTES - 2),
    kind=st.sampled_from(["pause", "resume", "meet", "reopen", "change"]),
    calendar=st.integers(0, 1),
    target=st.integers(0, 3000),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    target=st.integers(0, 5000),
    begin=st.integers(0, MINUTES - 2),
    steps=st.lists(STEPS, max_size=10),
)
def test_any_story_of_one_desk_equals_the_reference(
    target: int, begin: int, steps: list[Step]
) -> None:
    """Searches where the seeded stories may not look, and shrinks what it finds."""
    ordered = sorted((s for s in steps if s.minute >= begin), key=lambda step: step.minute)
    check(DESK, target, begin, ordered)
