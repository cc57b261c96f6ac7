"""Outgoing webhooks and other helpdesks' requests in the administration."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integrations.actions.hooks import call_again, queue_test, resume_endpoints, rotate_secret
from integrations.hooks import WebhookCall, WebhookEndpoint
from integrations.mcpcalls import McpCall
from integrations.models import RemoteRequest
from integrations.tasks import nudge_call
from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.actions.base import InvalidChange

_ONCE = _("Secret of “%(name)s”, shown only this once: %(secret)s")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(TenantAdmin):
    """Addresses of other programs that are told what happens to tickets."""

    list_display = ("name", "url", "organization", "is_active", "last_success_at", "last_error")
    list_filter = ("is_active", "organization")
    search_fields = ("name", "url")
    list_select_related = ("organization",)
    actions = ("say_hello", "new_secret", "resume")
    readonly_fields = (
        "pause_reason", "failing_since", "last_success_at", "last_error", "old_secret_until",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("organization", "name", "url", "is_active")}),
        (_("What is told"), {"fields": ("events", "only_sources", "only_priorities")}),
        (_("Health"), {"fields": readonly_fields}),
    )

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool
    ) -> None:
        """A new one shows its secret once; switching on forgets why it was paused."""
        if obj.is_active:
            obj.pause_reason, obj.failing_since = "", None
        super().save_model(request, obj, form, change)
        if not change:
            words = _ONCE % {"name": obj.name, "secret": obj.secret}
            self.message_user(request, words, messages.WARNING)

    @admin.action(description=_("Send a test call"), permissions=["change"])
    def say_hello(self, request: HttpRequest, rows: QuerySet[WebhookEndpoint]) -> None:
        """A call that only says hello; its outcome is in the calls."""
        for row in rows:
            nudge_call(queue_test(row))
        self.message_user(request, _("Look at the webhook calls for what became of it."))

    @admin.action(description=_("Make a new secret"), permissions=["change"])
    def new_secret(self, request: HttpRequest, rows: QuerySet[WebhookEndpoint]) -> None:
        """The former one signs beside it for a day."""
        for row in rows:
            words = _ONCE % {"name": row.name, "secret": rotate_secret(row)}
            self.message_user(request, words, messages.WARNING)

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, rows: QuerySet[WebhookEndpoint]) -> None:
        """Let paused ones hear again."""
        again = resume_endpoints(list(rows.values_list("pk", flat=True)))
        self.message_user(request, _("%(count)d work again.") % {"count": again})


@admin.register(WebhookCall)
class WebhookCallAdmin(ReadOnly, TenantAdmin):
    """What was told to whom, and how it ended."""

    list_display = (
        "event", "endpoint", "state", "attempts", "status_code", "error", "created_at",
    )  # fmt: skip
    list_filter = ("state", "event", "endpoint")
    search_fields = ("message_id", "error", "endpoint__name")
    list_select_related = ("endpoint",)
    date_hierarchy = "created_at"
    actions = ("send_again",)

    @admin.action(description=_("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, rows: QuerySet[WebhookCall]) -> None:
        """With the same id: receivers that have it drop it."""
        again = 0
        for row in rows:
            try:
                nudge_call(call_again(row))
                again += 1
            except InvalidChange as problem:
                self.message_user(request, f"{row}: {problem}", messages.WARNING)
        self.message_user(request, _("%(count)d queued again.") % {"count": again})


@admin.register(RemoteRequest)
class RemoteRequestAdmin(ReadOnly, TenantAdmin):
    """Requests of other helpdesks, their tickets and what became of their context."""

    list_display = ("__str__", "channel", "ticket", "stage", "attempts", "error", "updated_at")
    list_filter = ("stage", "channel")
    search_fields = ("remote_id", "display_id", "error")
    list_select_related = ("channel", "ticket")


@admin.register(McpCall)
class McpCallAdmin(ReadOnly, TenantAdmin):
    """What programs did with whose key."""

    list_display = ("at", "user", "tool", "outcome", "ticket_number", "client", "credential")
    list_filter = ("outcome", "tool", "organization", "at")
    search_fields = ("user__email", "client", "credential", "words", "=ticket_number")
    list_select_related = ("user", "organization")
    date_hierarchy = "at"
