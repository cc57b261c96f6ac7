"""Linked tickets, their items and conflicts in the administration."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integrations.actions.linking import decide_conflict, try_again
from integrations.models import ExternalItem, ExternalLink, FieldConflict
from integrations.tasks import nudge_link
from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.actions.base import InvalidChange


@admin.register(ExternalLink)
class ExternalLinkAdmin(ReadOnly, TenantAdmin):
    """Which ticket is which over there, and how far behind."""

    list_display = ("__str__", "ticket", "channel", "state", "error", "due_at", "synced_at")
    list_filter = ("state", "channel")
    search_fields = ("remote_id", "display_id", "error", "ticket__subject")
    list_select_related = ("ticket", "channel")
    actions = ("look_now",)
    fields = (
        "channel", "ticket", "remote_id", "display_id", "address", "state", "error",
        "remote_version", "remote_changed_at", "local_version", "base", "due_at", "tries",
        "synced_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("address"))
    def address(self, link: ExternalLink) -> SafeString | str:
        """A link to the ticket over there."""
        if not link.url.startswith(("http://", "https://")):
            return link.url or "–"
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', link.url, link.url)

    @admin.action(description=_("Look now, and hand over again what was refused"))
    def look_now(self, request: HttpRequest, rows: QuerySet[ExternalLink]) -> None:
        """A worker looks at each of them."""
        count = 0
        for link in rows:
            nudge_link(try_again(link=link))
            count += 1
        self.message_user(request, _("%(count)d queued again.") % {"count": count})


@admin.register(ExternalItem)
class ExternalItemAdmin(ReadOnly, TenantAdmin):
    """Messages and files that are on both sides, or on their way from here."""

    list_display = ("link", "what", "remote_id", "came_in", "state", "error", "created_at")
    list_filter = ("state", "what", "came_in")
    search_fields = ("remote_id", "error", "link__remote_id", "link__display_id")
    list_select_related = ("link",)
    fields = (
        "link", "what", "remote_id", "came_in", "state", "error", "message", "attachment",
        "created_at",
    )  # fmt: skip
    readonly_fields = fields


@admin.register(FieldConflict)
class FieldConflictAdmin(ReadOnly, TenantAdmin):
    """Fields that both sides changed, and what was decided."""

    list_display = (
        "link", "field", "ours", "theirs", "theirs_shown", "verdict", "by_rule", "found_at",
    )  # fmt: skip
    list_filter = ("verdict", "by_rule", "field", "link__channel")
    search_fields = ("ours", "theirs", "link__remote_id", "link__display_id")
    list_select_related = ("link",)
    actions = ("use_ours", "keep_theirs")
    fields = (
        "link", "field", "ours", "theirs", "theirs_shown", "verdict", "by_rule", "decided_by",
        "found_at", "decided_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.action(description=_("Use ours"), permissions=["view"])
    def use_ours(self, request: HttpRequest, rows: QuerySet[FieldConflict]) -> None:
        """Our value is written over there."""
        self._decide(request, rows, "ours")

    @admin.action(description=_("Keep theirs"), permissions=["view"])
    def keep_theirs(self, request: HttpRequest, rows: QuerySet[FieldConflict]) -> None:
        """Their value is taken here."""
        self._decide(request, rows, "theirs")

    def _decide(self, request: HttpRequest, rows: QuerySet[FieldConflict], keep: str) -> None:
        for conflict in rows:
            try:
                nudge_link(decide_conflict(conflict=conflict, keep=keep, user_id=request.user.pk))
            except InvalidChange as problem:
                self.message_user(request, f"{conflict}: {problem}", messages.WARNING)
