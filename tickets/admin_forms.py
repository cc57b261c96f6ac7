"""Custom fields in the administration."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from omnidesk.core.admin import TenantAdmin, TenantForm
from tickets.admin_inputs import WordsField, conditions_field, options_field
from tickets.field_config import definition_problems
from tickets.models import CustomField

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


class CustomFieldForm(TenantForm):
    """A definition, with its words in every language."""

    label = WordsField(label=_("Name"))
    help = WordsField(label=_("Help text"), limit=300, required=False)
    options = options_field(_("List"))
    shown_when = conditions_field(_("Shown when"))
    required_when = conditions_field(_("Required when"))


@admin.register(CustomField)
class CustomFieldAdmin(TenantAdmin):
    """What an organization's tickets say beyond the fields everybody has.

    Deleting a definition keeps its values on the tickets: they stay readable for the desk.
    """

    form = CustomFieldForm
    list_display = (
        "name", "key", "kind", "is_required", "is_desk_only", "is_on_every_ticket", "position",
        "problem", "organization",
    )  # fmt: skip
    list_filter = (
        "kind", "is_required", "is_desk_only", "is_on_every_ticket", BY_ORGANIZATION,
    )  # fmt: skip
    list_select_related = ("organization",)
    search_fields = ("key", "label")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("organization", "key", "kind", "label", "help", "position")}),
        (
            _("What it takes"),
            {"fields": ("options", "unit", "minimum", "maximum", "pattern", "default")},
        ),
        (
            _("When and for whom"),
            {
                "fields": (
                    "is_on_every_ticket", "is_required", "required_when", "shown_when",
                    "is_desk_only",
                )
            },
        ),
    )  # fmt: skip

    def get_readonly_fields(self, request: Any, obj: Any = None) -> tuple[str, ...]:
        """Key and type stay: stored values depend on them."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "key", "kind") if obj else fields

    @admin.display(description=_("name"), ordering="key")
    def name(self, row: CustomField) -> str:
        """In the reader's language."""
        return str(row)

    @admin.display(description=_("warning"))
    def problem(self, row: CustomField) -> str:
        """Why the field does not do what it was meant to, since something else was removed."""
        named = {c.field for c in (*row.rule.shown_when, *row.rule.required_when)}
        keys = CustomField.objects.filter(organization_id=row.organization_id, key__in=named)
        found = definition_problems(row.rule, keys=set(keys.values_list("key", flat=True)))
        return " ".join(found.values())
