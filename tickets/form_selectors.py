"""Reads of the request catalogue, each with its number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.http import Http404

from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from tickets.fields import FieldRule
from tickets.models import (
    ChecklistItem,
    CustomField,
    FormItem,
    RequestForm,
    SubmittedTicket,
    Ticket,
)


@dataclass(frozen=True, slots=True)
class TileGroup:
    """Tiles under one heading; without a name there is no heading."""

    name: str
    forms: list[RequestForm]


def visible_forms(user: User, organization_id: int) -> QuerySet[RequestForm]:
    """The active forms of an organization that a person of this role may send. Queries: 1."""
    roles = [role.value for role in Role if user.has_role(organization_id, role)]
    return RequestForm.objects.filter(
        organization_id=organization_id, is_active=True, visible_to__in=roles
    ).select_related("group")


def catalogue(user: User, organization_id: int) -> list[TileGroup]:
    """The tiles by group, those without one first. Queries: 1."""
    groups: dict[int, TileGroup] = {}
    rows = visible_forms(user, organization_id)
    for form in sorted(rows, key=lambda f: (f.group.position + 1 if f.group else 0, f.position)):
        name = str(form.group) if form.group else ""
        groups.setdefault(form.group_id or 0, TileGroup(name, [])).forms.append(form)
    return list(groups.values())


def access_form(user: User, organization_id: int, key: str) -> RequestForm:
    """One form that the person may send, or 404. Queries: 1."""
    forms = visible_forms(user, organization_id).select_related("group", "category", "team")
    form = forms.filter(key=key).first()
    if form is None:
        raise Http404
    return form


def form_items(form: RequestForm) -> list[FormItem]:
    """A form's lines in their order, with their fields. Queries: 1."""
    return list(form.items.select_related("field"))


def form_rules(items: Sequence[FormItem], *, by_desk: bool) -> list[FieldRule]:
    """What a form asks one person: the fields' rules, required where the form says so."""
    return [
        _rule(item.field, item)
        for item in items
        if item.field and (by_desk or not item.field.is_desk_only)
    ]


def _rule(field: CustomField, item: FormItem) -> FieldRule:
    return replace(field.rule, required=field.is_required or item.is_required)


@dataclass(frozen=True, slots=True)
class Family:
    """Tickets that one sent form opened together, as seen from one of them."""

    parent: Ticket | None
    children: list[Ticket]


def family_of(ticket: Ticket) -> Family:
    """The ticket above, or those below. Queries: 2."""
    link = (
        SubmittedTicket.objects.filter(ticket=ticket)
        .select_related("submission__ticket__status")
        .first()
    )
    if link is not None:
        return Family(link.submission.ticket, [])
    links = SubmittedTicket.objects.filter(submission__ticket=ticket, ticket__deleted_at=None)
    children = [row.ticket for row in links.select_related("ticket__status").order_by("pk")]
    return Family(None, children)


def checklist_of(ticket: Ticket) -> list[ChecklistItem]:
    """The steps in their order, with who ticked them. Queries: 1."""
    return list(ticket.checklist.select_related("done_by"))
