"""Custom fields and the request catalogue in the administration."""

from typing import Any, ClassVar

from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantForm, TenantInline
from tickets.admin_inputs import WordsField, conditions_field, options_field
from tickets.field_config import definition_problems
from tickets.models import (
    CustomField,
    FormGroup,
    FormItem,
    FormSubmission,
    FormTicket,
    RequestForm,
    SubmittedTicket,
)

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


class FormGroupForm(TenantForm):
    """A heading in every language."""

    name = WordsField(label=_("Name"))


@admin.register(FormGroup)
class FormGroupAdmin(TenantAdmin):
    """Headings over the catalogue's tiles."""

    form = FormGroupForm
    list_display = ("__str__", "position", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("organization",)
    search_fields = ("name",)


class OwnedFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows that belong to their parent's organization, known before they are checked."""

    def full_clean(self) -> None:
        """Only now has the parent's form said which organization it is for."""
        for form in self.forms:
            form.instance.organization_id = self.instance.organization_id
        super().full_clean()


class FormItemForm(TenantForm):
    """A line of a form."""

    text = WordsField(label=_("Text instead"), limit=1000, lines=True, required=False)


class FormItemInline(TenantInline):
    """What a form asks and tells, in its order."""

    model = FormItem
    form = FormItemForm
    formset = OwnedFormSet
    fields = ("position", "field", "is_required", "text")


class FormTicketForm(TenantForm):
    """A further ticket."""

    opened_when = conditions_field(_("Only when"))


class FormTicketInline(TenantInline):
    """Tickets that a form opens under the first one."""

    model = FormTicket
    form = FormTicketForm
    formset = OwnedFormSet
    fields = ("position", "subject", "text", "category", "team", "opened_when")


class RequestFormForm(TenantForm):
    """A form with its words in every language."""

    title = WordsField(label=_("Title"))
    summary = WordsField(label=_("Line on the tile"), required=False)
    intro = WordsField(label=_("Text above the form"), limit=2000, lines=True, required=False)


@admin.register(RequestForm)
class RequestFormAdmin(TenantAdmin):
    """The request catalogue."""

    form = RequestFormForm
    list_display = (
        "__str__",
        "key",
        "group",
        "visible_to",
        "is_active",
        "position",
        "organization",
    )
    list_filter = ("is_active", "visible_to", BY_ORGANIZATION)
    list_select_related = ("organization", "group")
    search_fields = ("key", "title")
    inlines = (FormItemInline, FormTicketInline)
    fieldsets: ClassVar[Any] = (
        (
            None,
            {
                "fields": (
                    "organization", "key", "title", "summary", "intro", "icon", "group",
                    "position", "visible_to", "is_active",
                )
            },
        ),
        (
            _("The ticket it opens"),
            {
                "fields": (
                    "subject", "category", "team", "urgency", "impact", "asks_note", "takes_files",
                )
            },
        ),
    )  # fmt: skip


@admin.register(FormSubmission)
class FormSubmissionAdmin(ReadOnly, TenantAdmin):
    """Forms that were sent."""

    list_display = ("form", "person", "ticket", "created_at", "organization")
    list_filter = (("form", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION, "created_at")
    list_select_related = ("form", "person", "ticket", "organization")
    search_fields = ("person__email", "=ticket__number")


@admin.register(SubmittedTicket)
class SubmittedTicketAdmin(ReadOnly, TenantAdmin):
    """Further tickets that sent forms opened."""

    list_display = ("ticket", "submission", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("ticket", "submission__form", "organization")
    search_fields = ("=ticket__number", "ticket__subject")
