"""Applying what readings found: suggestions, the tickets' verdicts and the rows, at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max, Q

from ai.actions.automatic import Noted, note_automatic
from ai.actions.queue import Claim, held_many
from ai.models import Enrichment, Suggestion
from ai.reading import Proposal, Reading, band_of
from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from tickets.actions.base import Actor, locked_many
from tickets.actions.triage import Verdict, record_verdicts
from tickets.choices import ActorKind, AiState
from tickets.models import Change, Ticket

FIELDS = ("category", "urgency", "team")
# The log's verbs of a person deciding a field by hand.
_DECIDED_BY = {
    "category": "ticket.categorised",
    "urgency": "ticket.urgency_changed",
    "team": "ticket.routed",
}
_FINISHED = ("state", "finished_at", "error", "timings", "verdict")


@transaction.atomic
def apply_reading(*, claim: Claim, ticket: Ticket, reading: Reading) -> bool:
    """Keep `reading` if the claim still holds: all of it in this transaction, or nothing.

    Returns False when another worker has the row by now; its reading counts.
    """
    return bool(apply_readings([Read(claim, ticket.pk, reading)]))


@dataclass(frozen=True, slots=True)
class Read:
    """What was found for one claimed row."""

    claim: Claim
    ticket_id: int
    reading: Reading


@transaction.atomic
def apply_readings(found: Sequence[Read]) -> list[int]:
    """Keep the readings of different tickets of one organization: all in this transaction, or none.

    Returns the tickets whose reading was kept: where another worker has the row by now, that
    one's counts. Queries: about 20, however many tickets, and those of automatic answers.
    """
    tickets = locked_many(one.ticket_id for one in found)
    rows = held_many([one.claim for one in found])
    mine = [
        _Applied(one, rows[one.claim.enrichment_id], tickets[one.ticket_id])
        for one in found
        if one.ticket_id in tickets and one.claim.enrichment_id in rows
    ]
    if not mine:
        return []
    overtaken = _overtaken([one.row for one in mine])
    late = [one for one in mine if one.row.pk in overtaken]
    timely = [one for one in mine if one.row.pk not in overtaken]
    _apply(timely)
    _finish([(one.row, one.reading, {"overtaken": True}) for one in late])
    _finish([(one.row, one.reading, {}) for one in timely])
    return [one.ticket.pk for one in mine]


class _Applied(NamedTuple):
    """A reading with the rows it changes, under their locks."""

    read: Read
    row: Enrichment
    ticket: Ticket

    @property
    def reading(self) -> Reading:
        return self.read.reading


def _apply(readings: Sequence[_Applied]) -> None:
    tickets = {one.ticket.pk: one.ticket for one in readings}
    proposed = Suggestion.objects.filter(ticket__in=tickets, state=Suggestion.State.PROPOSED)
    proposed.update(state=Suggestion.State.STALE)
    settled = _settled(tickets)
    suggestions: list[Suggestion] = []
    verdicts = [(one.ticket, _propose_all(one, settled[one.ticket.pk], suggestions))
                for one in readings]  # fmt: skip
    drafts = {
        one.enrichment_id: one
        for one in Suggestion.objects.bulk_create(suggestions)
        if one.field == Suggestion.Field.DRAFT
    }
    note_automatic(
        [Noted(one.row, one.ticket, one.reading, drafts.get(one.row.pk)) for one in readings]
    )
    by_label: dict[str, list[tuple[Ticket, Verdict]]] = {}
    for one, verdict in zip(readings, verdicts, strict=True):
        by_label.setdefault(one.reading.label, []).append(verdict)
    for label, told in by_label.items():
        record_verdicts(told, actor=Actor.machine(ActorKind.AI, label))


def _propose_all(one: _Applied, settled: "_Settled", suggestions: list[Suggestion]) -> Verdict:
    """Add what is due of a reading to `suggestions`; what the ticket shows of it."""
    row, ticket, reading = one.row, one.ticket, one.reading
    entries = {name: _propose(row, ticket, reading, name, settled, suggestions) for name in FIELDS}
    has_draft = _propose_draft(row, ticket, reading, settled, suggestions)
    shown = _snapshot(entries, reading, has_draft)
    return Verdict(state=AiState.DONE.value, shown=shown, language=reading.language)


def decided_fields(ticket: Ticket) -> set[str]:
    """The fields a person has set, at intake or later: nothing is suggested over them."""
    return _decided({ticket.pk: ticket})[ticket.pk]


def _decided(tickets: Mapping[int, Ticket]) -> dict[int, set[str]]:
    """The same of several tickets; what a person reopened is open again. Queries: 1."""
    found = {pk: set(ticket.ai_verdict.get("given", ())) for pk, ticket in tickets.items()}
    rows = Change.objects.filter(ticket__in=tickets, actor_kind=ActorKind.PERSON).filter(
        Q(verb__in=_DECIDED_BY.values()) | Q(field__in=FIELDS)
    )
    by_hand: dict[int, set[str]] = {pk: set() for pk in tickets}
    last: dict[tuple[int, str], str] = {}
    for pk, verb, name in rows.order_by("pk").values_list("ticket_id", "verb", "field"):
        by_hand[pk] |= {field for field, decided in _DECIDED_BY.items() if decided == verb}
        # The last word on each field wins.
        last[pk, name] = verb
    for (pk, name), verb in last.items():
        if verb == "ticket.suggestion_reopened":
            by_hand[pk].discard(name)
    return {pk: found[pk] | by_hand[pk] for pk in tickets}


def current_value(ticket: Ticket, name: str) -> tuple[str, int | None]:
    """What the ticket has now: the shown value and, for category and team, the primary key."""
    if name == "urgency":
        return ticket.urgency, None
    row = getattr(ticket, name)
    return (str(row), row.pk) if row else ("", None)


def _overtaken(rows: Sequence[Enrichment]) -> set[int]:
    """The rows of whose ticket a later reading was faster. Queries: 1."""
    done = Enrichment.objects.filter(
        ticket__in=[row.ticket_id for row in rows], state=Enrichment.State.DONE
    )
    last: dict[int, int] = dict(
        done.order_by().values_list("ticket").annotate(last=Max("pk")).values_list("ticket", "last")
    )
    return {row.pk for row in rows if last.get(row.ticket_id, 0) > row.pk}


@dataclass(frozen=True, slots=True)
class _Settled:
    """What people have said already: fields they decided, (field, value) they rejected."""

    fields: set[str]
    rejected: set[tuple[str, str]]


def _settled(tickets: Mapping[int, Ticket]) -> dict[int, _Settled]:
    """What people have said of each ticket. Queries: 2."""
    found = {pk: _Settled(fields, set()) for pk, fields in _decided(tickets).items()}
    rows = Suggestion.objects.filter(ticket__in=tickets, state=Suggestion.State.REJECTED)
    for pk, name, value in rows.values_list("ticket_id", "field", "value"):
        found[pk].rejected.add((name, value))
    return found


def _propose(
    row: Enrichment, ticket: Ticket, reading: Reading, name: str, settled: _Settled,
    found: list[Suggestion],
) -> dict[str, Any] | None:  # fmt: skip
    """Add the suggestion for one field to `found`, where one is due; the verdict's entry."""
    proposal = reading.proposal(name)
    earlier: dict[str, Any] | None = ticket.ai_verdict.get(name)
    if name in settled.fields:
        return earlier
    if proposal is None or (proposal.field, proposal.choice.value) in settled.rejected:
        return None
    entry = {
        "value": proposal.choice.value,
        "confidence": round(proposal.choice.confidence, 4),
        "band": band_of(proposal.choice.confidence),
        "state": Suggestion.State.PROPOSED.value,
    }
    value, object_id = current_value(ticket, name)
    if (value, object_id) == (proposal.choice.value, proposal.choice.object_id):
        # The ticket has it already: there is nothing to accept.
        return {**entry, "state": Suggestion.State.ACCEPTED.value}
    found.append(_suggestion(row, ticket, proposal))
    return entry


