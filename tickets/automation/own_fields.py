"""An organization's custom fields as fields of the condition language: `custom.<key>`."""

from collections.abc import Iterable

from tickets.conditions import Choice, Field, Kind, add_field_source
from tickets.facts import CUSTOM
from tickets.fields import FieldKind
from tickets.models import CustomField

_KINDS = {
    FieldKind.NUMBER.value: Kind.NUMBER,
    FieldKind.YES_NO.value: Kind.FLAG,
    FieldKind.CHOICE.value: Kind.CHOICE,
    FieldKind.CHOICES.value: Kind.NAMES,
}


@add_field_source
def own_fields(organization_id: int) -> Iterable[Field]:
    """One field per definition (queries: 1); everything that is no list or number is text."""
    for row in CustomField.objects.filter(organization_id=organization_id):
        kind = _KINDS.get(row.kind, Kind.TEXT)
        listed = kind is Kind.CHOICE
        choices = [Choice(o.value, o.label.get("en", o.value)) for o in row.rule.options]
        yield Field(
            name=f"{CUSTOM}{row.key}",
            kind=kind,
            label=str(row),
            choices=tuple(choices) if listed else (),
            changes=True,
        )
