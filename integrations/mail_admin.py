"""What administrators decide about mail: where it goes."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from integrations.alarms import usual_patterns
from integrations.models import Alarm, AlarmPattern, BlockedSender, MailRoute, Rethreading
from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantForm


class MailRouteForm(TenantForm):
    """A route may lead into another organization, if the person administers both."""

    class Meta:
        model = MailRoute
        fields = "__all__"

    def clean(self) -> dict[str, Any] | None:
        """The field offers only mailboxes of administered organizations; that is enough for it."""
        values = self.cleaned_data
        other = values.pop("to_channel", None)
        checked = super().clean() or values
        return {**checked, "to_channel": other}


@admin.register(MailRoute)
class MailRouteAdmin(TenantAdmin):
    """By the part behind the + or by a header field: which team, which mailbox."""

    form = MailRouteForm
    list_display = (
        "channel", "position", "header", "pattern", "team", "category", "to_channel",
    )  # fmt: skip
    list_display_links = ("channel", "pattern")
    list_filter = ("channel",)
    list_select_related = ("channel", "team", "category", "to_channel")
    search_fields = ("header", "pattern")
    fields: ClassVar[tuple[str, ...]] = (
        "organization", "channel", "position", "header", "pattern", "team", "category",
        "to_channel",
    )  # fmt: skip


@admin.register(Rethreading)
class RethreadingAdmin(ReadOnly, TenantAdmin):
    """Mails that people put on another ticket."""

    list_display = ("receipt", "from_ticket", "to_ticket", "moved_by", "moved_at", "undone_at")
    list_filter = ("organization", ("undone_at", admin.EmptyFieldListFilter))
    list_select_related = ("receipt", "from_ticket", "to_ticket", "moved_by")
    search_fields = ("receipt__subject", "receipt__sender")


@admin.register(AlarmPattern)
class AlarmPatternAdmin(TenantAdmin):
    """How mails of monitoring systems look. Without any the usual ones count."""

    list_display = ("name", "subject", "line", "sender", "is_active", "organization")
    list_filter = ("is_active", "organization")
    list_select_related = ("organization",)
    search_fields = ("name", "subject")
    list_before_template = "admin/integrations/alarmpattern/usual.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the usual patterns on top, to read."""
        context = {**(extra_context or {}), "usual_patterns": usual_patterns()}
        page: HttpResponse = super().changelist_view(request, context)
        return page


@admin.register(Alarm)
class AlarmAdmin(ReadOnly, TenantAdmin):
    """What monitoring systems raised, by host and service."""

    list_display = (
        "host",
        "service",
        "state",
        "is_open",
        "count",
        "ticket",
        "opened_at",
        "last_at",
    )
    list_filter = ("is_open", "in_storm", "organization")
    list_select_related = ("ticket",)
    search_fields = ("host", "service", "sender")


@admin.register(BlockedSender)
class BlockedSenderAdmin(TenantAdmin):
    """Whose mail waits in quarantine, and why."""

    list_display = ("sender", "reason", "organization", "created_at")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    search_fields = ("sender", "reason")
