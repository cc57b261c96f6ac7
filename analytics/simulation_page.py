"""Turns a simulation into words, a plot and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics import charts
from analytics.models import Simulation
from omnidesk.accounts.models import User
from tickets.access import desk_tickets
from tickets.models import Ticket
from tickets.sla_rules import Level, Metric

SHOWN_CHANGED = 100
# Below this much of the waiting that a queue explains, more people would help little.
EXPLAINED = 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: how many times were judged, late now and then."""

    name: str
    judged: int
    now: int
    then: int

    @property
    def change(self) -> int:
        """More late ones are above 0."""
        return self.then - self.now


@dataclass(frozen=True, slots=True)
class Changed:
    """A ticket whose outcome changes."""

    ticket: Ticket
    time: str
    then: bool


def question(simulation: Simulation) -> list[str]:
    """What was asked, in sentences."""
    asked: dict[str, Any] = simulation.asked
    found = []
    if asked.get("targets"):
        found.append(_("Other times for “%(policy)s”") % {"policy": asked.get("policy_name", "")})
    if asked.get("calendar"):
        found.append(_("Calendar “%(calendar)s”") % {"calendar": asked.get("calendar_name", "")})
    for row in simulation.result.get("staff", ()):
        words = _("%(team)s: %(then)d agents instead of %(now)d")
        found.append(words % {k: row[k] for k in ("team", "then", "now")})
    if asked.get("agents") and not simulation.result:
        found.append(_("Other numbers of agents"))
    return found


def parts(simulation: Simulation, user: User) -> dict[str, Any]:
    """Everything the result shows. Queries: 1 (the tickets that change)."""
    result: dict[str, Any] = simulation.result
    if simulation.state != Simulation.State.DONE:
        return {}
    weeks = [Row(_week(row[0]), *row[1:]) for row in result["weeks"]]
    kinds = [Row(kind_words(row[0]), *row[1:]) for row in result["kinds"]]
    whole = Row("", *(sum(getattr(row, n) for row in kinds) for n in ("judged", "now", "then")))
    return {
        "whole": whole,
        "summary": summary(whole),
        "chart": _chart(result["weeks"], whole),
        "tables": [
            (_("By week"), _("Week from"), weeks),
            (_("By team"), _("Team"), [Row(r[0] or _("No team"), *r[1:]) for r in result["teams"]]),
            (_("By agreed time"), _("Agreed time"), kinds),
        ],
        "changed": _changed(result["changed"], user),
        "changed_total": result["changed_total"],
        "alike": round(100 * result["alike"] / result["known"]) if result["known"] else None,
        "staff_notes": _staff_notes(result.get("staff", ())),
        "tickets": result["tickets"],
    }


def summary(whole: Row) -> str:
    """The answer in one sentence."""
    values = {"now": whole.now, "then": whole.then, "judged": whole.judged}
    if whole.then == whole.now:
        return _("As many late as now: %(now)d of %(judged)d agreed times.") % values
    return _("%(then)d of %(judged)d agreed times late instead of %(now)d.") % values


def kind_words(kind: str) -> str:
    """ "customer:resolution" in the reader's language."""
    level, _colon, metric = kind.partition(":")
    names: dict[str, Any] = dict(Metric.choices)
    name = str(names.get(metric, metric))
    return name if level == Level.CUSTOMER else _("%(time)s (inside)") % {"time": name}


def _week(day: str) -> str:
    return formats.date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")


def _chart(weeks: Sequence[Sequence[Any]], whole: Row) -> SafeString:
    if not weeks:
        return SafeString("")
    return charts.columns_and_line(
        [date.fromisoformat(row[0]) for row in weeks],
        [row[2] for row in weeks],
        [row[3] for row in weeks],
        title=_("Late agreed times by week"),
        description=summary(whole),
        last_label="",
    )


def _changed(rows: Sequence[Sequence[Any]], user: User) -> list[Changed]:
    shown = rows[:SHOWN_CHANGED]
    found = desk_tickets(user).filter(pk__in={row[0] for row in shown}).with_row_relations()
    tickets = {ticket.pk: ticket for ticket in found}
    return [
        Changed(tickets[pk], kind_words(kind), then)
        for pk, kind, _now, then in shown
        if pk in tickets
    ]


def _staff_notes(staff: Sequence[dict[str, Any]]) -> list[str]:
    notes = []
    for row in staff:
        if row["tickets"] < 2 or not row["explained"]:
            words = _("%(team)s: too few answered tickets to replay its queue.")
            notes.append(words % {"team": row["team"]})
        elif row["explained"] < EXPLAINED:
            words = _(
                "%(team)s: a lack of people explains only %(share)d %% of its waiting; "
                "the rest has other reasons and stays."
            )
            notes.append(words % {"team": row["team"], "share": round(100 * row["explained"])})
    return notes
