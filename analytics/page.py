"""Turns figures into what the insights page shows: KPIs, charts, table rows, honest gaps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import charts
from analytics.selectors import (
    NEEDED_ANSWERS,
    NEEDED_DECISIONS,
    NEEDED_RATINGS,
    Day,
    Question,
    Rated,
    Sums,
    daily,
    open_now,
    ratings,
    reaches_back,
    sums,
)

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure with its unit and what became of it since the range before."""

    name: str
    value: str
    unit: str
    trend: str = ""
    direction: str = ""  # "up", "down" or "" for no arrow
    mood: str = ""  # "good", "bad" or "" where more is neither
    spark: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A chart with its heading, or the reason why there is none."""

    title: str
    note: str
    chart: SafeString
    gap: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[str, str]] = ()


def parts(question: Question, days: Sequence[Day]) -> dict[str, Any]:
    """Everything below the page's head."""
    whole = sums(question, list(days))
    earlier_question = question.before()
    earlier = None
    if reaches_back(earlier_question):
        earlier = sums(earlier_question, daily(earlier_question))
    return {
        "kpis": _kpis(question, days, whole, earlier),
        "cards": [
            ("span-7", _flow(days)),
            ("span-5", _backlog(days)),
            ("span-6", _answers(days, whole)),
            ("span-6", _decisions(days, whole)),
            ("span-6", _satisfaction(days, ratings(question))),
        ],
        "head": table_head(),
        "rows": [table_row(day) for day in reversed(days)],
    }


def _kpis(question: Question, days: Sequence[Day], whole: Sums, earlier: Sums | None) -> list[Kpi]:
    waiting = open_now(question)
    return [
        Kpi(_("Open now"), figure(waiting), "", spark=charts.spark([d.backlog for d in days])),
        Kpi(
            _("Opened"), figure(whole.opened), "",
            *_trend(whole.opened, earlier.opened if earlier else None, _more_or_fewer),
            spark=charts.spark([day.opened for day in days]),
        ),
        Kpi(
            _("Solved"), figure(whole.solved), "",
            *_trend(whole.solved, earlier.solved if earlier else None, _more_or_fewer),
            spark=charts.spark([day.solved for day in days]),
        ),
        _first_response_kpi(whole, earlier),
        _share_kpi(
            _("Reopened"), whole.reopened_share, earlier.reopened_share if earlier else None,
            gap=_("nothing solved"), more_is="bad",
        ),
        _share_kpi(
            _("AI accepted"), whole.accepted_share, earlier.accepted_share if earlier else None,
            gap=needs(NEEDED_DECISIONS, whole.ai_suggested), more_is="good",
        ),
    ]  # fmt: skip


def _first_response_kpi(whole: Sums, earlier: Sums | None) -> Kpi:
    name = _("First response, median")
    seconds = whole.first_response_seconds
    if seconds is None:
        return Kpi(name, "–", "", needs(NEEDED_ANSWERS, whole.first_responses))
    value, unit = duration(seconds)
    before = earlier.first_response_seconds if earlier else None
    return Kpi(name, value, unit, *_trend(seconds, before, _slower_or_faster, more_is="bad"))


def _share_kpi(
    name: str, share: float | None, before: float | None, *, gap: str, more_is: str
) -> Kpi:
    if share is None:
        return Kpi(name, "–", "", gap)
    trend = _trend(share, before, _points, more_is=more_is)
    return Kpi(name, decimal(share * 100), "%", *trend)


def _trend(
    value: float, before: float | None, words: Callable[[float], str], *, more_is: str = ""
) -> tuple[str, str, str]:
    """Words, arrow and mood of a change; nothing where there is nothing to compare with."""
    if before is None:
        return "", "", ""
    change = value - before
    text = words(change)
    if not text:
        return _("as before"), "", ""
    less_is = {"bad": "good", "good": "bad"}.get(more_is, "")
    return text, "up" if change > 0 else "down", more_is if change > 0 else less_is


