"""Business time said in examples, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tickets.business_time import (
    AROUND_THE_CLOCK,
    CalendarProblem,
    Hours,
    WorkCalendar,
    from_content,
    holiday_names,
    to_content,
)

BERLIN = ZoneInfo("Europe/Berlin")
SPLIT: Hours = ((480, 720), (780, 1020))  # 8 to 12 and 13 to 17
NIGHT: Hours = ((0, 360),)
WEEKDAYS = (SPLIT,) * 5 + ((), ())
HOUR = timedelta(hours=1)


def desk(**changes: Any) -> WorkCalendar:
    return WorkCalendar(**{"zone": "Europe/Berlin", "week": WEEKDAYS, **changes})


def berlin(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def test_the_lunch_break_and_the_night_do_not_count() -> None:
    assert desk().between(berlin(1, 11), berlin(1, 14)) == 2 * HOUR
    assert desk().between(berlin(1, 16), berlin(2, 9)) == 2 * HOUR


def test_an_amount_that_ends_with_the_day_is_due_then_and_not_the_next_morning() -> None:
    assert desk().add(berlin(1, 15), 2 * HOUR) == berlin(1, 17)
    assert desk().add(berlin(1, 15), 2 * HOUR + timedelta(minutes=1)) == berlin(2, 8, 1)


def test_a_ticket_from_the_weekend_begins_on_monday() -> None:
    assert desk().add(berlin(6, 20), HOUR) == berlin(8, 9)
    assert not desk().is_open(berlin(6, 20))
    assert desk().is_open(berlin(8, 8))


def test_nothing_to_wait_for_is_due_at_once_even_at_night() -> None:
    assert desk().add(berlin(6, 20), timedelta(0)) == berlin(6, 20)


def test_time_never_runs_backwards() -> None:
    assert desk().between(berlin(2, 12), berlin(1, 12)) == timedelta(0)


def test_an_hour_that_the_clock_skips_is_not_worked() -> None:
    """29 March 2026: 02:00 becomes 03:00."""
    night = desk(week=(NIGHT,) * 7)
    assert night.between(berlin(29, 0, month=3), berlin(29, 12, month=3)) == 5 * HOUR


def test_an_hour_that_the_clock_shows_twice_is_worked_twice() -> None:
    """25 October 2026: 03:00 becomes 02:00."""
    night = desk(week=(NIGHT,) * 7)
    assert night.between(berlin(25, 0, month=10), berlin(25, 12, month=10)) == 7 * HOUR


def test_a_day_that_a_zone_skips_altogether_is_not_worked() -> None:
    """Samoa crossed the date line: there was no 30 December 2011."""
    apia = WorkCalendar(zone="Pacific/Apia", week=AROUND_THE_CLOCK.week)
    whole = WorkCalendar(zone="Pacific/Apia", week=(SPLIT,) * 7)
    start = datetime(2011, 12, 29, 0, tzinfo=ZoneInfo("Pacific/Apia"))
    end = datetime(2012, 1, 1, 0, tzinfo=ZoneInfo("Pacific/Apia"))
    assert apia.between(start, end) == 48 * HOUR
    assert whole.between(start, end) == 16 * HOUR


def test_public_holidays_of_the_region_are_free_and_own_days_win() -> None:
    """4 June 2026 is Corpus Christi: free in Bavaria, not in Berlin."""
    day = (berlin(4, 0), berlin(5, 0))
    assert desk(country="DE", region="BE").between(*day) == 8 * HOUR
    bavaria = desk(country="DE", region="BY")
    assert bavaria.between(*day) == timedelta(0)
    short = desk(country="DE", region="BY", days=((date(2026, 6, 4), ((540, 600),)),))
    assert short.between(*day) == HOUR
    assert date(2026, 6, 4) in holiday_names("DE", "BY", 2026)


def test_a_day_of_every_year_is_free_every_year() -> None:
    eve = desk(yearly=((12, 24, ()), (2, 29, ())))
    for year in (2025, 2026):
        start = datetime(year, 12, 24, tzinfo=BERLIN)
        assert eve.between(start, start + timedelta(days=1)) == timedelta(0)


def test_microseconds_are_kept() -> None:
    start = berlin(1, 9) + timedelta(microseconds=3)
    assert desk().between(start, start + timedelta(microseconds=9)) == timedelta(microseconds=9)
    assert desk().add(start, timedelta(microseconds=5)) == start + timedelta(microseconds=5)


def test_years_are_no_harder_than_days() -> None:
    day = timedelta(days=1)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    assert AROUND_THE_CLOCK.between(start, start + 4000 * day) == 4000 * day
    assert AROUND_THE_CLOCK.add(start, 4000 * day) == start + 4000 * day


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"zone": "Middle/Earth"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"week": ((),) * 7}, "no_hours"),
        ({"week": (SPLIT,)}, "no_hours"),
        ({"week": (((540, 600), (570, 630)),) * 7}, "overlap"),
        ({"week": (((600, 540),),) * 7}, "bad_span"),
        ({"week": (((600, 600),),) * 7}, "bad_span"),
        ({"week": (((600, 1441),),) * 7}, "bad_span"),
        ({"country": "ZZ"}, "country"),
        ({"country": "DE", "region": "Mordor"}, "country"),
        ({"days": ((date(2026, 1, 1), ((5, 4),)),)}, "bad_span"),
    ],
)
def test_a_calendar_that_could_never_answer_is_refused(changes: Any, code: str) -> None:
    with pytest.raises(CalendarProblem) as refused:
        desk(**changes)
    assert refused.value.code == code


def test_a_due_time_beyond_forty_years_is_refused_rather_than_searched_for() -> None:
    minute = desk(week=(((0, 1),), (), (), (), (), (), ()))
    with pytest.raises(CalendarProblem):
        minute.add(berlin(1, 9), timedelta(days=30))


def test_a_calendar_survives_being_written_down() -> None:
    calendar = desk(
        country="DE", region="BY", days=((date(2026, 6, 4), SPLIT),), yearly=((12, 24, ()),)
    )
    assert from_content(to_content(calendar)) == calendar


@pytest.mark.parametrize("content", [{}, {"zone": "UTC"}, {"zone": "UTC", "week": 3}])
def test_nonsense_in_the_place_of_a_calendar_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(CalendarProblem):
        from_content({"days": [], "yearly": [], "country": "", "region": "", **content})
