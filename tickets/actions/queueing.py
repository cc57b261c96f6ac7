"""The queue of what event rules are asked about: written in the change's own transaction.

Whoever writes the log writes here, so nothing that happened is lost with a dying process; the
event after commit only nudges a worker, and a sweep finds what was not nudged.
"""

from collections.abc import Sequence

from omnidesk.core.events import publish
from tickets.events import RulesDue
from tickets.models import Change, Rule, RuleEvent

# Verbs of the log and what they are to a rule; any other verb with a field is "changed".
_TRIGGERS = {
    "ticket.opened": Rule.Trigger.OPENED,
    "ticket.message_received": Rule.Trigger.MESSAGE,
    "ticket.replied": Rule.Trigger.REPLIED,
    "ticket.noted": Rule.Trigger.NOTED,
    "ticket.ai_done": Rule.Trigger.AI_READ,
}
_ORDER = [*_TRIGGERS.values(), Rule.Trigger.CHANGED]


def triggers_of(rows: Sequence[Change]) -> list[str]:
    """What log rows of one change are to rules, the main thing first; empty for none of it."""
    found = {_TRIGGERS.get(row.verb) for row in rows}
    if any(row.field for row in rows):
        found.add(Rule.Trigger.CHANGED)
    return [trigger.value for trigger in _ORDER if trigger in found]


def queue_for_rules(rows: Sequence[Change], *, chain: tuple[int, ...]) -> None:
    """Put one change into the queue, where its organization has event rules (queries: 1 to 2)."""
    triggers = triggers_of(rows)
    if not triggers:
        return
    first = rows[0]
    rules = Rule.objects.filter(
        organization_id=first.organization_id, kind=Rule.Kind.EVENT, is_active=True
    )
    if not rules.exists():
        return
    RuleEvent.objects.create(
        organization_id=first.organization_id,
        ticket_id=first.ticket_id,
        triggers=triggers,
        changes=[row.pk for row in rows],
        chain=list(chain),
        created_at=first.at,
        available_at=first.at,
    )
    publish(RulesDue(organization_id=first.organization_id, ticket_id=first.ticket_id))
