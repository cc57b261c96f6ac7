"""When a mail about a notice leaves: quiet hours, digests, defaults (pure rules)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.notices import PAUSE, Digest, Kind, Medium, Wishes

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def quiet(begin: str, end: str, **more: str) -> Wishes:
    return Wishes(
        quiet_from=time.fromisoformat(begin),
        quiet_to=time.fromisoformat(end),
        zone="Europe/Berlin",
        **more,  # type: ignore[arg-type]
    )


def test_a_mail_leaves_after_a_short_pause() -> None:
    moment = at("2026-03-02T10:00")
    assert Wishes().mail_due(Kind.ASSIGNED, moment) == moment + PAUSE


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-03-02T21:59", "2026-03-02T21:59"),
        ("2026-03-02T22:00", "2026-03-03T07:00"),
        ("2026-03-03T03:00", "2026-03-03T07:00"),
        ("2026-03-03T07:00", "2026-03-03T07:00"),
        ("2026-03-28T23:30", "2026-03-29T07:00"),  # the clocks go forward in between
        ("2026-10-24T23:30", "2026-10-25T07:00"),  # and back
    ],
)
def test_quiet_hours_over_midnight_end_in_the_morning(moment: str, due: str) -> None:
    assert quiet("22:00", "07:00").after_quiet(at(moment)) == at(due)


@pytest.mark.parametrize(
    ("moment", "due"),
    [("2026-03-02T12:30", "2026-03-02T14:00"), ("2026-03-02T14:00", "2026-03-02T14:00")],
)
def test_quiet_hours_within_a_day(moment: str, due: str) -> None:
    assert quiet("12:00", "14:00").after_quiet(at(moment)) == at(due)


def test_quiet_hours_without_length_are_none() -> None:
    moment = at("2026-03-02T12:00")
    assert quiet("12:00", "12:00").after_quiet(moment) == moment


@pytest.mark.parametrize(
    ("digest", "moment", "due"),
    [
        (Digest.HOURLY, "2026-03-02T10:20", "2026-03-02T11:00"),
        (Digest.DAILY, "2026-03-02T07:20", "2026-03-02T08:00"),
        (Digest.DAILY, "2026-03-02T08:00", "2026-03-03T08:00"),
        (Digest.DAILY, "2026-03-28T20:00", "2026-03-29T08:00"),
    ],
)
def test_a_digest_waits_for_its_hour(digest: Digest, moment: str, due: str) -> None:
    wishes = Wishes(digest=digest.value, zone="Europe/Berlin")
    assert wishes.mail_due(Kind.ASSIGNED, at(moment)) == at(due)


def test_what_presses_does_not_wait_for_the_digest_but_for_the_quiet_hours() -> None:
    wishes = quiet("22:00", "07:00", digest="daily")
    assert wishes.mail_due(Kind.SLA_BREACHED, at("2026-03-02T10:00")) == (
        at("2026-03-02T10:00") + PAUSE
    )
    assert wishes.mail_due(Kind.SLA_BREACHED, at("2026-03-02T23:00")) == at("2026-03-03T07:00")


def test_a_choice_goes_before_the_default() -> None:
    wishes = Wishes(choices={"email": {"assigned": False, "team_ticket": True}})
    assert not wishes.wants(Kind.ASSIGNED, Medium.EMAIL)
    assert wishes.wants(Kind.ASSIGNED, Medium.PAGE)
    assert wishes.wants(Kind.TEAM_TICKET, Medium.EMAIL)
    assert not Wishes().wants(Kind.TEAM_TICKET, Medium.EMAIL)


@settings(max_examples=300, deadline=None)
@given(
    moment=st.integers(0, 2 * 366 * 24 * 60).map(
        lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    begin=st.times(),
    end=st.times(),
    zone=st.sampled_from(ZONES),
    digest=st.sampled_from(list(Digest)),
    kind=st.sampled_from(list(Kind)),
)
def test_a_mail_never_leaves_in_quiet_hours_nor_before_the_news(
    moment: datetime, begin: time, end: time, zone: str, digest: Digest, kind: Kind
) -> None:
    wishes = Wishes(quiet_from=begin, quiet_to=end, zone=zone, digest=digest.value)
    due = wishes.mail_due(kind, moment)
    assert moment < due <= moment + timedelta(days=2, hours=2)
    assert wishes.after_quiet(due) == due or due.astimezone(ZoneInfo(zone)).time() >= end
