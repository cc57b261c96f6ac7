"""Custom fields: what a value may be, when a field is asked, and how values are checked.

Pure: no database. The page, the portal, the API and the import check values here alone.
Values are JSON: text, number, true or false, a list of option keys; dates are ISO 8601, times
carry an offset, people are their e-mail address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.text import clean_text, one_line

LONGEST_LINE = 300
LONGEST_TEXT = 10_000
LONGEST_URL = 2_000
LONGEST_MATCHED = 200
LARGEST_NUMBER = 10**15
MOST_LISTED = 30
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What a condition may look at besides other fields.
FACTS = ("category", "type")

Words = Mapping[str, str]
Facts = Mapping[str, Collection[str]]


class FieldKind(models.TextChoices):
    """What a custom field holds."""

    TEXT = "text", gettext_lazy("Text, one line")
    LONG_TEXT = "long_text", gettext_lazy("Text, several lines")
    NUMBER = "number", gettext_lazy("Number")
    DATE = "date", gettext_lazy("Date")
    DATE_TIME = "date_time", gettext_lazy("Date and time")
    YES_NO = "yes_no", gettext_lazy("Yes or no")
    CHOICE = "choice", gettext_lazy("One of a list")
    CHOICES = "choices", gettext_lazy("Several of a list")
    PERSON = "person", gettext_lazy("Person")
    EMAIL = "email", gettext_lazy("E-mail address")
    URL = "url", gettext_lazy("Web address")
    PATTERN = "pattern", gettext_lazy("Text of a pattern")


class FieldError(ValueError):
    """A value that does not fit its field; the message is one sentence."""


def in_words(words: Words, language: str, fallback: str = "") -> str:
    """The text in `language`, else in English, else in any language, else `fallback`."""
    for code in (language, language[:2], "en"):
        if words.get(code):
            return words[code]
    return next((text for text in words.values() if text), fallback)


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list: `value` is stored, `label` is shown."""

    value: str
    label: Words


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where `field` (a fact or another custom field) has one of `values`."""

    field: str
    values: tuple[str, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether any of the values is there; an unknown field has none, so it never holds."""
        wanted = {value.casefold() for value in self.values}
        return any(value.casefold() in wanted for value in facts.get(self.field, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """A definition, as far as values are concerned."""

    key: str
    kind: str
    label: Words = field(default_factory=dict[str, str])
    help: Words = field(default_factory=dict[str, str])
    options: tuple[Option, ...] = ()
    required: bool = False
    desk_only: bool = False
    on_every_ticket: bool = True
    default: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    shown_when: tuple[Condition, ...] = ()
    required_when: tuple[Condition, ...] = ()

    def name(self, language: str = "") -> str:
        """The label in a language, or the key where nobody wrote one."""
        return in_words(self.label, language, self.key)

    def is_shown(self, facts: Facts) -> bool:
        """Whether the field is asked, given what else is known."""
        return all(condition.holds(facts) for condition in self.shown_when)

    def is_required(self, facts: Facts) -> bool:
        """Whether it must be filled in, given what else is known."""
        if not self.is_shown(facts):
            return False
        if self.required:
            return True
        return bool(self.required_when) and all(c.holds(facts) for c in self.required_when)


@dataclass(slots=True)
class Checked:
    """The values to store, and what is wrong by key."""

    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict[str, str])


def check_values(
    rules: Sequence[FieldRule],
    given: Mapping[str, Any],
    *,
    facts: Facts,
    kept: Mapping[str, Any] | None = None,
    by_desk: bool = True,
    complete: bool = False,
    is_person: Callable[[str], bool] = lambda email: True,
) -> Checked:
    """Put `given` over `kept`: a null or empty value removes, an equal one stays untouched.

    A value whose definition is gone may stay but not change. `complete` also demands every
    required field that is shown; otherwise only a required one may not be emptied.
    """
    known = {rule.key: rule for rule in rules if by_desk or not rule.desk_only}
    checked = Checked(dict(kept or {}))
    changed = {k: v for k, v in given.items() if not _same(checked.values.get(k), v)}
    for key, value in changed.items():
        rule = known.get(key)
        if rule is None:
            checked.errors[key] = _unknown(known)
        elif is_empty(value):
            checked.values.pop(key, None)
        else:
            try:
                checked.values[key] = check_value(rule, value, is_person)
            except FieldError as error:
                checked.errors[key] = str(error)
    _check_conditions(known, changed, checked, facts, complete=complete)
    return checked


def _check_conditions(
    known: Mapping[str, FieldRule], changed: Mapping[str, Any], checked: Checked, facts: Facts,
    *, complete: bool,
) -> None:  # fmt: skip
    everything = {**facts, **facts_of(checked.values)}
    for key, rule in known.items():
        if key in checked.errors:
            continue
        filled = key in checked.values
        if filled and key in changed and not rule.is_shown(everything):
            checked.errors[key] = _("This field is not asked here.")
        elif not filled and (complete or key in changed) and rule.is_required(everything):
            checked.errors[key] = _("Fill this in.")


def facts_of(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Stored values as conditions compare them: texts, `yes` and `no` for true and false."""
    return {key: [_plain(v) for v in _many(value)] for key, value in values.items()}


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def is_empty(value: Any) -> bool:
    """Whether a value says nothing: null, blank text, an empty list."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and old == new and old is not None


def _unknown(known: Mapping[str, FieldRule]) -> str:
    names = ", ".join(list(known)[:MOST_LISTED]) or _("(there are none yet)")
    return _("There is no such field. There is: %(known)s.") % {"known": names}


def check_value(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> Any:
    """One value as it is stored. Raises `FieldError` with a sentence."""
    return _CHECKS[rule.kind](rule, value, is_person)


def _text(value: Any, limit: int, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        raise FieldError(_("This takes text."))
    if len(value) > limit:
        raise FieldError(_("At most %(limit)d characters.") % {"limit": limit})
    return clean_text(value).strip() if lines else one_line(value, limit)


def _check_text(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    return _text(value, LONGEST_LINE)


def _check_long_text(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    return _text(value, LONGEST_TEXT, lines=True)


def _check_number(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise FieldError(_("This takes a number."))
    low = -LARGEST_NUMBER if rule.minimum is None else rule.minimum
    high = LARGEST_NUMBER if rule.maximum is None else rule.maximum
    if not low <= value <= high:
        raise FieldError(
            _("This takes a number from %(low)s to %(high)s.") % {"low": _n(low), "high": _n(high)}
        )
    return int(value) if float(value).is_integer() else value


def _n(value: float) -> str:
    return f"{value:g}" if abs(value) < LARGEST_NUMBER else f"{value:.0f}"


def _check_date(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise FieldError(_("This takes a date such as 2026-03-31."))


def _check_date_time(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            pass
    raise FieldError(_("This takes a time with an offset, such as 2026-03-31T14:30:00+02:00."))


def _check_yes_no(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> bool:
    if not isinstance(value, bool):
        raise FieldError(_("This takes true or false."))
    return value


def _option(rule: FieldRule, value: Any) -> str:
    known = [option.value for option in rule.options]
    if not isinstance(value, str) or value not in known:
        raise FieldError(
            _("This takes one of: %(known)s.") % {"known": ", ".join(known[:MOST_LISTED])}
        )
    return value


def _check_choice(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    return _option(rule, value)


def _check_choices(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> list[str]:
    if not isinstance(value, list) or len(value) > len(rule.options):
        raise FieldError(_("This takes a list without repeats."))
    wanted = {_option(rule, one) for one in value}
    return [option.value for option in rule.options if option.value in wanted]


def _check_email(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    text = _text(value, 254).lower()
    try:
        validate_email(text)
    except ValidationError:
        raise FieldError(_("This takes a full e-mail address.")) from None
    return text


def _check_person(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    email = _check_email(rule, value, is_person)
    if not is_person(email):
        raise FieldError(_("Nobody here has this e-mail address."))
    return email


def _check_url(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    text = _text(value, LONGEST_URL)
    try:
        URLValidator(schemes=["http", "https"])(text)
    except ValidationError:
        raise FieldError(_("This takes a web address that begins with https://.")) from None
    return text


def _check_pattern(rule: FieldRule, value: Any, is_person: Callable[[str], bool]) -> str:
    text = _text(value, LONGEST_MATCHED)
    if not re.fullmatch(rule.pattern, text):
        raise FieldError(_("This does not have the form that is asked for."))
    return text


_CHECKS: dict[str, Callable[[FieldRule, Any, Callable[[str], bool]], Any]] = {
    FieldKind.TEXT: _check_text,
    FieldKind.LONG_TEXT: _check_long_text,
    FieldKind.NUMBER: _check_number,
    FieldKind.DATE: _check_date,
    FieldKind.DATE_TIME: _check_date_time,
    FieldKind.YES_NO: _check_yes_no,
    FieldKind.CHOICE: _check_choice,
    FieldKind.CHOICES: _check_choices,
    FieldKind.PERSON: _check_person,
    FieldKind.EMAIL: _check_email,
    FieldKind.URL: _check_url,
    FieldKind.PATTERN: _check_pattern,
}


def desk_only_keys(rules: Iterable[FieldRule]) -> frozenset[str]:
    """Keys that requesters must not see."""
    return frozenset(rule.key for rule in rules if rule.desk_only)