def _more_or_fewer(change: float) -> str:
    size = abs(int(change))
    if not size:
        return ""
    if change > 0:
        return ngettext("%(n)s more than before", "%(n)s more than before", size) % {"n": size}
    return ngettext("%(n)s fewer than before", "%(n)s fewer than before", size) % {"n": size}


def _slower_or_faster(change: float) -> str:
    if abs(change) < MINUTE:
        return ""
    text = " ".join(duration(abs(change)))
    return (_("%(time)s slower") if change > 0 else _("%(time)s faster")) % {"time": text}


def _points(change: float) -> str:
    size = round(abs(change) * 100, 1)
    if not size:
        return ""
    text = {"n": decimal(size)}
    return (_("%(n)s points more") if change > 0 else _("%(n)s points fewer")) % text


def _flow(days: Sequence[Day]) -> Card:
    opened, solved = [d.opened for d in days], [d.solved for d in days]
    description = _("%(opened)s opened and %(solved)s solved in %(days)s days.") % {
        "opened": figure(sum(opened)), "solved": figure(sum(solved)), "days": len(days),
    }  # fmt: skip
    chart = charts.columns_and_line(
        [day.day for day in days], opened, solved,
        title=_("Opened and solved"), description=description,
        last_label=_("%(n)s today") % {"n": opened[-1]},
    )  # fmt: skip
    gap = "" if any(opened) or any(solved) else _("No ticket was opened or solved in these days.")
    return Card(
        _("Opened and solved"), _("per day"), chart, gap,
        [_("Day"), _("Opened"), _("Solved")],
        [[_date(d), figure(d.opened), figure(d.solved)] for d in reversed(days)],
        legend=[("bar", _("Opened")), ("line", _("Solved"))],
    )  # fmt: skip


def _backlog(days: Sequence[Day]) -> Card:
    counted = [day for day in days if day.counted]
    last = counted[-1].backlog if counted else 0
    chart = charts.area(
        [day.day for day in counted], [day.backlog for day in counted],
        title=_("Backlog"),
        description=_("Unsolved tickets at the end of each day; %(n)s on the last.") % {"n": last},
        last_label=figure(last),
    ) if counted else SafeString("")  # fmt: skip
    gap = "" if len(counted) > 1 else needs(2, len(counted), _("counted days"))
    return Card(
        _("Backlog"), _("unsolved at the end of the day"), chart, gap,
        [_("Day"), _("Backlog")],
        [[_date(day), figure(day.backlog)] for day in reversed(counted)],
    )  # fmt: skip


def _answers(days: Sequence[Day], whole: Sums) -> Card:
    hours = [
        None if d.first_response_seconds is None else d.first_response_seconds / HOUR for d in days
    ]
    middle = whole.first_response_seconds
    chart = charts.dots(
        [day.day for day in days], hours,
        title=_("First response"),
        description=_("Median time to the first answer on each day, from %(n)s answers.")
        % {"n": whole.first_responses},
        middle=None if middle is None else middle / HOUR,
        middle_label="" if middle is None else _("Median %(time)s") % {
            "time": " ".join(duration(middle))
        },
        unit="h",
    )  # fmt: skip
    gap = "" if middle is not None else needs(NEEDED_ANSWERS, whole.first_responses, _("answers"))
    return Card(
        _("First response"), _("median per day"), chart, gap,
        [_("Day"), _("Median"), _("First answers")],
        [[_date(d), _time(d.first_response_seconds), figure(d.first_responses)]
         for d in reversed(days)],
    )  # fmt: skip


