"""The one gate through which custom fields reach a ticket."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import get_language

from omnidesk.accounts.roles import Role
from tickets.actions.base import Actor, InvalidChange
from tickets.choices import ActorKind
from tickets.field_selectors import facts_about, field_rules, is_member, ticket_facts
from tickets.fields import Checked, FieldRule, check_values
from tickets.models import Category, Ticket


class InvalidFields(InvalidChange):
    """Custom fields that cannot be stored; `errors` names each by its key."""

    def __init__(self, errors: Mapping[str, str], rules: Sequence[FieldRule]) -> None:
        names = {rule.key: rule.name(get_language() or "en") for rule in rules}
        lines = [f"{names.get(key, key)}: {text}" for key, text in errors.items()]
        super().__init__(" ".join(lines[:20]), "custom_fields")
        self.errors = dict(errors)


def checked_fields(ticket: Ticket, actor: Actor, given: Mapping[str, Any]) -> dict[str, Any]:
    """A locked ticket's custom fields with `given` merged in, or `InvalidFields`. Queries: 1+."""
    rules = field_rules(ticket.organization_id)
    checked = check_values(
        rules,
        given,
        facts=ticket_facts(ticket),
        kept=ticket.custom_fields,
        by_desk=acts_for_desk(actor, ticket.organization_id),
        is_person=lambda email: is_member(ticket.organization_id, email),
    )
    return _values(checked, rules)


def new_fields(
    organization_id: int,
    actor: Actor,
    given: Mapping[str, Any],
    *,
    category: Category | None,
    complete: bool,
    rules: Sequence[FieldRule] | None = None,
) -> dict[str, Any]:
    """A new ticket's custom fields, or `InvalidFields`.

    `complete` demands what is required of fields on every ticket, or of `rules` where a form
    brings its own.
    """
    known = field_rules(organization_id) if rules is None else list(rules)
    asked = (
        known if rules is not None else [r for r in known if r.on_every_ticket or r.key in given]
    )
    checked = check_values(
        asked,
        given,
        facts=facts_about(category),
        by_desk=acts_for_desk(actor, organization_id),
        complete=complete,
        is_person=lambda email: is_member(organization_id, email),
    )
    return _values(checked, known)


def _values(checked: Checked, rules: Sequence[FieldRule]) -> dict[str, Any]:
    if checked.errors:
        raise InvalidFields(checked.errors, rules)
    return checked.values


def acts_for_desk(actor: Actor, organization_id: int) -> bool:
    """Whether the actor may set what requesters may not: agents, and machines."""
    if actor.kind != ActorKind.PERSON or actor.user is None:
        return True
    return actor.user.has_role(organization_id, Role.AGENT)
