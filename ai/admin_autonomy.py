"""Autonomy in the administration: levels and answers to look at, and the one switch."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from ai.actions.switch import ONLY, allow_again, stop_all
from ai.models import (
    AutomaticAnswer,
    AutomaticSwitch,
    Autonomy,
    AutonomyChange,
    Backtest,
    Rebuild,
)
from omnidesk.core.admin import ReadOnly, TenantAdmin

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


@admin.register(Autonomy)
class AutonomyAdmin(ReadOnly, TenantAdmin):
    """Levels of categories; leads change them on the desk, where the evidence stands."""

    list_display = ("category", "level", "floor", "approved_by", "approved_at", "organization")
    list_filter = ("level", BY_ORGANIZATION)
    list_select_related = ("category", "approved_by", "organization")
    search_fields = ("category__name",)


@admin.register(AutonomyChange)
class AutonomyChangeAdmin(ReadOnly, TenantAdmin):
    """Every rise and fall, with its reason."""

    list_display = ("at", "category", "old", "new", "by", "reason", "words", "organization")
    list_filter = ("new", "reason", BY_ORGANIZATION, "at")
    list_select_related = ("category", "by", "organization")
    search_fields = ("category__name", "words")


@admin.register(AutomaticAnswer)
class AutomaticAnswerAdmin(ReadOnly, TenantAdmin):
    """What would be, or was, answered without a person, and what it was worth."""

    list_display = (
        "ticket", "category", "level", "state", "reason", "outcome", "is_right", "likeness",
        "created_at",
    )  # fmt: skip
    list_filter = ("state", "outcome", "is_right", "level", "reason", BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "category", "organization")
    search_fields = ("ticket__subject", "text")


@admin.register(Backtest)
class BacktestAdmin(ReadOnly, TenantAdmin):
    """Replays of past tickets; their pages are on the desk."""

    list_display = ("pk", "organization", "state", "most", "requested_by", "created_at")
    list_filter = ("state", BY_ORGANIZATION, "created_at")
    list_select_related = ("organization", "requested_by")
    search_fields = ("error",)
    exclude = ("cases",)


class OwnersAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows of no organization: for the installation's administrators alone."""

    def _is_owner(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators of the installation."""
        return self._is_owner(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators of the installation."""
        return self._is_owner(request)


@admin.register(Rebuild)
class RebuildAdmin(ReadOnly, OwnersAdmin):
    """Rebuilds of the search index; they are begun and stopped on the desk's AI page."""

    list_display = (
        "pk", "state", "quantization", "progress", "done", "total", "requested_by", "created_at",
        "finished_at", "error",
    )  # fmt: skip
    list_filter = ("state", "quantization", "created_at")
    list_select_related = ("requested_by",)
    search_fields = ("error", "base")


@admin.register(AutomaticSwitch)
class AutomaticSwitchAdmin(OwnersAdmin):
    """The one switch: for the installation's administrators, by two actions that act at once."""

    list_display = ("__str__", "stopped_at", "stopped_by", "reason")
    search_fields = ("reason",)
    list_filter = ("stopped_at",)
    readonly_fields = ("stopped_at", "stopped_by")
    fieldsets = (
        (
            None,
            {
                "fields": ("stopped_at", "stopped_by", "reason"),
                "description": _(
                    "While it is stopped, nothing is answered without a person anywhere in this "
                    "installation. Answers that wait are not sent, not even later. Saving this "
                    "form keeps the reason; stop or allow by the actions of the list."
                ),
            },
        ),
    )
    actions = ("stop", "allow")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators of the installation."""
        return self._is_owner(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It stays."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        """The one row, made when it is first looked for."""
        AutomaticSwitch.objects.get_or_create(pk=ONLY)
        return super().get_queryset(request)

    @admin.action(description=_("Stop all automatic answers now"), permissions=["change"])
    def stop(self, request: HttpRequest, rows: Any) -> None:
        """Throw the switch."""
        user: Any = request.user
        count = stop_all(user=user, reason="")
        self.message_user(request, _("Stopped. Answers that waited: %(n)d") % {"n": count})

    @admin.action(description=_("Allow automatic answers again"), permissions=["change"])
    def allow(self, request: HttpRequest, rows: Any) -> None:
        """Let them go on."""
        user: Any = request.user
        allow_again(user=user)
        self.message_user(request, _("Automatic answers are allowed again"))
