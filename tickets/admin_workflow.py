"""Ticket types, their workflows and the priority matrix in the administration."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantForm, TenantInline
from tickets.actions.schedule import reschedule_closing
from tickets.actions.types import custom_keys, publish_workflow
from tickets.models import (
    DeskSettings,
    Merge,
    PriorityCell,
    Status,
    TicketLink,
    TicketType,
    Transition,
    TypeStatus,
)
from tickets.workflow import CUSTOM, REQUIRABLE, Step, Workflow, is_requirable, problems

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


class TypeForm(TenantForm):
    """A type with its statuses; the moves below it are checked together with them."""

    chosen = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Statuses"),
        queryset=Status.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("What a ticket of this type may be set to."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["chosen"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 - declared above
        rows = Status.objects.all()
        if self.instance.pk:
            rows = rows.filter(organization_id=self.instance.organization_id)
            field.initial = list(self.instance.statuses.values_list("pk", flat=True))
        field.queryset = rows.select_related("organization")

    def clean(self) -> dict[str, Any] | None:
        """Every status must be the organization's own, and the first one of them."""
        values = super().clean() or self.cleaned_data
        home = values.get("organization")
        home_id = home.pk if home else self.instance.organization_id
        chosen = list(values.get("chosen") or ())
        if any(status.organization_id != home_id for status in chosen):
            self.add_error("chosen", _("This belongs to another organization."))
        # The inline form below reads them: a workflow makes sense only as a whole.
        self.instance.offered = chosen
        return values


class MoveForm(TenantForm):
    """One allowed move; what it needs is written as words with commas."""

    requires = forms.CharField(
        label=gettext_lazy("needs"),
        required=False,
        help_text=gettext_lazy("Fields with commas between them, for example: category, note."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["requires"] = ", ".join(self.instance.requires or ())

    def clean_requires(self) -> list[str]:
        """Known names alone, each once."""
        given = self.cleaned_data["requires"].split(",")
        names = list(dict.fromkeys(name.strip() for name in given if name.strip()))
        unknown = [name for name in names if not is_requirable(name)]
        if unknown:
            known = ", ".join([*REQUIRABLE, f"{CUSTOM}…"])
            words = _("“%(name)s” cannot be required. Known are: %(known)s.")
            raise forms.ValidationError(words % {"name": unknown[0], "known": known})
        return names


class MoveFormSet(forms.models.BaseInlineFormSet):  # type: ignore[type-arg]
    """All moves of a type: refused together where a ticket could get lost in them."""

    def full_clean(self) -> None:
        """A move belongs to the type's organization, which is known once the type was read."""
        for form in self.forms:
            form.instance.organization_id = self.instance.organization_id
        super().full_clean()

    def clean(self) -> None:
        """Say in words what would make the workflow unusable."""
        super().clean()
        offered = getattr(self.instance, "offered", None)
        if offered is None or any(self.errors):
            return
        statuses = sorted(offered, key=lambda status: (status.position, status.pk))
        start = self.instance.start
        workflow = Workflow(
            start=start.key if start else "",
            stages={status.key: status.category for status in statuses},
            steps=tuple(self._steps()),
        )
        names = {status.key: str(status) for status in Status.objects.filter(
            organization_id=self.instance.organization_id
        )}  # fmt: skip
        wrong = problems(workflow, names, custom_keys(self.instance.organization_id))
        if wrong:
            raise forms.ValidationError([problem.words for problem in wrong])

    def _steps(self) -> list[Step]:
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data]
        return [
            Step(
                row["source"].key if row.get("source") else None,
                row["target"].key,
                row["role"],
                tuple(row.get("requires") or ()),
            )
            for row in rows
            if not row.get("DELETE") and row.get("target")
        ]


class MoveInline(TenantInline):
    """The allowed moves. Without any, every move is allowed."""

    model = Transition
    form = MoveForm
    formset = MoveFormSet
    fields = ("source", "target", "role", "requires")
    verbose_name_plural = gettext_lazy("allowed moves (none: every move is allowed)")


@admin.register(TicketType)
class TicketTypeAdmin(TenantAdmin):
    """Kinds of tickets, each with its workflow."""

    form = TypeForm
    list_display = (
        "name", "key", "start", "is_default", "is_active", "standing", "organization",
    )  # fmt: skip
    list_filter = ("is_default", "is_active", BY_ORGANIZATION)
    list_select_related = ("organization", "start")
    search_fields = ("name", "key")
    exclude = ("statuses",)
    inlines = (MoveInline,)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, kind: TicketType) -> str:
        """What makes its workflow unusable, such as a status without a way out or a field that is
        gone (no step asks for that any more)."""
        if not kind.workflow:
            return _("In force")
        custom = custom_keys(kind.organization_id)
        found = problems(Workflow.from_data(kind.workflow), custom=custom)
        return str(found[0].words) if found else _("In force")

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Moves belong to the type's organization."""
        for row in formset.save(commit=False):
            row.organization_id = form.instance.organization_id
            row.save()
        for row in formset.deleted_objects:
            row.delete()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The statuses, then the moves; then the whole comes into force."""
        kind, chosen = form.instance, form.cleaned_data["chosen"]
        TypeStatus.objects.filter(type=kind).exclude(status__in=chosen).delete()
        TypeStatus.objects.bulk_create(
            (
                TypeStatus(organization_id=kind.organization_id, type=kind, status=status)
                for status in chosen
            ),
            ignore_conflicts=True,
        )
        super().save_related(request, form, formsets, change)
        publish_workflow(kind)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A type that tickets have, or that new ones get, stays; make it inactive instead."""
        if obj is not None and (obj.is_default or obj.tickets.exists()):
            return False
        return bool(super().has_delete_permission(request, obj))