def _decisions(days: Sequence[Day], whole: Sums) -> Card:
    shares = [100 * d.ai_accepted / d.ai_suggested if d.ai_suggested else None for d in days]
    share = whole.accepted_share
    chart = charts.dots(
        [day.day for day in days], shares,
        title=_("AI suggestions accepted"),
        description=_("%(accepted)s of %(n)s decided suggestions were accepted.")
        % {"accepted": whole.ai_accepted, "n": whole.ai_suggested},
        middle=None if share is None else 100 * share,
        middle_label="" if share is None else f"{decimal(100 * share)} %",
        unit="%",
        top=100,
    )  # fmt: skip
    enough = whole.ai_suggested >= NEEDED_DECISIONS
    gap = "" if enough else needs(NEEDED_DECISIONS, whole.ai_suggested, _("decided suggestions"))
    return Card(
        _("AI suggestions accepted"), _("of those a person decided"), chart, gap,
        [_("Day"), _("Decided"), _("Accepted")],
        [[_date(d), figure(d.ai_suggested), figure(d.ai_accepted)] for d in reversed(days)],
    )  # fmt: skip


def _satisfaction(days: Sequence[Day], rated: Mapping[date, Rated]) -> Card:
    found = [rated.get(day.day, Rated()) for day in days]
    count, good = sum(one.count for one in found), sum(one.good for one in found)
    share = 100 * good / count if count >= NEEDED_RATINGS else None
    chart = charts.dots(
        [day.day for day in days],
        [100 * one.good / one.count if one.count else None for one in found],
        title=_("Satisfied requesters"),
        description=_("%(good)s of %(n)s ratings were good.") % {"good": good, "n": count},
        middle=share,
        middle_label="" if share is None else f"{decimal(share)} %",
        unit="%",
        top=100,
    )
    gap = "" if share is not None else needs(NEEDED_RATINGS, count, _("ratings"))
    return Card(
        _("Satisfied requesters"), _("share of good ratings per day"), chart, gap,
        [_("Day"), _("Ratings"), _("Good")],
        [[_date(day), figure(one.count), figure(one.good)]
         for day, one in reversed(list(zip(days, found, strict=True)))],
    )  # fmt: skip


def table_head() -> list[str]:
    """The columns of the whole table and of the export."""
    return [
        _("Day"), _("Opened"), _("Solved"), _("Reopened"), _("Backlog"), _("First answers"),
        _("Median first response (minutes)"), _("AI suggestions decided"),
        _("AI suggestions accepted"),
    ]  # fmt: skip


def table_row(day: Day) -> list[str]:
    """A day's figures; a day that was not counted yet is empty rather than zero."""
    if not day.counted:
        return [day.day.isoformat(), *[""] * 8]
    minutes = day.first_response_seconds
    return [
        day.day.isoformat(),
        str(day.opened),
        str(day.solved),
        str(day.reopened),
        str(day.backlog),
        str(day.first_responses),
        "" if minutes is None else str(round(minutes / MINUTE)),
        str(day.ai_suggested),
        str(day.ai_accepted),
    ]


def duration(seconds: float) -> tuple[str, str]:
    """A length of time as value and unit: 14 min, 3.5 h, 2.1 d."""
    if seconds < 2 * HOUR:
        return formats.number_format(round(seconds / MINUTE), 0), _("min")
    if seconds < 2 * DAY:
        return decimal(seconds / HOUR), _("h")
    return decimal(seconds / DAY), _("days")


def needs(needed: int, found: int, what: str = "") -> str:
    """Why nothing is drawn: how much of what it takes, and how much there is."""
    values = {"needed": needed, "what": what, "found": found}
    if what:
        return _("Too little data: needs %(needed)s %(what)s, has %(found)s.") % values
    return _("Needs %(needed)s, has %(found)s") % values


def figure(value: int) -> str:
    """A count as the reader's language writes it."""
    return formats.number_format(value, 0, use_l10n=True, force_grouping=True)


def decimal(value: float) -> str:
    """One decimal, rounded: `number_format` alone cuts off."""
    return formats.number_format(round(value, 1), 1)


def _date(day: Day) -> str:
    return formats.date_format(day.day, "SHORT_DATE_FORMAT")


def _time(seconds: int | None) -> str:
    return "–" if seconds is None else " ".join(duration(seconds))
