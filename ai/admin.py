"""The AI's records in the administration: to look at; only policies are changed here."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

import ai.admin_autonomy  # noqa: F401  # registers pages of its own
from ai.models import (
    ArticleProposal,
    Conversation,
    Document,
    DocumentPassage,
    Enrichment,
    IndexEntry,
    Job,
    KeptText,
    ModelCall,
    Policy,
    ProposalTicket,
    Suggestion,
    Surge,
    SurgeMember,
    ToolServer,
    TrainedModel,
    Training,
    Turn,
)
from ai.tasks import forget_shared, look_at_tools
from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantForm

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


@admin.register(Enrichment)
class EnrichmentAdmin(ReadOnly, TenantAdmin):
    """Readings: what waits, what failed and why."""

    list_display = ("ticket", "trigger", "state", "attempts", "created_at", "finished_at", "error")
    list_filter = ("state", "trigger", BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "organization")
    search_fields = ("ticket__subject", "error")
    date_hierarchy = "created_at"


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnly, TenantAdmin):
    """Suggestions and what people made of them."""

    list_display = (
        "ticket", "field", "value", "band", "state", "corrected_value", "decided_by", "decided_at",
    )  # fmt: skip
    list_filter = ("field", "band", "state", BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "decided_by", "organization")
    search_fields = ("ticket__subject", "value", "corrected_value")


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnly, TenantAdmin):
    """The ledger of what left the installation."""

    list_display = (
        "at", "operation", "provider", "model", "status", "tokens_in", "tokens_out", "cost_usd",
        "milliseconds", "sent_bytes", "received_bytes", "masked_values", "ticket",
    )  # fmt: skip
    list_filter = ("status", "operation", "provider", "model", BY_ORGANIZATION, "at")
    list_select_related = ("ticket", "organization")
    search_fields = ("ticket__subject", "error", "sent", "received")
    date_hierarchy = "at"


@admin.register(Policy)
class PolicyAdmin(TenantAdmin):
    """When an organization's masked tickets may leave, and how its drafts are written."""

    list_display = (
        "organization", "external", "daily_cost", "daily_tokens", "tone", "address", "length",
    )  # fmt: skip
    list_filter = ("external", "tone", "address", "length")
    list_select_related = ("organization",)
    search_fields = ("organization__name",)
    fieldsets = (
        (None, {"fields": ("organization", "external", "daily_cost", "daily_tokens")}),
        (
            _("Learning together with other organizations"),
            {"fields": ("lends_history", "uses_shared")},
        ),
        (
            _("How drafts and answers are written"),
            {"fields": ("tone", "address", "length", "guidance")},
        ),
    )

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """What was lent or borrowed is removed as soon as that is withdrawn."""
        super().save_model(request, obj, form, change)
        if "lends_history" in form.changed_data and not obj.lends_history:
            _forget_shared()
        elif "uses_shared" in form.changed_data and not obj.uses_shared:
            _forget_shared(obj.organization_id)

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:
        """A policy that goes withdraws."""
        super().delete_model(request, obj)
        _forget_shared()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The same for several."""
        super().delete_queryset(request, queryset)
        _forget_shared()


def _forget_shared(*organization_ids: int) -> None:
    transaction.on_commit(lambda: forget_shared.delay(organization_ids), robust=True)


@admin.register(Training)
class TrainingAdmin(ReadOnly, TenantAdmin):
    """Training runs."""

    list_display = ("pk", "organization", "state", "requested_by", "started_at", "finished_at")
    list_filter = ("state", BY_ORGANIZATION, "created_at")
    list_select_related = ("organization", "requested_by")
    search_fields = ("error",)


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnly, TenantAdmin):
    """Versions of the learned models; the bytes themselves are never loaded here."""

    list_display = ("kind", "version", "organization", "is_active", "trained_on", "created_at")
    list_filter = ("kind", "is_active", BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("error", "organization__name")
    exclude = ("content",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows without their megabytes."""
        return super().get_queryset(request).defer("content")


@admin.register(IndexEntry)
class IndexEntryAdmin(ReadOnly, TenantAdmin):
    """What lies in the vector store."""

    list_display = ("kind", "object_id", "chunks", "indexed_at", "organization")
    list_filter = ("kind", BY_ORGANIZATION, "indexed_at")
    list_select_related = ("organization",)
    search_fields = ("=object_id",)


@admin.register(Document)
class DocumentAdmin(ReadOnly, TenantAdmin):
    """Uploaded documents; they are added and removed on the desk's page."""

    list_display = ("title", "kind", "state", "problem", "is_public", "size", "organization")
    list_filter = ("state", "kind", "is_public", BY_ORGANIZATION, "created_at")
    list_select_related = ("organization",)
    search_fields = ("title", "name")


