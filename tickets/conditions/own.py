"""A custom field as a field of the condition language: `custom.<key>`."""

from tickets.conditions.fields import Choice, Field, Kind
from tickets.fields import FieldKind, FieldRule, in_words

CUSTOM = "custom."
_KINDS: dict[str, Kind] = {
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.YES_NO: Kind.FLAG,
    FieldKind.CHOICE: Kind.CHOICE,
    FieldKind.CHOICES: Kind.NAMES,
}


def own_field(rule: FieldRule, language: str, *, changes: bool) -> Field:
    """The field of one definition; everything that is no list or number is text."""
    kind = _KINDS.get(rule.kind, Kind.TEXT)
    choices = [Choice(one.value, in_words(one.label, language, one.value)) for one in rule.options]
    return Field(
        name=f"{CUSTOM}{rule.key}",
        kind=kind,
        label=rule.name(language),
        choices=tuple(choices) if kind is Kind.CHOICE else (),
        changes=changes,
    )
