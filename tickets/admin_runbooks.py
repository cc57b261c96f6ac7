"""Runbooks in the administration: definitions to edit, runs to look at."""

from django.contrib import admin
from unfold.admin import TabularInline

from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.models import Runbook, RunbookRun, RunbookStep

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


@admin.register(Runbook)
class RunbookAdmin(TenantAdmin):
    """What may be done by a button. Settings that cannot work are refused with a sentence."""

    list_display = ("name", "action", "policy", "for_machines", "is_active", "organization")
    list_filter = ("action", "for_machines", "is_active", BY_ORGANIZATION)
    list_select_related = ("policy", "organization")
    search_fields = ("name", "description")


class StepInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """Every step of a run."""

    model = RunbookStep
    fields = ("what", "ok", "text", "at")
    extra = 0


@admin.register(RunbookRun)
class RunbookRunAdmin(ReadOnly, TenantAdmin):
    """What was run on which ticket, and what came of it."""

    list_display = ("ticket", "runbook", "state", "proposed_label", "created_at", "ended_at")
    list_filter = ("state", ("runbook", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("ticket", "runbook")
    search_fields = ("=ticket__number", "runbook__name", "error", "proposed_label")
    inlines = (StepInline,)


@admin.register(RunbookStep)
class RunbookStepAdmin(ReadOnly, TenantAdmin):
    """The log of all runs."""

    list_display = ("run", "what", "ok", "text", "at")
    list_filter = ("what", "ok", BY_ORGANIZATION, "at")
    list_select_related = ("run",)
    search_fields = ("=run__ticket__number", "text")
