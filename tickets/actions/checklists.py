"""What happens to the checklist of a ticket. Everything is logged; the order is free."""

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.choices import StatusCategory
from tickets.models import ChecklistItem, ChecklistTemplate, RequestForm, Status, Ticket

MOST_ITEMS = 100
SETTLED = (StatusCategory.SOLVED, StatusCategory.CLOSED)


@transaction.atomic
def add_item(*, ticket: Ticket, actor: Actor, text: str, required: bool = False) -> ChecklistItem:
    """Add a step at the end."""
    ticket = locked(ticket)
    text = one_line(text)
    if not text:
        raise InvalidChange(_("Say what is to be done."), "text")
    _refuse_too_many(ticket, 1)
    item = ChecklistItem.objects.create(
        organization_id=ticket.organization_id,
        ticket=ticket,
        text=text,
        is_required=required,
        position=_next_position(ticket),
    )
    record(ticket, actor, FieldChange("checklist.added", "checklist", None, text))
    return item


@transaction.atomic
def attach_template(*, ticket: Ticket, actor: Actor, template: ChecklistTemplate) -> int:
    """Add a template's steps; one that is there already adds nothing. Returns how many."""
    ticket = locked(ticket)
    added = attach(ticket, [template])
    if added:
        record(ticket, actor, FieldChange("checklist.attached", "checklist", None, template.name))
    return added


def attach(ticket: Ticket, templates: list[ChecklistTemplate]) -> int:
    """Write the steps of templates that the ticket does not have yet; the caller logs."""
    there = set(ticket.checklist.values_list("template_id", flat=True))
    position = _next_position(ticket)
    items: list[ChecklistItem] = []
    for template in templates:
        if template.organization_id != ticket.organization_id:
            raise InvalidChange(_("This checklist belongs to another organization."), "checklist")
        if template.pk in there:
            continue
        for step in template.steps.all():
            items.append(
                ChecklistItem(
                    organization_id=ticket.organization_id,
                    ticket=ticket,
                    template=template,
                    text=step.text,
                    is_required=step.is_required,
                    position=position + len(items),
                )
            )
    _refuse_too_many(ticket, len(items))
    ChecklistItem.objects.bulk_create(items)
    return len(items)


def attach_matching(ticket: Ticket, *, form: RequestForm | None = None) -> list[FieldChange]:
    """Attach what a ticket's category or form asks for, without saving; returns what to log.

    Queries: 1, and 3 where something is attached.
    """
    wanted = Q(category_id=ticket.category_id) if ticket.category_id else Q()
    if form is not None:
        wanted |= Q(form=form)
    if not wanted:
        return []
    templates = ChecklistTemplate.objects.filter(
        wanted, organization_id=ticket.organization_id, is_active=True
    )
    found = list(templates.prefetch_related("steps"))
    if not found or not attach(ticket, found):
        return []
    names = ", ".join(template.name for template in found)
    return [FieldChange("checklist.attached", "checklist", None, names)]


@transaction.atomic
def tick_item(*, ticket: Ticket, actor: Actor, item_id: int, done: bool) -> ChecklistItem:
    """Tick a step, or take the tick away; the same twice changes nothing."""
    ticket = locked(ticket)
    item = _item(ticket, item_id)
    if done == (item.done_at is not None):
        return item
    item.done_at, item.done_by = (now(), actor.user) if done else (None, None)
    item.save(update_fields=["done_at", "done_by"])
    verb = "checklist.ticked" if done else "checklist.unticked"
    record(ticket, actor, FieldChange(verb, "checklist", None, item.text))
    return item


@transaction.atomic
def remove_item(*, ticket: Ticket, actor: Actor, item_id: int) -> None:
    """Take a step off the list; a required one only a lead may."""
    ticket = locked(ticket)
    item = _item(ticket, item_id)
    if item.is_required and not _leads(actor.user, ticket):
        raise InvalidChange(_("Only a lead takes a required step off the list."), "checklist")
    item.delete()
    record(ticket, actor, FieldChange("checklist.removed", "checklist", item.text, None))


def _leads(user: User | None, ticket: Ticket) -> bool:
    return user is None or user.has_role(ticket.organization_id, Role.LEAD)


@transaction.atomic
def move_item(*, ticket: Ticket, actor: Actor, item_id: int, by: int) -> None:
    """Move a step up (-1) or down (1); at an end it stays."""
    ticket = locked(ticket)
    item = _item(ticket, item_id)
    items = list(ticket.checklist.all())
    place = items.index(item)
    target = min(max(place + by, 0), len(items) - 1)
    items.insert(target, items.pop(place))
    for position, row in enumerate(items):
        row.position = position
    ChecklistItem.objects.bulk_update(items, ["position"])
    if target != place:
        record(ticket, actor, FieldChange("checklist.moved", "checklist", None, item.text))


def refuse_open_items(ticket: Ticket, actor: Actor, status: Status) -> None:
    """Raise `InvalidChange` where the desk would solve a ticket with required steps open.

    The requester may always say that it works. Queries: 1 when solving.
    """
    if status.category not in SETTLED or ticket.status_category in SETTLED:
        return
    if actor.user is not None and not actor.user.has_role(ticket.organization_id, Role.AGENT):
        return
    items = ticket.checklist.filter(is_required=True, done_at=None)
    texts = list(items.values_list("text", flat=True)[:MOST_ITEMS])
    if texts:
        words = ngettext(
            "%(count)d required step is open: %(first)s.",
            "%(count)d required steps are open, the first: %(first)s.",
            len(texts),
        )
        raise InvalidChange(words % {"count": len(texts), "first": texts[0]}, "status")


def _item(ticket: Ticket, item_id: int) -> ChecklistItem:
    item = ticket.checklist.filter(pk=item_id).first()
    if item is None:
        raise InvalidChange(_("This step is not on the list any more."), "checklist")
    return item


def _next_position(ticket: Ticket) -> int:
    last = ticket.checklist.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _refuse_too_many(ticket: Ticket, more: int) -> None:
    if more and ticket.checklist.count() + more > MOST_ITEMS:
        raise InvalidChange(
            _("A checklist may have at most %(limit)d steps.") % {"limit": MOST_ITEMS}, "checklist"
        )
