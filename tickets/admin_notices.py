"""Notifications in the administration: to look at, except what people want to be told."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.models import (
    Letter,
    LetterLine,
    Mention,
    NoticedFact,
    Notification,
    NotificationSettings,
    Watch,
)

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


@admin.register(Watch)
class WatchAdmin(ReadOnly, TenantAdmin):
    """Who follows which ticket."""

    list_display = ("ticket", "user", "created_at", "organization")
    list_filter = (BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "user", "organization")
    search_fields = ("=ticket__number", "user__email", "user__name")


@admin.register(Mention)
class MentionAdmin(ReadOnly, TenantAdmin):
    """Who is named in which note."""

    list_display = ("user", "message", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("user", "message", "organization")
    search_fields = ("user__email", "user__name")


@admin.register(Notification)
class NotificationAdmin(ReadOnly, TenantAdmin):
    """What people were told on the page."""

    list_display = ("user", "kind", "ticket", "count", "actor_name", "at", "read_at")
    list_filter = (
        "kind", ("read_at", admin.EmptyFieldListFilter), BY_ORGANIZATION, "at",
    )  # fmt: skip
    list_select_related = ("ticket", "user")
    search_fields = ("=ticket__number", "user__email", "user__name")


class LetterLineInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """What a mail tells."""

    model = LetterLine
    fields = ("kind", "ticket", "actor_name", "detail", "at")
    extra = 0


@admin.register(Letter)
class LetterAdmin(ReadOnly, TenantAdmin):
    """Mails, text messages and webhook calls of notices and what became of them."""

    list_display = ("user", "medium", "about", "state", "due_at", "attempts", "error", "settled_at")
    list_filter = ("medium", "state", BY_ORGANIZATION, "due_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "error")
    search_help_text = _("A person's name or address, or words of the error.")
    inlines = (LetterLineInline,)


@admin.register(LetterLine)
class LetterLineAdmin(ReadOnly, TenantAdmin):
    """Lines of letters."""

    list_display = ("letter", "kind", "ticket", "actor_name", "at")
    list_filter = ("kind", BY_ORGANIZATION, "at")
    list_select_related = ("letter", "ticket")
    search_fields = ("=ticket__number", "actor_name")


@admin.register(NoticedFact)
class NoticedFactAdmin(ReadOnly, TenantAdmin):
    """Which facts were told already; kept for two days."""

    list_display = ("key", "at", "organization")
    list_filter = (BY_ORGANIZATION, "at")
    list_select_related = ("organization",)
    search_fields = ("key",)


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(ModelAdmin):  # type: ignore[misc]
    """What people want to be told. They choose it themselves; here it can be mended."""

    list_display = ("user", "digest", "quiet_from", "quiet_to")
    list_filter = ("digest",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")
    autocomplete_fields = ("user",)
