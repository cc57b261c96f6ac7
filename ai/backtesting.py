"""Past tickets read again as if they were new, and the answers beside what people wrote.

Each ticket goes through the very pipeline that reads new ones (`ai.pipeline.think`). What solved it
is no source, nor an article that was written from it, nor what was solved after it came. Nothing is
written but the run's own row and nothing is sent. No model outside is asked, but where the run
tries one (`ai.trials`): then every ticket is answered twice, as now and as tried.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Sum

from ai.actions import work
from ai.db import release
from ai.engine.autonomy import FLOORS, lower_bound
from ai.engine.embed import Encoder
from ai.engine.retrieve import ticket_text
from ai.engine.types import EngineError
from ai.judging import compare, written_by_people
from ai.models import Backtest, ModelCall, Policy, TrainedModel
from ai.pipeline.case import Case, Options, options_of
from ai.pipeline.think import think
from ai.reading import Proposal, Reading, is_sure
from ai.runtime import Runtime
from ai.trials import Trial, from_json
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tickets.choices import MessageKind, StatusCategory
from tickets.models import Article, Ticket

SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)
NOTE_EVERY = 5
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What tickets are read with: now, and as tried; `known_until`: what models may know."""

    options: Options
    trial: Trial
    tried: Options
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A ticket, what people wrote on it, and whether it is new to the models compared."""

    ticket: Ticket
    written: str
    is_new: bool


def run(
    runtime: Runtime,
    organization_id: int,
    backtest_id: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> None:
    """Do a waiting run; its row keeps the report or the error. Taken once, whoever else tries."""
    with work.working(Backtest, organization_id, backtest_id) as claim:
        if claim is None:
            return
        try:
            report, cases = _replay(runtime, organization_id, claim, progress)
        except Exception as error:  # intended: the row says what went wrong
            with organization_scope(organization_id):
                work.fail(claim, f"{type(error).__name__}: {error}")
            raise
        with organization_scope(organization_id):
            work.finish(claim, report=report, cases=cases)


def _replay(
    runtime: Runtime, organization_id: int, claim: work.Claim[Backtest],
    progress: Callable[[int, int], None],
) -> tuple[Row, list[Row]]:  # fmt: skip
    began, began_at = time.perf_counter(), now()
    with organization_scope(organization_id):
        most, stored = Backtest.objects.values_list("most", "trial").get(pk=claim.pk)
        ids = past_tickets(organization_id, most)
        options = replace(options_of(organization_id), policy=Policy.External.NEVER.value)
        setup = setup_of(organization_id, options, from_json(stored))
    found: list[Row] = []
    for done, ticket_id in enumerate(ids, 1):
        row = replay_ticket(runtime, organization_id, ticket_id, setup)
        if row is not None:
            found.append(row)
        progress(done, len(ids))
        if done % NOTE_EVERY == 0:
            with organization_scope(organization_id):
                work.note_progress(claim, done / len(ids))
    with organization_scope(organization_id):
        spent = ModelCall.objects.filter(ticket__in=ids, at__gte=began_at)
        cost = spent.aggregate(cost=Sum("cost_usd"))["cost"] or 0
    report = report_of(found, time.perf_counter() - began, float(cost))
    return report, [row for row in found if row["text"] or row.get("tried", {}).get("text")]


def setup_of(organization_id: int, options: Options, trial: Trial) -> Setup:
    """Which models sort, now and as tried, and when each began to know its tickets. Queries: 1."""
    rows = TrainedModel.objects.filter(organization_id=organization_id)
    known = {
        (kind, version): (pk, at)
        for kind, version, pk, at in rows.values_list("kind", "version", "pk", "created_at")
    }
    present = {kind: version for kind, _pk, version in options.models}
    chosen = present | dict(trial.models)
    if missing := [pair for pair in chosen.items() if pair not in known]:
        raise EngineError(f"The model {missing[0]} is not kept any more.", permanent=True)
    times = [known[pair][1] for pair in {*present.items(), *chosen.items()} if pair in known]
    tried = tuple((kind, known[kind, version][0], version) for kind, version in chosen.items())
    return Setup(
        options=options,
        trial=trial,
        tried=replace(options, models=tried),
        known_until=max(times, default=None),
    )


def past_tickets(organization_id: int, most: int) -> list[int]:
    """The newest solved tickets that a person answered in public. Queries: 1."""
    answered = Ticket.objects.alive().filter(
        organization_id=organization_id,
        status_category__in=SETTLED,
        messages__kind=MessageKind.PUBLIC,
        messages__from_requester=False,
        messages__is_ai=False,
        messages__author__isnull=False,
    )
    return list(answered.distinct().order_by("-pk").values_list("pk", flat=True)[:most])


def replay_ticket(
    runtime: Runtime, organization_id: int, ticket_id: int, setup: Setup
) -> Row | None:
    """One ticket's answer and how it compares; None for one that is gone by now.

    Its "tried" is the same of what is tried, where anything is.
    """
    with organization_scope(organization_id):
        ticket = (
            Ticket.objects.alive()
            .select_related("requester", "organization")
            .filter(pk=ticket_id)
            .first()
        )
        if ticket is None:
            return None
        case = past_case(ticket, setup.options)
        past = Past(ticket, written_by_people(ticket), is_new_to(ticket, setup.known_until))
    release()
    row = _answered(runtime, case, past)
    if setup.trial.kind:
        tried = replace(case, options=setup.tried, trial=setup.trial)
        row["tried"] = _answered(runtime, tried, past)
    return row


def is_new_to(ticket: Ticket, known_until: datetime | None) -> bool:
    """Whether no model that is compared can have learned from it."""
    return known_until is None or (ticket.resolved_at or ticket.created_at) > known_until


def _answered(runtime: Runtime, case: Case, past: Past) -> Row:
    reading = think(runtime, case)
    found = reading.automatic
    row: Row = {
        "ticket": past.ticket.pk,
        "category": past.ticket.category_id,
        "text": "",
        "confidence": 0.0,
        "reason": found.reason if found else "",
        "milliseconds": round(sum(reading.timings.values()), 1),
        "draft": _judged(runtime.batcher, _draft(reading.proposal("draft")), past.written),
        "sorted": sorted_as(reading, past),
    }
    if found is not None and found.text:
        verdict = compare(runtime.batcher, found.text, past.written)
        row |= {"text": found.text, "confidence": found.confidence, "language": found.language,
                "sources": [dict(one) for one in found.sources], "outcome": verdict.outcome,
                "right": verdict.is_right, "likeness": verdict.likeness}  # fmt: skip
    return row


def past_case(ticket: Ticket, options: Options) -> Case:
    """The ticket as it came, with the category that people gave it. Queries: 2."""
    own = Article.objects.filter(source=ticket).values_list("pk", flat=True)
    return Case(
        organization_id=ticket.organization_id,
        ticket_id=ticket.pk,
        text=ticket_text(ticket.subject, ticket.description),
        language=ticket.language or ticket.requester.language or ticket.organization.language,
        requester_name=ticket.requester.name,
        impact=ticket.impact,
        category_id=ticket.category_id,
        files=ticket.attachments.count(),
        is_new=True,
        options=options,
        barred_articles=frozenset(own),
        came_at=ticket.created_at,
    )


def _draft(proposal: Proposal | None) -> str:
    """The quoted part of a draft; one that only asks is no answer."""
    if proposal is None or not proposal.evidence:
        return ""
    parts = proposal.choice.value.split("\n\n")
    return parts[1] if len(parts) > 1 else ""


def _judged(encoder: Encoder, text: str, written: str) -> bool | None:
    return compare(encoder, text, written).is_right if text else None


def sorted_as(reading: Reading, past: Past) -> list[Row]:
    """What each field would have been, how surely, and whether it is what people left it at."""
    wanted = {"category": past.ticket.category_id, "team": past.ticket.team_id}
    rows = []
    for name, value in wanted.items():
        proposal = reading.proposal(name)
        if value is None:
            continue
        choice = proposal.choice if proposal else None
        rows.append({
            "field": name, "new": past.is_new,
            "confidence": round(choice.confidence, 4) if choice else 0.0,
            "right": bool(choice and choice.object_id == value),
        })  # fmt: skip
    return rows


def report_of(found: Sequence[Row], seconds: float, cost: float) -> Row:
    """Figures for all, by confidence and by category; drafts (which may quote tickets) as well.

    Where something was tried, its own report is in "tried"; it alone costs money.
    """
    tried = [row["tried"] for row in found if "tried" in row]
    if not tried:
        return _report(found, seconds, cost)
    return {**_report(found, seconds, 0.0), "tried": _report(tried, seconds, cost)}


def _report(found: Sequence[Row], seconds: float, cost: float) -> Row:
    by_category: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_category[str(row["category"] or "")].append(row)
    each = sum(row["milliseconds"] for row in found) / len(found) if found else 0.0
    drafts = [row["draft"] for row in found if row["draft"] is not None]
    return {
        "tickets": len(found),
        "seconds": round(seconds, 2),
        "milliseconds": round(each),
        "cost_usd": round(cost, 4),
        "all": figures(found),
        "drafts": {
            **_shares(len(found), len(drafts), len(drafts), sum(drafts)),
        },
        "floors": [{"floor": floor, **figures(found, floor)} for floor in FLOORS[1:]],
        "sorting": sorting_of(found),
        "categories": {key: figures(own) for key, own in sorted(by_category.items())},
    }


def sorting_of(found: Sequence[Row]) -> list[Row]:
    """For each field: tickets no compared model can know, and all; surely sorted, of these right.

    The second are flattered where models learned from them.
    """
    lines = []
    for name in ("category", "team"):
        every = [one for row in found for one in row.get("sorted", ()) if one["field"] == name]
        for new in (True, False):
            own = [one for one in every if one["new"] or not new]
            sure = [one for one in own if is_sure(one["confidence"])]
            right = sum(one["right"] for one in sure)
            shares = _shares(len(own), len(sure), len(sure), right)
            accuracy = round(sum(one["right"] for one in own) / len(own), 4) if own else 0.0
            lines.append({"field": name, "new": new, "accuracy": accuracy, **shares})
    return lines


def figures(found: Sequence[Row], floor: float = 0.0) -> Row:
    """tickets, answered, coverage, judged, precision, bound: shares are 0..1."""
    answered = [row for row in found if row["text"] and row["confidence"] >= floor]
    judged = [row for row in answered if row["right"] is not None]
    right = sum(bool(row["right"]) for row in judged)
    return _shares(len(found), len(answered), len(judged), right)


def _shares(tickets: int, answered: int, judged: int, right: int) -> Row:
    return {
        "tickets": tickets,
        "answered": answered,
        "coverage": round(answered / tickets, 4) if tickets else 0.0,
        "judged": judged,
        "precision": round(right / judged, 4) if judged else 0.0,
        "bound": round(lower_bound(right, judged), 4),
    }
