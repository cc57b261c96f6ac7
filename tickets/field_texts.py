"""Custom fields and text: read from a file or a URL, shown in words, put into templates. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tickets.fields import Condition, FieldError, FieldKind, FieldRule, Option, in_words

YES = {"yes", "true", "1", "y", "ja", "oui", "si", "sí", "x"}
NO = {"no", "false", "0", "n", "nein", "non"}
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def from_text(rule: FieldRule, text: str) -> Any:
    """What a spreadsheet's cell or a URL says, as the value it stands for; not yet checked.

    Options are found by key or by any of their labels; several are divided by `|` or `;`.
    """
    text = text.strip()
    if rule.kind == FieldKind.NUMBER:
        return _number(text)
    if rule.kind == FieldKind.YES_NO:
        return _yes_no(text)
    if rule.kind == FieldKind.CHOICE:
        return _find(rule, text)
    if rule.kind == FieldKind.CHOICES:
        return [_find(rule, part.strip()) for part in re.split(r"[|;]", text) if part.strip()]
    if rule.kind in (FieldKind.EMAIL, FieldKind.PERSON):
        return text.lower()
    return text


def _number(text: str) -> int | float:
    # "1234,5" is how most of Europe writes it; both signs at once would be a guess.
    plain = text.replace(",", ".") if "." not in text else text
    if not re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,12})?", plain, re.ASCII):
        raise FieldError(_("This takes a number."))
    return float(plain) if "." in plain else int(plain)


def _yes_no(text: str) -> bool:
    if text.casefold() in YES:
        return True
    if text.casefold() in NO:
        return False
    raise FieldError(_("This takes yes or no."))


def _find(rule: FieldRule, text: str) -> str:
    wanted = text.casefold()
    for option in rule.options:
        if wanted in {option.value.casefold(), *(t.casefold() for t in option.label.values())}:
            return option.value
    return text


def shown(rule: FieldRule | None, value: Any, language: str, zone: tzinfo) -> str:
    """A stored value in words; one without a definition as it is."""
    if isinstance(value, list):
        return ", ".join(_one(rule, one, language, zone) for one in value)
    return _one(rule, value, language, zone)


def _one(rule: FieldRule | None, value: Any, language: str, zone: tzinfo) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    text = str(value)
    if rule is None:
        return text
    if rule.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        label = next((o.label for o in rule.options if o.value == text), None)
        return in_words(label, language, text) if label is not None else text
    if rule.kind == FieldKind.NUMBER and rule.unit:
        return f"{text} {rule.unit}"
    return _moment(rule.kind, text, zone)


def _moment(kind: str, text: str, zone: tzinfo) -> str:
    try:
        if kind == FieldKind.DATE:
            return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")
        if kind == FieldKind.DATE_TIME:
            local = datetime.fromisoformat(text).astimezone(zone)
            return date_format(local, "SHORT_DATETIME_FORMAT")
    except (ValueError, OverflowError):
        # Stored before the field became a date: still readable.
        return text
    return text


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{name}` replaced; an unknown or empty name becomes nothing."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), template)


def unknown_names(template: str, known: Collection[str]) -> list[str]:
    """The placeholders of `template` that nobody will fill."""
    return sorted({name for name in PLACEHOLDER.findall(template) if name not in known})


def read_options(text: str, languages: Sequence[str]) -> tuple[Option, ...]:
    """Options written one a line: `key = English | German | ...`; the labels may be left out.

    Raises `FieldError` for a repeated or impossible key.
    """
    options: dict[str, Option] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        value, _equals, labels = line.partition("=")
        value = value.strip()
        if not re.fullmatch(r"[\w .:/+-]{1,60}", value):
            raise FieldError(_("“%(key)s” cannot be a key.") % {"key": value[:60]})
        if value in options:
            raise FieldError(_("“%(key)s” is there twice.") % {"key": value})
        words = [word.strip()[:120] for word in labels.split("|")]
        label = {c: w for c, w in zip(languages, words, strict=False) if w}
        options[value] = Option(value, label or {languages[0]: value})
    return tuple(options.values())


def write_options(options: Sequence[Option], languages: Sequence[str]) -> str:
    """Options as `read_options` takes them."""
    return "\n".join(
        f"{o.value} = " + " | ".join(o.label.get(c, "") for c in languages).rstrip(" |")
        for o in options
    )


def read_conditions(text: str) -> tuple[Condition, ...]:
    """Conditions written one a line: `category = VPN | Printing`; all of them must hold.

    Raises `FieldError` for a line that is none.
    """
    conditions = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, equals, values = line.partition("=")
        wanted = tuple(filter(None, (value.strip() for value in values.split("|"))))
        if not equals or not name.strip() or not wanted:
            raise FieldError(
                _("“%(line)s” is no condition. Write for example: category = Printing | Devices")
                % {"line": line[:80]}
            )
        conditions.append(Condition(name.strip(), wanted))
    return tuple(conditions)


def write_conditions(conditions: Sequence[Condition]) -> str:
    """Conditions as `read_conditions` takes them."""
    return "\n".join(f"{c.field} = {' | '.join(c.values)}" for c in conditions)
