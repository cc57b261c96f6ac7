"""Bases of every app's administration, and the kernel's own tables.

An administrator may be an agent of other organizations as well: row-level security lets those
rows through, so the administration itself narrows everything to what the person administers.
"""

from typing import Any, ClassVar

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from omnidesk.core.models import IdempotencyKey, TenantModel


def administered(request: HttpRequest) -> frozenset[int]:
    """Ids of the organizations that the signed-in person administers."""
    user: Any = request.user
    ids: frozenset[int] = user.administered_organization_ids()
    return ids


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses rows that point into another organization."""

    def clean(self) -> dict[str, Any] | None:
        """Name every field that does not belong to the row's organization."""
        values = super().clean() or self.cleaned_data
        home = values.get("organization")
        home_id = home.pk if home else self.instance.organization_id
        for name, value in list(values.items()):
            if isinstance(value, TenantModel) and value.organization_id != home_id:
                self.add_error(name, _("This belongs to another organization."))
        return values


# What fields of many tables mean, where a table says nothing itself.
HELPS: dict[str, Any] = {
    "organization": gettext_lazy("Whose it is. It stays there."),
    "position": gettext_lazy("Lower numbers come first."),
    "is_active": gettext_lazy("Off: it is kept, but no longer offered or used."),
    "key": gettext_lazy("Stands in the API and in rules."),
    "slug": gettext_lazy("Stands in addresses: small letters, digits and hyphens."),
}


class Explained:
    """Fields say what they do: `helps` by name, else what the model says, else `HELPS`."""

    helps: ClassVar[dict[str, Any]] = {}

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """The control with its explanation."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None:
            usual = field.help_text or HELPS.get(db_field.name, "")
            field.help_text = self.helps.get(db_field.name, usual)
        return field


class _Narrowed(Explained):
    """Foreign keys that offer only rows of administered organizations."""

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Narrow the choices; validation uses the same queryset."""
        related: type[Model] = db_field.remote_field.model
        manager = related._default_manager
        if related is apps.get_model(settings.ORGANIZATION_MODEL):
            kwargs["queryset"] = manager.filter(pk__in=administered(request))
        elif issubclass(related, TenantModel):
            kwargs["queryset"] = manager.filter(organization_id__in=administered(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class TenantAdmin(_Narrowed, ModelAdmin):  # type: ignore[misc]
    """Rows of administered organizations; a row never moves to another organization."""

    form = TenantForm
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only rows of organizations that the person administers."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(organization_id__in=administered(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The organization is chosen once."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "organization") if obj else fields


class TenantInline(_Narrowed, TabularInline):  # type: ignore[misc]
    """Rows under a parent of the same organization."""

    extra = 0


class TenantStackedInline(_Narrowed, StackedInline):  # type: ignore[misc]
    """The same where a row has too many fields to stand in a line."""

    extra = 0


class ReadOnly:
    """For rows that only the application itself writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """What was changed in this administration, by whom, with filters; nobody alters it here.

    Its rows belong to no organization, so only those who administer the installation see them;
    what happens to tickets stands in the change log, by organization.
    """

    list_display = (
        "action_time", "user", "action_flag", "content_type", "object_repr", "get_change_message",
    )  # fmt: skip
    list_filter = ("action_flag", "action_time", ("content_type", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "content_type")
    list_per_page = 50
    search_fields = ("object_repr", "change_message", "user__email", "user__name", "=object_id")
    date_hierarchy = "action_time"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators of the installation."""
        return self._is_owner(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators of the installation."""
        return self._is_owner(request)

    def _is_owner(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_superuser)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Remembered answers of the API, kept for a day; their bodies are not shown."""

    list_display = ("key", "user", "status_code", "created_at")
    list_filter = ("status_code", "created_at")
    list_select_related = ("user",)
    search_fields = ("key", "user__email")
    exclude: ClassVar[tuple[str, ...]] = ("body", "headers")
