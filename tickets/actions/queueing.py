"""The queue of what event rules are asked about: written in the change's own transaction.

Whoever writes the log writes here, so nothing that happened is lost with a dying process; the
event after commit only nudges a worker, and a sweep finds what was not nudged.
"""

from collections.abc import Sequence
from typing import Protocol

from omnidesk.core.events import publish
from tickets.events import RulesDue
from tickets.facts import CLOCK_VERBS
from tickets.models import Change, Rule, RuleEvent

# Verbs of the log and what they are to a rule; any other verb with a field is "changed".
_TRIGGERS = {
    "ticket.opened": Rule.Trigger.OPENED,
    "ticket.message_received": Rule.Trigger.MESSAGE,
    "ticket.replied": Rule.Trigger.REPLIED,
    "ticket.noted": Rule.Trigger.NOTED,
    "ticket.ai_done": Rule.Trigger.AI_READ,
    "ticket.sla_warned": Rule.Trigger.SLA_NEAR,
    "ticket.sla_breached": Rule.Trigger.SLA_LATE,
    "ticket.sla_escalated": Rule.Trigger.SLA_STEP,
}
_ORDER = [*_TRIGGERS.values(), Rule.Trigger.CHANGED]


# What others keep in step with a change is no change of its own.
_FOLLOWS = frozenset({"ticket.sla_changed"})


class Logged(Protocol):
    """What a line of the log says of itself."""

    @property
    def verb(self) -> str:
        """What happened."""

    @property
    def field(self) -> str:
        """The field that changed, if one did."""


def triggers_of(rows: Sequence[Logged]) -> list[str]:
    """What log rows of one change are to rules, the main thing first; empty for none of it."""
    found = {_TRIGGERS.get(row.verb) for row in rows}
    if any(row.field and row.verb not in _FOLLOWS for row in rows):
        found.add(Rule.Trigger.CHANGED)
    return [trigger.value for trigger in _ORDER if trigger in found]


def happenings(rows: Sequence[Change]) -> list[list[Change]]:
    """Log rows that were written together, by what rules are asked about as one.

    All that changed on a ticket is one thing; each of its clocks is one of its own, so that a
    rule knows which agreed time it acts on.
    """
    found: dict[tuple[int, int], list[Change]] = {}
    for row in rows:
        own = row.pk if row.verb in CLOCK_VERBS else 0
        found.setdefault((row.ticket_id, own), []).append(row)
    return list(found.values())


def queue_for_rules(
    rows: Sequence[Change], *, chain: tuple[int, ...], has_rules: bool | None = None
) -> None:
    """Put what happened to one ticket or to several into the queue (queries: 0 to 2).

    Only where the organization has event rules at all: `has_rules` where that is known.
    """
    events = [(found, own) for own in happenings(rows) if (found := triggers_of(own))]
    if not events:
        return
    organization_id, at = rows[0].organization_id, rows[0].at
    rules = Rule.objects.filter(
        organization_id=organization_id, kind=Rule.Kind.EVENT, is_active=True
    )
    if not (rules.exists() if has_rules is None else has_rules):
        return
    RuleEvent.objects.bulk_create(
        RuleEvent(
            organization_id=organization_id,
            ticket_id=own[0].ticket_id,
            triggers=triggers,
            changes=[row.pk for row in own],
            chain=list(chain),
            created_at=at,
            available_at=at,
        )
        for triggers, own in events
    )
    for ticket_id in dict.fromkeys(own[0].ticket_id for _triggers, own in events):
        publish(RulesDue(organization_id=organization_id, ticket_id=ticket_id))