@admin.register(PriorityCell)
class PriorityCellAdmin(TenantAdmin):
    """The matrix of urgency and impact; a change counts for new decisions, not for old ones."""

    list_display = ("urgency", "impact", "priority", "organization")
    list_editable = ("priority",)
    list_filter = ("urgency", "impact", BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("urgency", "impact", "priority")


@admin.register(DeskSettings)
class DeskSettingsAdmin(TenantAdmin):
    """When solved tickets close, and until when an answer opens them again."""

    list_display = ("organization", "auto_close_days", "late_reply_days", "calendar")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("organization", "calendar")
    search_fields = ("organization__name",)

    def save_model(self, request: HttpRequest, obj: DeskSettings, form: Any, change: bool) -> None:
        """The tickets that are solved already follow the new number of days."""
        super().save_model(request, obj, form, change)
        if "auto_close_days" in form.changed_data or not change:
            moved = reschedule_closing(obj.organization_id)
            text = ngettext(
                "%d solved ticket was planned anew.", "%d solved tickets were planned anew.", moved
            )
            self.message_user(request, text % moved, messages.INFO)


@admin.register(TicketLink)
class TicketLinkAdmin(ReadOnly, TenantAdmin):
    """How tickets hang together; links are made and removed on the ticket's page."""

    list_display = ("source", "kind", "target", "created_by", "created_at", "organization")
    list_filter = ("kind", BY_ORGANIZATION, "created_at")
    list_select_related = ("source", "target", "created_by", "organization")
    search_fields = ("=source__number", "=target__number")


@admin.register(Merge)
class MergeAdmin(ReadOnly, TenantAdmin):
    """Which ticket was merged into which, by whom, and whether it was undone."""

    list_display = ("loser", "winner", "created_by", "created_at", "undone_at", "organization")
    list_filter = (("undone_at", admin.EmptyFieldListFilter), BY_ORGANIZATION, "created_at")
    list_select_related = ("loser", "winner", "created_by", "organization")
    search_fields = ("=loser__number", "=winner__number", "created_by__email")
