"""Catalogue, knowledge, and the tickets' records in the administration.

Tickets are worked on at the desk, through actions that log every change; here they can be
looked at, put into the bin and taken out of it.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline

import tickets.admin_forms
import tickets.admin_outcome
import tickets.admin_routine  # noqa: F401  # both register pages of their own
from omnidesk.accounts.models import User
from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets import (  # noqa: F401  # they register themselves
    admin_approvals,
    admin_drafts,
    admin_notices,
    admin_runbooks,
)
from tickets.actions.base import Actor
from tickets.actions.knowledge import save_article
from tickets.actions.lifecycle import delete_ticket, restore_ticket
from tickets.actions.schedule import reschedule_reminders
from tickets.actions.types import join_free_types
from tickets.models import (
    Article,
    Attachment,
    AttachmentText,
    Category,
    Change,
    Message,
    PendingReason,
    Status,
    Tag,
    Ticket,
    TicketTag,
)
from tickets.selectors import search_tickets

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


class TicketTagInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """A ticket's tags."""

    model = TicketTag
    fields = ("tag",)
    extra = 0


@admin.register(Ticket)
class TicketAdmin(ReadOnly, TenantAdmin):
    """Tickets, with the bin."""

    list_display = (
        "number", "subject", "status", "priority", "requester", "assignee", "team",
        "organization", "created_at", "deleted_at",
    )  # fmt: skip
    list_filter = (
        ("deleted_at", admin.EmptyFieldListFilter), "status_category", "priority", "urgency",
        "source", "ai_state", BY_ORGANIZATION, "created_at",
    )  # fmt: skip
    list_select_related = ("status", "requester", "assignee", "team", "organization")
    list_per_page = 50
    search_fields = ("subject",)
    search_help_text = _("A number, or words of the subject or description.")
    exclude = ("search",)
    actions = ("put_into_bin", "take_out_of_bin")
    inlines = (TicketTagInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Without the search index, which is larger than all the rest."""
        return super().get_queryset(request).defer("search")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """The full-text index instead of LIKE over every row."""
        if not search_term.strip():
            return queryset, False
        return search_tickets(queryset, search_term.replace("\x00", "")), False

    @admin.action(description=_("Put into the bin"), permissions=["bin"])
    def put_into_bin(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Delete softly, logged like everywhere else."""
        done = [
            delete_ticket(ticket=ticket, actor=_actor(request))
            for ticket in queryset.filter(deleted_at=None)
        ]
        text = ngettext("%d ticket is in the bin.", "%d tickets are in the bin.", len(done))
        self.message_user(request, text % len(done), messages.SUCCESS)

    @admin.action(description=_("Take out of the bin"), permissions=["bin"])
    def take_out_of_bin(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Restore, logged like everywhere else."""
        done = [
            restore_ticket(ticket=ticket, actor=_actor(request))
            for ticket in queryset.exclude(deleted_at=None)
        ]
        text = ngettext("%d ticket is back.", "%d tickets are back.", len(done))
        self.message_user(request, text % len(done), messages.SUCCESS)

    def has_bin_permission(self, request: HttpRequest) -> bool:
        """Everybody who sees these rows administers them."""
        return bool(self.has_view_permission(request))


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # the site admits nobody else
    return Actor.person(user)


@admin.register(Message)
class MessageAdmin(ReadOnly, TenantAdmin):
    """Everything that was said."""

    list_display = (
        "ticket", "kind", "author", "source", "delivery_state", "is_ai", "created_at",
    )  # fmt: skip
    list_filter = ("kind", "delivery_state", "is_ai", "source", BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "author")
    search_fields = ("=ticket__number", "author__email", "external_id")


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly, TenantAdmin):
    """Files' facts; their bytes are opened from the ticket."""

    list_display = ("name", "ticket", "content_type", "size", "uploaded_by", "created_at")
    list_filter = ("content_type", "is_inline", "is_internal", BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "uploaded_by")
    search_fields = ("name", "sha256", "=ticket__number", "uploaded_by__email")
    exclude = ("file",)


@admin.register(AttachmentText)
class AttachmentTextAdmin(ReadOnly, TenantAdmin):
    """What was read out of attached files for the search, and why there is none."""

    list_display = ("attachment", "state", "problem", "attempts", "organization")
    list_filter = ("state", "problem", BY_ORGANIZATION)
    list_select_related = ("attachment", "organization")
    search_fields = ("attachment__name",)


@admin.register(Change)
class ChangeAdmin(ReadOnly, TenantAdmin):
    """The change log. A trigger refuses to alter it, whoever asks."""

    list_display = ("at", "verb", "ticket", "actor_kind", "actor_name", "field", "old", "new")
    list_filter = ("actor_kind", "verb", BY_ORGANIZATION, "at")
    list_select_related = ("ticket", "actor")
    list_per_page = 50
    ordering = ("-at", "-pk")
    search_fields = ("=ticket__number", "verb", "actor__email", "actor_label", "correlation_id")
    date_hierarchy = "at"

    @admin.display(description=_("actor"), ordering="actor_label")
    def actor_name(self, change: Change) -> str:
        """A person, or the machine's label."""
        return str(change.actor or change.actor_label)


@admin.register(Status)
class StatusAdmin(TenantAdmin):
    """An organization's own statuses, each mapped to one of the four stages."""

    helps = {
        "category": _("What it means for lists, clocks and figures."),
    }
    list_display = (
        "name", "key", "category", "position", "is_default", "pending_reason", "organization",
    )  # fmt: skip
    list_filter = ("category", "is_default", BY_ORGANIZATION)
    list_select_related = ("organization", "pending_reason")
    search_fields = ("name", "key")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Key and stage are chosen once: tickets and workflows were written with them."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "key", "category") if obj else fields

    def save_model(self, request: HttpRequest, obj: Status, form: Any, change: bool) -> None:
        """A new status can be used at once by every type that allows every move."""
        super().save_model(request, obj, form, change)
        if not change:
            join_free_types(obj)


@admin.register(PendingReason)
class PendingReasonAdmin(TenantAdmin):
    """What pending tickets wait for, with reminders and the clock."""

    helps = {
        "waits_for": _("Whose turn it is meanwhile."),
    }
    list_display = (
        "name", "waits_for", "pauses_sla", "nudge_times", "solves", "is_active", "organization",
    )  # fmt: skip
    list_filter = ("waits_for", "pauses_sla", "solves", "is_active", BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("name", "key", "nudge_text", "solve_text")

    def save_model(self, request: HttpRequest, obj: PendingReason, form: Any, change: bool) -> None:
        """Tickets that wait for it already follow the new plan, from now on."""
        super().save_model(request, obj, form, change)
        if change and {"nudge_times", "nudge_every_hours", "in_working_hours", "solves"} & set(
            form.changed_data
        ):
            reschedule_reminders(obj)


@admin.register(Category)
class CategoryAdmin(TenantAdmin):
    """Kinds of problems. The AI reads the descriptions until it has learnt from tickets."""

    helps = {
        "parent": _("Where it stands below another one."),
        "default_team": _("Gets its tickets where no team is chosen."),
    }
    list_display = ("name", "parent", "default_team", "is_active", "organization")
    list_filter = ("is_active", ("default_team", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("parent", "default_team", "organization")
    search_fields = ("name", "description")
    autocomplete_fields = ("parent", "default_team")


@admin.register(Tag)
class TagAdmin(TenantAdmin):
    """Free labels."""

    list_display = ("name", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("organization",)
    search_fields = ("name",)


@admin.register(TicketTag)
class TicketTagAdmin(ReadOnly, TenantAdmin):
    """Which ticket carries which tag."""

    list_display = ("ticket", "tag", "organization")
    list_filter = (("tag", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("ticket", "tag", "organization")
    search_fields = ("=ticket__number", "tag__name")


@admin.register(Article)
class ArticleAdmin(TenantAdmin):
    """Knowledge articles; saving one gives it the next version and tells the AI."""

    helps = {
        "state": _("Readers find published ones alone."),
        "is_public": _("Off: agents alone read it."),
        "language": _("The language it is written in."),
    }
    list_display = ("title", "category", "language", "state", "is_public", "version", "updated_at")
    list_filter = ("state", "is_public", "language", BY_ORGANIZATION, "updated_at")
    list_select_related = ("category",)
    search_fields = ("title", "slug", "body")
    autocomplete_fields = ("category",)
    readonly_fields = (
        "version", "author", "original", "original_version", "source", "opened_count",
        "created_at", "updated_at",
    )  # fmt: skip
    exclude = ("search",)

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        """The same action as everywhere: version, event, checks."""
        save_article(
            organization_id=obj.organization_id,
            title=obj.title,
            body=obj.body,
            author=_actor(request).user,
            language=obj.language,
            category=obj.category,
            state=obj.state,
            slug=obj.slug,
            article=obj if change else None,
        )