def _propose_draft(
    row: Enrichment, ticket: Ticket, reading: Reading, settled: _Settled, found: list[Suggestion]
) -> bool:
    proposal = reading.proposal(Suggestion.Field.DRAFT)
    if proposal is None or (proposal.field, proposal.choice.value) in settled.rejected:
        return False
    found.append(_suggestion(row, ticket, proposal))
    return True


def _suggestion(row: Enrichment, ticket: Ticket, proposal: Proposal) -> Suggestion:
    return Suggestion(
        organization_id=ticket.organization_id,
        ticket=ticket,
        enrichment=row,
        field=proposal.field,
        value=proposal.choice.value,
        object_id=proposal.choice.object_id,
        confidence=proposal.choice.confidence,
        band=band_of(proposal.choice.confidence),
        evidence=[dict(item) for item in proposal.evidence],
        alternatives=[choice.as_json() for choice in proposal.alternatives],
        source=proposal.source,
        language=proposal.language,
    )


def _snapshot(
    entries: dict[str, dict[str, Any] | None], reading: Reading, has_draft: bool
) -> dict[str, Any]:
    known = {name: entry for name, entry in entries.items() if entry}
    best = known.get("category") or {}
    return {
        **known,
        "sources": [dict(source) for source in reading.sources],
        "confidence": best.get("confidence"),
        "autonomy": "suggest",
        "draft": has_draft,
    }


def _finish(done: Sequence[tuple[Enrichment, Reading, dict[str, Any]]]) -> None:
    moment = now()
    for row, reading, extra in done:
        row.state = Enrichment.State.DONE
        row.finished_at = moment
        row.error = ""
        row.timings = dict(reading.timings)
        row.verdict = {**reading.details, **extra}
    update_many([row for row, _reading, _extra in done], _FINISHED)
