"""The cards below the daily ones: times met by week, backlog by age, arrivals, the AI's costs."""

from collections.abc import Sequence
from decimal import Decimal
from operator import itemgetter

from django.utils import dates, formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import depth_charts
from analytics.depth_selectors import (
    WEEKS,
    Age,
    Kept,
    Week,
    ages,
    arrivals,
    metrics_of,
    spending,
    weeks,
)
from analytics.page import Card, figure, needs
from analytics.selectors import Question, staffed
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role

NEEDED_TIMES = 5
# From this age on a ticket is drawn as one that waits too long, in days.
OLD = 30


def cards(question: Question, user: User) -> list[tuple[str, Card]]:
    """(width, card); costs only for whoever leads the asked organization. Queries: 5."""
    led = [one for one in staffed(user) if user.has_role(one.pk, Role.LEAD)]
    shown = [
        ("span-6", _promises(weeks(question))),
        ("span-5", _ages(ages(question))),
        ("span-7", _arrivals(arrivals(question))),
    ]
    if question.organization in led:
        shown.append(("span-12", _costs(question, led)))
    return shown


def _promises(found: Sequence[Week]) -> Card:
    kept = [week.whole for week in found]
    met, missed = sum(one.met for one in kept), sum(one.missed for one in kept)
    chart = depth_charts.stacked(
        [week.monday for week in found], [one.met for one in kept], [one.missed for one in kept],
        title=_("Agreed times met"),
        description=_("%(met)s of %(n)s promised times were met in %(weeks)s weeks.")
        % {"met": figure(met), "n": figure(met + missed), "weeks": WEEKS},
        texts=[_percent(one) for one in kept],
    )  # fmt: skip
    enough = met + missed >= NEEDED_TIMES
    gap = "" if enough else needs(NEEDED_TIMES, met + missed, _("decided times"))
    metrics = metrics_of(found)
    head = [_("Week from"), _("Met"), _("Missed"), _("Share met")]
    rows = [
        [
            formats.date_format(week.monday, "SHORT_DATE_FORMAT"), figure(week.whole.met),
            figure(week.whole.missed), _percent(week.whole),
            *(_percent(week.by_metric.get(metric, Kept())) for metric in metrics),
        ]
        for week in reversed(found)
    ]  # fmt: skip
    return Card(
        _("Agreed times met"), _("by week, the last 12"), chart, gap,
        [*head, *(str(metric.label) for metric in metrics)], rows,
        legend=[("bar", _("Met")), ("late", _("Missed"))],
    )  # fmt: skip


def _percent(kept: Kept) -> str:
    return "" if kept.share is None else f"{round(100 * kept.share)} %"


def _ages(found: Sequence[Age]) -> Card:
    total = sum(one.tickets for one in found)
    chart = depth_charts.bars(
        [
            (
                _age(one), one.tickets, figure(one.tickets) if one.tickets else "",
                "chart__bar--late" if one.over >= OLD else "",
            )
            for one in found
        ],
        title=_("Backlog by age"),
        description=_("%(n)s unsolved tickets, %(old)s of them older than %(days)s days.")
        % {
            "n": figure(total),
            "old": figure(sum(one.tickets for one in found if one.over >= OLD)),
            "days": OLD,
        },
        width=460,
    )  # fmt: skip
    return Card(
        _("Backlog by age"), _("unsolved now, since they were opened"), chart,
        "" if total else _("Nothing is unsolved."),
        [_("Age"), _("Tickets"), _("Unassigned")],
        [[_age(one), figure(one.tickets), figure(one.unassigned)] for one in found],
    )  # fmt: skip


def _age(age: Age) -> str:
    if age.upto is None:
        return _("over %(n)s days") % {"n": age.over}
    if not age.over:
        return ngettext("up to %(n)s day", "up to %(n)s days", age.upto) % {"n": age.upto}
    return _("%(over)s to %(upto)s days") % {"over": age.over, "upto": age.upto}


def _arrivals(grid: Sequence[Sequence[int]]) -> Card:
    total = sum(map(sum, grid))
    count, day, hour = max(
        ((value, day, hour) for day, row in enumerate(grid) for hour, value in enumerate(row)),
        key=itemgetter(0),
    )
    busiest = _("%(total)s tickets came; most, %(n)s, on %(weekday)s between %(from)s and %(to)s.")
    chart = depth_charts.heat(
        [(str(dates.WEEKDAYS_ABBR[day]), row) for day, row in enumerate(grid)],
        title=_("When tickets come"),
        description=busiest % {
            "total": figure(total), "n": figure(count), "weekday": dates.WEEKDAYS[day],
            "from": f"{hour:02d}:00", "to": f"{(hour + 1) % 24:02d}:00",
        },
    )  # fmt: skip
    return Card(
        _("When tickets come"), _("by weekday and hour, in the organization's time"), chart,
        "" if total else _("No ticket was opened in these days."),
        [_("Weekday"), *(f"{hour:02d}" for hour in range(24))],
        [[str(dates.WEEKDAYS[day]), *map(figure, row)] for day, row in enumerate(grid)],
    )  # fmt: skip


def _costs(question: Question, led: Sequence[Organization]) -> Card:
    """Of the asked organization as bars; the table has every organization the person leads."""
    found = spending(question, led)
    home = question.organization.pk
    own = [one.usd.get(home, Decimal()) for one in found]
    chart = depth_charts.bars(
        [
            (formats.date_format(one.month, "YEAR_MONTH_FORMAT"), float(usd), _usd(usd), "")
            for one, usd in zip(found, own, strict=True)
        ],
        title=_("Costs of the AI"),
        description=_("%(usd)s for calls of outside models in %(n)s months.")
        % {"usd": _usd(sum(own, Decimal())), "n": len(found)},
        width=660,
    )
    gap = "" if any(one.calls for one in found) else _("No outside model was called.")
    ordered = sorted(led, key=lambda one: (one.pk != home, one.pk))
    return Card(
        _("Costs of the AI"), _("calls of outside models by month, all teams"), chart, gap,
        [_("Month"), _("Calls"), *(one.name for one in ordered)],
        [
            [
                formats.date_format(one.month, "YEAR_MONTH_FORMAT"), figure(one.calls),
                *(_usd(one.usd.get(each.pk, Decimal())) for each in ordered),
            ]
            for one in reversed(found)
        ],
    )  # fmt: skip


def _usd(amount: Decimal) -> str:
    return _("%(n)s USD") % {"n": formats.number_format(round(amount, 2), 2)}
