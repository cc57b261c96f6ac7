"""An organization's custom fields: what its tickets say beyond the fields everybody has."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.field_config import definition_problems
from tickets.fields import Condition, FieldKind, FieldRule, Option
from tickets.models.catalog import Category


def conditions_of(stored: Any) -> tuple[Condition, ...]:
    """Conditions out of their JSON."""
    return tuple(Condition(one["field"], tuple(one["values"])) for one in stored or ())


class CustomField(TenantModel, TimestampedModel):
    """A definition. Values lie in `Ticket.custom_fields` under `key` and outlive it."""

    key = models.CharField(
        _("key"),
        max_length=40,
        help_text=_("The name for the API, imports and templates, such as cost_centre. It stays."),
    )
    label = models.JSONField(_("name"), default=dict)
    help = models.JSONField(_("help text"), default=dict, blank=True)
    kind = models.CharField(_("type"), max_length=10, choices=FieldKind.choices)
    options = models.JSONField(_("list"), default=list, blank=True)
    default = models.CharField(
        _("default"), max_length=300, blank=True, help_text=_("What forms start with.")
    )
    unit = models.CharField(_("unit"), max_length=20, blank=True, help_text=_("Of a number."))
    minimum = models.FloatField(_("smallest number"), null=True, blank=True)
    maximum = models.FloatField(_("largest number"), null=True, blank=True)
    pattern = models.CharField(
        _("pattern"),
        max_length=200,
        blank=True,
        help_text=_("A regular expression for the whole text, such as NW-[LP]\\d{4}."),
    )
    is_required = models.BooleanField(_("required"), default=False)
    required_when = models.JSONField(_("required when"), default=list, blank=True)
    shown_when = models.JSONField(_("shown when"), default=list, blank=True)
    is_desk_only = models.BooleanField(
        _("for the desk only"), default=False, help_text=_("Requesters neither see nor set it.")
    )
    is_on_every_ticket = models.BooleanField(
        _("on every ticket"),
        default=True,
        help_text=_("Off: only the catalogue's forms that name it ask for it."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering: ClassVar[list[str]] = ["position", "key"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "key"], name="tickets_field_key_once")
        ]

    def __str__(self) -> str:
        return self.rule.name(get_language() or "en")

    @property
    def rule(self) -> FieldRule:
        """The definition as the pure rules take it."""
        return FieldRule(
            key=self.key,
            kind=self.kind,
            label=self.label,
            help=self.help,
            options=tuple(Option(one["value"], one["label"]) for one in self.options),
            required=self.is_required,
            desk_only=self.is_desk_only,
            on_every_ticket=self.is_on_every_ticket,
            default=self.default,
            unit=self.unit,
            minimum=self.minimum,
            maximum=self.maximum,
            pattern=self.pattern,
            shown_when=conditions_of(self.shown_when),
            required_when=conditions_of(self.required_when),
        )

    def clean(self) -> None:
        """Refuse a definition that could not work. Queries: 2 (other fields, categories)."""
        super().clean()
        if not self.organization_id:
            return
        others = CustomField.objects.filter(organization_id=self.organization_id)
        keys = set(others.exclude(pk=self.pk).values_list("key", flat=True))
        names = Category.objects.filter(organization_id=self.organization_id)
        problems = definition_problems(
            self.rule, keys=keys, categories=set(names.values_list("name", flat=True))
        )
        if problems:
            raise ValidationError({name: [text] for name, text in problems.items()})
