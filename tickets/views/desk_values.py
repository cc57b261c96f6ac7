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
from tickets.actions.catalog import default_status
from tickets.actions.lifecycle import set_status
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import Priority, StatusCategory, Urgency
from tickets.models import Category, Status, Ticket
from tickets.selectors import agents_of

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


def _pick(rows: "QuerySet[M]", value: str) -> M | None:
    """The row a menu offered; "" is none of them."""
    if not value:
        return None
    row = rows.filter(pk=int(value)).first() if value.isdigit() and len(value) < 19 else None
    if row is None:
        raise InvalidChange(_("This choice is not there any more."))
    return row


def _status(ticket: Ticket, actor: Actor, value: str) -> Change:
    statuses = Status.objects.filter(organization_id=ticket.organization_id)
    if value == StatusCategory.SOLVED:
        status: Status | None = default_status(ticket.organization_id, StatusCategory.SOLVED)
    else:
        status = _pick(statuses, value)
    if status is None:
        raise InvalidChange(_("Choose a status."), "status")
    changed = set_status(ticket=ticket, actor=actor, status=status)
    words = {"number": ticket.number, "status": _(status.name)}
    return Change(changed, _("%(number)d: %(status)s") % words)


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
    "status": _status,
    "assignee": _assignee,
    "team": _team,
    "category": _category,
    "priority": _priority,
    "urgency": _urgency,
    "tags": _tags,
}
READERS: dict[str, Callable[[Ticket], Any]] = {
    "status": lambda ticket: ticket.status_id,
    "assignee": lambda ticket: ticket.assignee_id,
    "team": lambda ticket: ticket.team_id,
    "category": lambda ticket: ticket.category_id,
    "priority": lambda ticket: ticket.priority,
    "urgency": lambda ticket: ticket.urgency,
    "tags": lambda ticket: ",".join(ticket.tags.values_list("name", flat=True)),
}
