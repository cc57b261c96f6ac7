"""Applying what a reading found: suggestions, the ticket's verdict and the row, at once."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ai.actions.automatic import note_automatic
from ai.actions.queue import Claim, held
from ai.models import Enrichment, Suggestion
from ai.reading import Proposal, Reading, band_of
from omnidesk.core.clock import now
from tickets.actions.base import Actor
from tickets.actions.triage import record_verdict
from tickets.choices import ActorKind, AiState
from tickets.models import Change, Ticket

FIELDS = ("category", "urgency", "team")
# The log's verbs of a person deciding a field by hand.
_DECIDED_BY = {
    "category": "ticket.categorised",
    "urgency": "ticket.urgency_changed",
    "team": "ticket.routed",
}
_DECIDED = (Suggestion.State.ACCEPTED, Suggestion.State.CORRECTED)


@transaction.atomic
def apply_reading(*, claim: Claim, ticket: Ticket, reading: Reading) -> bool:
    """Keep `reading` if the claim still holds: all of it in this transaction, or nothing.

    Returns False when another worker has the row by now; its reading counts.
    """
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    row = held(claim)
    if row is None:
        return False
    if _is_overtaken(row):
        _finish(row, reading, {"overtaken": True})
        return True
    ticket.suggestions.filter(state=Suggestion.State.PROPOSED).update(state=Suggestion.State.STALE)
    settled = _Settled(decided_fields(ticket), _rejected(ticket))
    found: list[Suggestion] = []
    entries = {name: _propose(row, ticket, reading, name, settled, found) for name in FIELDS}
    has_draft = _propose_draft(row, ticket, reading, settled, found)
    Suggestion.objects.bulk_create(found)
    note_automatic(row=row, ticket=ticket, reading=reading)
    record_verdict(
        ticket=ticket,
        state=AiState.DONE.value,
        verdict=_snapshot(entries, reading, has_draft),
        language=reading.language,
        actor=Actor.machine(ActorKind.AI, reading.label),
    )
    _finish(row, reading, {})
    return True


def decided_fields(ticket: Ticket) -> set[str]:
    """The fields a person has set, at intake or later: nothing is suggested over them."""
    verbs = set(
        Change.objects.filter(
            ticket=ticket, actor_kind=ActorKind.PERSON, verb__in=_DECIDED_BY.values()
        ).values_list("verb", flat=True)
    )
    reopened = _reopened(ticket)
    by_hand = {name for name, verb in _DECIDED_BY.items() if verb in verbs} - reopened
    return by_hand | set(ticket.ai_verdict.get("given", ()))


def _reopened(ticket: Ticket) -> set[str]:
    """Fields whose decision a person has undone: they are open again."""
    rows = Change.objects.filter(ticket=ticket, field__in=FIELDS, actor_kind=ActorKind.PERSON)
    # The last word on each field wins.
    found = dict(rows.order_by("pk").values_list("field", "verb"))
    return {name for name, verb in found.items() if verb == "ticket.suggestion_reopened"}


def current_value(ticket: Ticket, name: str) -> tuple[str, int | None]:
    """What the ticket has now: the shown value and, for category and team, the primary key."""
    if name == "urgency":
        return ticket.urgency, None
    row = getattr(ticket, name)
    return (str(row), row.pk) if row else ("", None)


def _is_overtaken(row: Enrichment) -> bool:
    """Whether a later reading of the same ticket was faster."""
    later = Enrichment.objects.filter(
        ticket_id=row.ticket_id, pk__gt=row.pk, state=Enrichment.State.DONE
    )
    return later.exists()


@dataclass(frozen=True, slots=True)
class _Settled:
    """What people have said already: fields they decided, (field, value) they rejected."""

    fields: set[str]
    rejected: set[tuple[str, str]]


def _rejected(ticket: Ticket) -> set[tuple[str, str]]:
    rows = ticket.suggestions.filter(state=Suggestion.State.REJECTED)
    return set(rows.values_list("field", "value"))


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


def _finish(row: Enrichment, reading: Reading, extra: dict[str, Any]) -> None:
    row.state = Enrichment.State.DONE
    row.finished_at = now()
    row.error = ""
    row.timings = dict(reading.timings)
    row.verdict = {**reading.details, **extra}
    row.save()
