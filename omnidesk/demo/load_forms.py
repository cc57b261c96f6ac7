"""Writes the demo desk's custom fields and request forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omnidesk.accounts.models import Organization, Team
from omnidesk.demo.content.fields import FIELDS, LANGUAGES, Texts
from omnidesk.demo.content.forms import FORMS, DemoForm
from tickets.models import (
    Category,
    ChecklistStep,
    ChecklistTemplate,
    CustomField,
    FormItem,
    FormTicket,
    RequestForm,
)


def write_forms(
    organization: Organization, categories: Mapping[str, Category], teams: Mapping[str, Team]
) -> None:
    """All of them, for one organization; its categories and teams by the demo desk's keys."""
    fields = {row.key: row for row in CustomField.objects.bulk_create(_fields(organization))}
    for position, form in enumerate(FORMS):
        row = RequestForm.objects.create(
            organization=organization,
            key=form.key,
            icon=form.icon,
            title=_words(form.title),
            summary=_words(form.summary),
            intro=_words(form.intro),
            subject=form.subject,
            category=categories[form.category],
            team=teams[form.team],
            asks_note=form.asks_note,
            position=position,
        )
        FormItem.objects.bulk_create(_items(row, form, fields))
        FormTicket.objects.bulk_create(_further(row, form, categories, teams))
        _write_steps(row, form)


def _write_steps(row: RequestForm, form: DemoForm) -> None:
    if not form.steps:
        return
    template = ChecklistTemplate.objects.create(
        organization_id=row.organization_id, name=form.title[0], form=row
    )
    ChecklistStep.objects.bulk_create(
        ChecklistStep(
            organization_id=row.organization_id,
            template=template,
            text=step.rstrip("*"),
            is_required=step.endswith("*"),
            position=position,
        )
        for position, step in enumerate(form.steps)
    )


def _fields(organization: Organization) -> list[CustomField]:
    return [
        CustomField(
            organization=organization,
            key=one.key,
            kind=one.kind,
            label=_words(one.label),
            help=_words(one.help),
            options=[{"value": key, "label": _words(texts)} for key, texts in one.options],
            shown_when=_conditions(one.shown_when),
            pattern=one.pattern,
            minimum=one.minimum,
            maximum=one.maximum,
            default=one.default,
            is_desk_only=one.desk_only,
            is_on_every_ticket=one.every_ticket,
            position=position,
        )
        for position, one in enumerate(FIELDS)
    ]


def _items(row: RequestForm, form: DemoForm, fields: Mapping[str, CustomField]) -> list[FormItem]:
    return [
        FormItem(
            organization_id=row.organization_id,
            form=row,
            field=fields[asked.rstrip("*")],
            is_required=asked.endswith("*"),
            position=position,
        )
        for position, asked in enumerate(form.asks)
    ]


def _further(
    row: RequestForm, form: DemoForm, categories: Mapping[str, Category], teams: Mapping[str, Team]
) -> list[FormTicket]:
    return [
        FormTicket(
            organization_id=row.organization_id,
            form=row,
            subject=one.subject,
            text=one.text,
            category=categories[one.category],
            team=teams[one.team],
            opened_when=_conditions(one.when),
            position=position,
        )
        for position, one in enumerate(form.further)
    ]


def _words(texts: Texts | None) -> dict[str, str]:
    return dict(zip(LANGUAGES, texts, strict=True)) if texts else {}


def _conditions(given: Sequence[tuple[str, tuple[str, ...]]]) -> list[dict[str, Any]]:
    return [{"field": name, "values": list(values)} for name, values in given]
