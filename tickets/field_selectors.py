"""Reads of custom fields, each with its number of queries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.errors import BadInput
from tickets.access import works_on
from tickets.field_texts import from_text, shown
from tickets.fields import FieldError, FieldKind, FieldRule, check_value, facts_of
from tickets.models import Category, CustomField, Ticket, TicketQuerySet

PREFIX = "field."


def field_rules(organization_id: int) -> list[FieldRule]:
    """An organization's definitions in their order. Queries: 1."""
    return [f.rule for f in CustomField.objects.filter(organization_id=organization_id)]


def asked_rules(organization_id: int) -> list[FieldRule]:
    """What a requester is asked on every ticket. Queries: 1."""
    return [r for r in field_rules(organization_id) if r.on_every_ticket and not r.desk_only]


def facts_about(category: Category | None) -> dict[str, list[str]]:
    """What conditions may look at besides other fields."""
    return {"category": [category.name] if category else []}


def ticket_facts(ticket: Ticket) -> dict[str, list[str]]:
    """What is known of a ticket for the conditions of its fields."""
    facts = facts_about(ticket.category)
    return {**facts, "type": [ticket.type.key, str(ticket.type)]} if ticket.type else facts


def is_member(organization_id: int, email: str) -> bool:
    """Whether an active person of the organization has this address. Queries: 1."""
    people = User.objects.filter(is_active=True, memberships__organization_id=organization_id)
    return people.filter(email=email.lower()).exists()


@dataclass(frozen=True, slots=True)
class ShownField:
    """One line of a ticket's details: the value in words, and the rule where there is one yet."""

    key: str
    label: str
    text: str
    value: Any
    rule: FieldRule | None

    @property
    def is_link(self) -> bool:
        """Whether the value may be followed."""
        return self.rule is not None and self.rule.kind == FieldKind.URL


def shown_fields(
    rules: Collection[FieldRule], ticket: Ticket, user: User, *, empty: bool = False
) -> list[ShownField]:
    """The fields of a ticket that `user` may read; values without a definition come last.

    `empty` includes fields that are asked on every such ticket and have no value yet. Queries: 0.
    """
    language, zone = get_language() or "en", ZoneInfo(user.timezone or "UTC")
    values, works = ticket.custom_fields, works_on(user, ticket)
    facts = {**ticket_facts(ticket), **facts_of(values)}
    lines = []
    for rule in rules:
        if rule.desk_only and not works:
            continue
        asked = empty and rule.on_every_ticket and rule.is_shown(facts)
        if rule.key in values or asked:
            value = values.get(rule.key)
            text = shown(rule, value, language, zone) if rule.key in values else ""
            lines.append(ShownField(rule.key, rule.name(language), text, value, rule))
    known = {rule.key for rule in rules}
    if works:
        # Whose they were nobody can say any more: the desk alone reads them.
        lines += [
            ShownField(key, key, shown(None, value, language, zone), value, None)
            for key, value in values.items()
            if key not in known
        ]
    return lines


def readable_values(
    rules: Mapping[str, FieldRule], ticket: Ticket, *, works: bool
) -> dict[str, Any]:
    """A ticket's raw values as one may see them: the desk all, a requester the asked ones."""
    if works:
        return dict(ticket.custom_fields)
    return {
        key: value
        for key, value in ticket.custom_fields.items()
        if key in rules and not rules[key].desk_only
    }


def filter_by_fields(
    tickets: TicketQuerySet, wanted: Mapping[str, Collection[str]], user: User
) -> TicketQuerySet:
    """`tickets` whose custom field has one of the wanted values, each key on its own.

    The same key may mean different things in two organizations: each is read by its own
    definition. Fields that only the desk sees filter only where the person works. Raises
    `BadInput` naming an unknown key or a value that does not fit. Queries: 1.
    """
    if not wanted:
        return tickets
    definitions = CustomField.objects.filter(
        key__in=list(wanted), organization_id__in=user.visible_organization_ids()
    )
    staffed = user.staffed_organization_ids()
    by_key: dict[str, list[CustomField]] = {}
    for definition in definitions:
        if not definition.is_desk_only or definition.organization_id in staffed:
            by_key.setdefault(definition.key, []).append(definition)
    for key, texts in wanted.items():
        if key not in by_key:
            raise BadInput(_("There is no custom field of this name."), PREFIX + key)
        tickets = tickets.filter(_matches(key, by_key[key], texts))
    return tickets


def _matches(key: str, definitions: list[CustomField], texts: Collection[str]) -> Q:
    found, problem = Q(), ""
    for definition in definitions:
        rule = definition.rule
        for text in texts:
            try:
                value = from_text(rule, text)
                value = check_value(rule, value, lambda email: True)
            except FieldError as error:
                problem = str(error)
                continue
            found |= Q(
                organization_id=definition.organization_id, custom_fields__contains={key: value}
            )
    if not found:
        raise BadInput(problem, PREFIX + key)
    return found
