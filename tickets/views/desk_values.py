"""Form values of the property menus, turned into actions and words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.lifecycle import set_pending_reason, set_status
from tickets.actions.triage import Edit, edit_ticket
from tickets.actions.types import allowed_moves, stage_status
from tickets.choices import Priority, StatusCategory, Urgency
from tickets.models import Category, PendingReason, Status, Ticket, TicketType
from tickets.setup_selectors import agents_of

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Change:
    """The ticket after a change and the words for it."""

    ticket: Ticket
    text: str


Setter = Callable[[Ticket, Actor, str], Change]


def apply_value(ticket: Ticket, actor: Actor, field: str, value: str) -> Change:
    """Set `field` to what a form sent. Raises `InvalidChange`, or Http404 for another field."""
    setter = SETTERS.get(field)
    if setter is None:
        raise Http404
    return setter(ticket, actor, value)


def value_now(ticket: Ticket, field: str) -> str:
    """The form value that would bring the present state back, quoted for a URL."""
    reader = READERS.get(field)
    return quote(str(reader(ticket) or "")) if reader else ""


def may_return(ticket: Ticket, actor: Actor, before: Ticket) -> bool:
    """Whether the workflow lets `ticket` go back to the status it had `before`."""
    return before.status.key in allowed_moves(ticket, actor).steps


def _pick(rows: "QuerySet[M]", value: str) -> M | None:
    """The row a menu offered; "" is none of them."""
    if not value:
        return None
    row = rows.filter(pk=int(value)).first() if value.isdigit() and len(value) < 19 else None
    if row is None:
        raise InvalidChange(_("This choice is not there any more."))
    return row


def chosen_status(
    ticket: Ticket, actor: Actor, value: str
) -> tuple[Status | None, PendingReason | None]:
    """A status by its id, with a reason behind a slash where the menu offered one; or a stage."""
    chosen, _slash, why = value.partition("/")
    if value == StatusCategory.SOLVED:
        return stage_status(ticket, StatusCategory.SOLVED, actor), None
    statuses = Status.objects.filter(organization_id=ticket.organization_id)
    return _pick(statuses, chosen), _reason(ticket, why)


def _status(ticket: Ticket, actor: Actor, value: str) -> Change:
    status, reason = chosen_status(ticket, actor, value)
    if status is None:
        raise InvalidChange(_("Choose a status."), "status")
    changed = set_status(ticket=ticket, actor=actor, status=status, reason=reason)
    words = {"number": ticket.number, "status": status}
    return Change(changed, _("%(number)d: %(status)s") % words)


def _reason(ticket: Ticket, value: str) -> PendingReason | None:
    return _pick(PendingReason.objects.filter(organization_id=ticket.organization_id), value)


def _waits_for(ticket: Ticket, actor: Actor, value: str) -> Change:
    reason = _reason(ticket, value)
    changed = set_pending_reason(ticket=ticket, actor=actor, reason=reason)
    words = {"number": ticket.number, "reason": reason or _("nothing")}
    return Change(changed, _("%(number)d waits for: %(reason)s") % words)


def _type(ticket: Ticket, actor: Actor, value: str) -> Change:
    kinds = TicketType.objects.filter(organization_id=ticket.organization_id, is_active=True)
    kind = _pick(kinds, value)
    if kind is None:
        raise InvalidChange(_("Choose a type."), "type")
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(type=kind))
    return Change(changed, _("%(number)d: %(type)s") % {"number": ticket.number, "type": kind})


def _assignee(ticket: Ticket, actor: Actor, value: str) -> Change:
    if value == "me":
        value = str(actor.user.pk if actor.user else "")
    agent = _pick(agents_of(ticket.organization_id), value)
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(assignee=agent))
    words = {"number": ticket.number, "name": agent or _("nobody")}
    return Change(changed, _("%(number)d assigned to %(name)s") % words)


def _team(ticket: Ticket, actor: Actor, value: str) -> Change:
    teams = Team.objects.filter(organization_id=ticket.organization_id, is_active=True)
    team = _pick(teams, value)
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(team=team))
    words = {"number": ticket.number, "name": team or _("no team")}
    return Change(changed, _("%(number)d routed to %(name)s") % words)


def _category(ticket: Ticket, actor: Actor, value: str) -> Change:
    rows = Category.objects.filter(organization_id=ticket.organization_id, is_active=True)
    category = _pick(rows, value)
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(category=category))
    words = {"number": ticket.number, "name": category or _("no category")}
    return Change(changed, _("%(number)d: category %(name)s") % words)


def _priority(ticket: Ticket, actor: Actor, value: str) -> Change:
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(priority=value))
    words = {"number": ticket.number, "name": _label(Priority, value)}
    return Change(changed, _("%(number)d: priority %(name)s") % words)


def _urgency(ticket: Ticket, actor: Actor, value: str) -> Change:
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(urgency=value))
    words = {"number": ticket.number, "name": _label(Urgency, value)}
    return Change(changed, _("%(number)d: urgency %(name)s") % words)


def _tags(ticket: Ticket, actor: Actor, value: str) -> Change:
    names = [name.strip() for name in value.split(",")]
    changed = edit_ticket(ticket=ticket, actor=actor, edit=Edit(tags=names))
    return Change(changed, _("%(number)d: tags changed") % {"number": ticket.number})


def _label(choices: Any, value: str) -> Any:
    return dict(choices.choices).get(value, value)


SETTERS: dict[str, Setter] = {
    "type": _type,
    "status": _status,
    "waits": _waits_for,
    "assignee": _assignee,
    "team": _team,
    "category": _category,
    "priority": _priority,
    "urgency": _urgency,
    "tags": _tags,
}
READERS: dict[str, Callable[[Ticket], Any]] = {
    "type": lambda ticket: ticket.type_id,
    "status": lambda ticket: ticket.status_id,
    "waits": lambda ticket: ticket.pending_reason_id,
    "assignee": lambda ticket: ticket.assignee_id,
    "team": lambda ticket: ticket.team_id,
    "category": lambda ticket: ticket.category_id,
    "priority": lambda ticket: ticket.priority,
    "urgency": lambda ticket: ticket.urgency,
    "tags": lambda ticket: ",".join(ticket.tags.values_list("name", flat=True)),
}