@admin.register(DocumentPassage)
class DocumentPassageAdmin(ReadOnly, TenantAdmin):
    """What was read from the documents."""

    list_display = ("document", "number", "place", "heading", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("document", "organization")
    search_fields = ("document__title", "heading", "text")
    exclude = ("search",)


@admin.register(Conversation)
class ConversationAdmin(ReadOnly, TenantAdmin):
    """Who talked with the assistant, and what became of it; not what was said."""

    list_display = ("pk", "person", "place", "ticket", "handed_to", "created_at", "organization")
    list_filter = ("place", BY_ORGANIZATION, "created_at")
    list_select_related = ("person", "ticket", "handed_to", "organization")
    search_fields = ("person__email",)


@admin.register(Turn)
class TurnAdmin(ReadOnly, TenantAdmin):
    """Questions by state; their words are their person's own."""

    list_display = ("pk", "state", "attempts", "created_at", "finished_at", "organization")
    list_filter = ("state", BY_ORGANIZATION, "created_at")
    list_select_related = ("organization",)
    search_fields = ("=pk",)
    exclude = ("question", "answer")


class ToolServerForm(TenantForm):
    """A server of tools; its token goes in and never comes out."""

    token = forms.CharField(
        label=_("Token"),
        required=False,
        widget=UnfoldAdminPasswordWidget(render_value=False),
        help_text=_("Kept encrypted. Leave empty to keep the present one."),
    )
    forget_token = forms.BooleanField(
        label=_("Forget the token"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = ToolServer
        fields = (
            "organization", "name", "url", "is_active", "headers", "tools", "seconds", "may_write",
            "for_context", "for_readings", "for_tasks", "may_be_quoted",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """Seal what was entered."""
        values = super().clean() or self.cleaned_data
        if values.get("token") or values.get("forget_token"):
            self.instance.set_token(values.get("token") or "")
        return values


@admin.register(ToolServer)
class ToolServerAdmin(TenantAdmin):
    """Programs outside whose tools the AI may use."""

    form = ToolServerForm
    list_display = (
        "name", "url", "organization", "is_active", "for_readings", "for_tasks", "last_success_at",
        "last_error",
    )  # fmt: skip
    list_filter = ("is_active", "for_context", "for_readings", "for_tasks", BY_ORGANIZATION)
    search_fields = ("name", "url")
    list_select_related = ("organization",)
    readonly_fields = ("offered", "spoken", "last_success_at", "last_error")
    actions = ("look",)
    fieldsets = (
        (None, {"fields": ("organization", "name", "url", "is_active")}),
        (_("Sign-in"), {"fields": ("token", "forget_token", "headers")}),
        (_("What may be used"), {"fields": ("tools", "may_write", "seconds")}),
        (
            _("For what"),
            {"fields": ("for_context", "for_readings", "for_tasks", "may_be_quoted")},
        ),
        (_("Health"), {"fields": readonly_fields}),
    )

    def save_model(self, request: HttpRequest, obj: ToolServer, form: Any, change: bool) -> None:
        """Afterwards a worker looks what the server offers."""
        super().save_model(request, obj, form, change)
        _ask_for_a_look(obj)

    @admin.action(description=_("Look what it offers"), permissions=["change"])
    def look(self, request: HttpRequest, rows: QuerySet[ToolServer]) -> None:
        """Have a worker ask."""
        for row in rows:
            _ask_for_a_look(row)
        self.message_user(request, _("A worker asks; its answer appears under Health."))


def _ask_for_a_look(server: ToolServer) -> None:
    organization_id, server_id = server.organization_id, server.pk
    transaction.on_commit(lambda: look_at_tools.delay(organization_id, server_id), robust=True)


@admin.register(Surge)
class SurgeAdmin(ReadOnly, TenantAdmin):
    """Surges and the incidents made of them; they are decided on the desk."""

    list_display = ("title", "state", "usual", "raised_at", "decided_by", "ticket", "organization")
    list_filter = ("state", BY_ORGANIZATION, "raised_at")
    list_select_related = ("ticket", "decided_by", "organization")
    search_fields = ("title",)


@admin.register(SurgeMember)
class SurgeMemberAdmin(ReadOnly, TenantAdmin):
    """Tickets of surges, and what their requesters answered."""

    list_display = ("surge", "ticket", "is_linked", "asked_at", "answer", "organization")
    list_filter = ("answer", "is_linked", BY_ORGANIZATION, "added_at")
    list_select_related = ("surge", "ticket", "organization")
    search_fields = ("surge__title", "ticket__subject")


@admin.register(ArticleProposal)
class ArticleProposalAdmin(ReadOnly, TenantAdmin):
    """Proposed articles; they are decided on the desk."""

    list_display = ("title", "cause", "state", "article", "source", "created_at", "decided_by")
    list_filter = ("state", "cause", BY_ORGANIZATION, "created_at")
    list_select_related = ("article", "decided_by", "organization")
    search_fields = ("title", "rejection")


@admin.register(ProposalTicket)
class ProposalTicketAdmin(ReadOnly, TenantAdmin):
    """Tickets that proposals cite."""

    list_display = ("proposal", "ticket", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("proposal", "ticket", "organization")
    search_fields = ("proposal__title", "ticket__subject")


@admin.register(KeptText)
class KeptTextAdmin(ReadOnly, TenantAdmin):
    """Summaries and translations that were paid for once."""

    list_display = ("ticket", "task", "language", "written_at", "organization")
    list_filter = ("task", "language", BY_ORGANIZATION, "written_at")
    list_select_related = ("ticket", "organization")
    search_fields = ("ticket__subject",)


@admin.register(Job)
class JobAdmin(ReadOnly, TenantAdmin):
    """Tasks that programs handed over."""

    list_display = ("pk", "kind", "state", "requested_by", "cost_usd", "created_at", "organization")
    list_filter = ("kind", "state", BY_ORGANIZATION, "created_at")
    list_select_related = ("requested_by", "organization")
    search_fields = ("kind", "error")
