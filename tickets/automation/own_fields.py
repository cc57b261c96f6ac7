"""An organization's custom fields as fields of the condition language: `custom.<key>`."""

from collections.abc import Iterable

from django.utils.translation import get_language

from tickets.conditions import Choice, Field, Kind, add_field_source
from tickets.facts import CUSTOM
from tickets.field_selectors import field_rules
from tickets.fields import FieldKind, in_words

_KINDS: dict[str, Kind] = {
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.YES_NO: Kind.FLAG,
    FieldKind.CHOICE: Kind.CHOICE,
    FieldKind.CHOICES: Kind.NAMES,
}


@add_field_source
def own_fields(organization_id: int) -> Iterable[Field]:
    """One field per definition (queries: 1); everything that is no list or number is text."""
    language = get_language() or "en"
    for rule in field_rules(organization_id):
        kind = _KINDS.get(rule.kind, Kind.TEXT)
        listed = kind is Kind.CHOICE
        choices = [
            Choice(one.value, in_words(one.label, language, one.value)) for one in rule.options
        ]
        yield Field(
            name=f"{CUSTOM}{rule.key}",
            kind=kind,
            label=rule.name(language),
            choices=tuple(choices) if listed else (),
            changes=True,
        )
