"""Form controls for custom fields: the same for the portal and the desk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tickets.actions.fields import InvalidFields
from tickets.field_selectors import is_member, ticket_facts
from tickets.field_texts import from_text
from tickets.fields import (
    LONGEST_LINE,
    LONGEST_MATCHED,
    LONGEST_TEXT,
    LONGEST_URL,
    Facts,
    FieldError,
    FieldKind,
    FieldRule,
    check_values,
    facts_of,
    in_words,
    is_empty,
)
from tickets.models import Ticket

PREFIX = "f_"
# Fewer options are shown as cards, more as a menu.
MOST_CARDS = 4


class AskedForm(forms.Form):
    """A form that asks custom fields, beside whatever a subclass declares.

    `values()` are the given values by key, JSON as it is stored. What conditions hide is left
    out. An edit passes what is `kept` now and demands nothing else.
    """

    def __init__(
        self,
        *args: Any,
        rules: Sequence[FieldRule] = (),
        facts: Facts | None = None,
        kept: Mapping[str, Any] | None = None,
        complete: bool = True,
        by_desk: bool = False,
        is_person: Callable[[str], bool] = lambda email: True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rules, self.facts, self.kept = list(rules), facts or {}, kept
        self.complete, self.by_desk, self.is_person = complete, by_desk, is_person
        language = get_language() or "en"
        for rule in self.rules:
            self.fields[PREFIX + rule.key] = _control(rule, kept, language)

    @property
    def facts_json(self) -> str:
        """What the page's script needs for conditions."""
        return json.dumps({name: list(values) for name, values in self.facts.items()})

    def values(self) -> dict[str, Any]:
        """What was given, without fields that are not asked; None empties one."""
        given = {
            rule.key: _stored(rule, self.cleaned_data[PREFIX + rule.key])
            for rule in self.rules
            if PREFIX + rule.key in self.cleaned_data
        }
        facts = {**self.facts, **facts_of({k: v for k, v in given.items() if not is_empty(v)})}
        return {rule.key: given[rule.key] for rule in self.rules if rule.key in given
                and rule.is_shown(facts)}  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """Put every custom field's problem beside it."""
        super().clean()
        checked = check_values(
            self.rules,
            self.values(),
            facts=self.facts,
            kept=self.kept,
            by_desk=self.by_desk,
            complete=self.complete,
            is_person=self.is_person,
        )
        self._add(checked.errors)
        return self.cleaned_data

    def show(self, refusal: InvalidFields) -> None:
        """Put what the action refused beside its fields."""
        self._add(refusal.errors)

    def _add(self, errors: Mapping[str, str]) -> None:
        for key, text in errors.items():
            name = PREFIX + key
            if name not in self.fields:
                self.add_error(None, f"{key}: {text}")
            elif name not in self.errors:
                self.add_error(name, text)


def edit_form(rules: Sequence[FieldRule], ticket: Ticket, data: Any = None) -> AskedForm:
    """The form of a ticket's details for an agent: fields of every ticket, and filled ones."""
    values = ticket.custom_fields
    asked = [rule for rule in rules if rule.on_every_ticket or rule.key in values]
    return AskedForm(
        data,
        rules=asked,
        facts=ticket_facts(ticket),
        kept=values,
        complete=False,
        by_desk=True,
        is_person=lambda email: is_member(ticket.organization_id, email),
        auto_id="id_%s",
    )


def _control(rule: FieldRule, kept: Mapping[str, Any] | None, language: str) -> forms.Field:
    field = _CONTROLS[rule.kind](rule, language)
    field.label = rule.name(language)
    field.required = False
    hints = [in_words(rule.help, language), rule.unit]
    if rule.required:
        field.widget.attrs["aria-required"] = "true"
    elif not rule.required_when:
        hints.append(_("optional"))
    field.help_text = ", ".join(filter(None, hints))
    field.initial = _initial(rule, kept)
    if rule.shown_when:
        field.when = json.dumps(  # type: ignore[attr-defined]
            [{"field": c.field, "values": list(c.values)} for c in rule.shown_when]
        )
    return field


def _initial(rule: FieldRule, kept: Mapping[str, Any] | None) -> Any:
    if kept is not None:
        value = kept.get(rule.key)
    else:
        try:
            value = from_text(rule, rule.default) if rule.default else None
        except FieldError:
            value = None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if rule.kind == FieldKind.DATE_TIME and isinstance(value, str):
        try:
            return timezone.localtime(datetime.fromisoformat(value))
        except ValueError:
            return None
    return value


def _stored(rule: FieldRule, value: Any) -> Any:
    """A cleaned form value as JSON."""
    if is_empty(value):
        return None
    if rule.kind == FieldKind.YES_NO:
        return value == "yes"
    if rule.kind == FieldKind.DATE_TIME:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if rule.kind == FieldKind.DATE:
        return value.isoformat()
    if rule.kind == FieldKind.NUMBER:
        return int(value) if float(value).is_integer() else value
    return value


def _line(limit: int, **attrs: str) -> Callable[[FieldRule, str], forms.Field]:
    def make(rule: FieldRule, language: str) -> forms.Field:
        return forms.CharField(max_length=limit, widget=forms.TextInput(attrs=attrs))

    return make


def _lines(rule: FieldRule, language: str) -> forms.Field:
    return forms.CharField(max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3}))


def _number(rule: FieldRule, language: str) -> forms.Field:
    return forms.FloatField(
        error_messages={"invalid": gettext_lazy("This takes a number.")},
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


def _date(rule: FieldRule, language: str) -> forms.Field:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("This takes a date such as 2026-03-31.")},
    )


def _date_time(rule: FieldRule, language: str) -> forms.Field:
    return forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )


def _yes_no(rule: FieldRule, language: str) -> forms.Field:
    return forms.ChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=forms.RadioSelect(attrs={"class": "radio"}),
    )


def _choice(rule: FieldRule, language: str) -> forms.Field:
    options = [(o.value, in_words(o.label, language, o.value)) for o in rule.options]
    if rule.required and len(options) <= MOST_CARDS:
        return forms.ChoiceField(
            choices=options, widget=forms.RadioSelect(attrs={"class": "radio"})
        )
    return forms.ChoiceField(choices=[("", _("Choose")), *options])


def _choices(rule: FieldRule, language: str) -> forms.Field:
    return forms.MultipleChoiceField(
        choices=[(o.value, in_words(o.label, language, o.value)) for o in rule.options],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
    )


_CONTROLS: dict[str, Callable[[FieldRule, str], forms.Field]] = {
    FieldKind.TEXT: _line(LONGEST_LINE),
    FieldKind.LONG_TEXT: _lines,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.DATE_TIME: _date_time,
    FieldKind.YES_NO: _yes_no,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.PERSON: _line(254, type="email", autocomplete="off"),
    FieldKind.EMAIL: _line(254, type="email", autocomplete="off"),
    FieldKind.URL: _line(LONGEST_URL, type="url"),
    FieldKind.PATTERN: _line(LONGEST_MATCHED),
}
