"""Tickets' pasts out of their change log, as their clocks saw them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.replaying import Told
from tickets.choices import ActorKind, StatusCategory
from tickets.models import Change, PendingReason, Status, Ticket
from tickets.sla_replay import Happening
from tickets.sla_rules import Facts, Said

SETTLED = (StatusCategory.SOLVED, StatusCategory.CLOSED)
FIELDS = ("status", "priority", "team", "pending_reason")
VERBS = ("ticket.replied", "ticket.message_received", "ticket.deleted", "ticket.restored")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the log's keys mean: stages of statuses, reasons that stop the clocks, teams' ids."""

    stages: dict[str, str]
    pauses: dict[str, bool]
    teams: dict[str, int]

    @classmethod
    def of(cls, organization_id: int, teams: dict[str, int]) -> "Desk":
        """Queries: 2."""
        statuses = Status.objects.filter(organization_id=organization_id)
        reasons = PendingReason.objects.filter(organization_id=organization_id)
        return cls(
            dict(statuses.values_list("key", "category")),
            dict(reasons.values_list("key", "pauses_sla")),
            teams,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the log, as far as clocks care."""

    at: datetime
    verb: str
    field: str
    old: Any
    new: Any
    by_person: bool
    automatic: bool


def stories(tickets: Sequence[Ticket], desk: Desk) -> dict[int, list[Told]]:
    """Each ticket's past. Queries: 1."""
    rows = Change.objects.filter(ticket__in=tickets).order_by("ticket", "at", "pk")
    lines: dict[int, list[Line]] = defaultdict(list)
    for ticket_id, at, verb, field, old, new, kind, detail in rows.values_list(
        "ticket_id", "at", "verb", "field", "old", "new", "actor_kind", "detail"
    ):
        if field in FIELDS or verb in VERBS:
            automatic = bool((detail or {}).get("automatic"))
            line = Line(at, verb, field, old, new, kind == ActorKind.PERSON, automatic)
            lines[ticket_id].append(line)
    return {ticket.pk: story(ticket, lines[ticket.pk], desk) for ticket in tickets}


def story(ticket: Ticket, lines: Sequence[Line], desk: Desk) -> list[Told]:
    """One ticket's past: what it was when it came in, then after each change."""
    state: dict[str, Any] = {
        "status": ticket.status.key,
        "priority": ticket.priority,
        "team": str(ticket.team) if ticket.team else None,
        "pending_reason": ticket.pending_reason.key if ticket.pending_reason else None,
    }
    for line in reversed(lines):
        if line.field in state:
            state[line.field] = line.old
    responded, deleted = False, False
    found = [_told(ticket.created_at, state, desk, Said.NOBODY, responded, deleted)]
    for at, together in _moments(lines):
        said = Said.NOBODY
        for line in together:
            if line.field in state:
                state[line.field] = line.new
            if line.verb == "ticket.replied" and line.by_person:
                said, responded = Said.DESK, True
            elif line.verb == "ticket.message_received" and not line.automatic:
                said = said or Said.REQUESTER
            elif line.verb in ("ticket.deleted", "ticket.restored"):
                deleted = line.verb == "ticket.deleted"
        at = max(at, ticket.created_at)
        found.append(_told(at, state, desk, said, responded, deleted))
    return found


def _moments(lines: Sequence[Line]) -> Iterable[tuple[datetime, list[Line]]]:
    """Lines that were written together, in their order."""
    together: list[Line] = []
    for line in lines:
        if together and together[-1].at != line.at:
            yield together[-1].at, together
            together = []
        together.append(line)
    if together:
        yield together[-1].at, together


def _told(
    at: datetime, state: dict[str, Any], desk: Desk, said: Said, responded: bool, deleted: bool
) -> Told:
    stage = desk.stages.get(state["status"], StatusCategory.OPEN)
    reason = state["pending_reason"]
    team_id = desk.teams.get(state["team"] or "")
    facts = Facts(
        settled=stage in SETTLED,
        waiting=stage == StatusCategory.PENDING and desk.pauses.get(reason or "", True),
        deleted=deleted,
        responded=responded,
        team_id=team_id,
    )
    happening = Happening(at=at, facts=facts, said=said.value)
    return Told(happening, str(state["priority"]), team_id is not None)
