"""Checklists and recurring tickets in the administration."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantInline
from omnidesk.core.clock import now
from tickets.actions.schedules import plan_schedule
from tickets.admin_forms import BY_ORGANIZATION, OwnedFormSet
from tickets.models import (
    ChecklistItem,
    ChecklistStep,
    ChecklistTemplate,
    Schedule,
    ScheduleRun,
)


class ChecklistStepInline(TenantInline):
    """The steps, in their order."""

    model = ChecklistStep
    formset = OwnedFormSet
    fields = ("position", "text", "is_required")


@admin.register(ChecklistTemplate)
class ChecklistTemplateAdmin(TenantAdmin):
    """Checklists that agents add, or that come by category or form. Tickets keep their copies."""

    list_display = ("name", "category", "form", "is_active", "organization")
    list_filter = ("is_active", ("category", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("category", "form", "organization")
    search_fields = ("name", "steps__text")
    inlines = (ChecklistStepInline,)


@admin.register(ChecklistItem)
class ChecklistItemAdmin(ReadOnly, TenantAdmin):
    """Steps on tickets; they are worked on at the desk."""

    list_display = ("text", "ticket", "is_required", "done_at", "done_by", "organization")
    list_filter = (("done_at", admin.EmptyFieldListFilter), "is_required", BY_ORGANIZATION)
    list_select_related = ("ticket", "done_by", "organization")
    search_fields = ("=ticket__number", "text")


@admin.register(Schedule)
class ScheduleAdmin(TenantAdmin):
    """Tickets that open themselves. After a break one is opened, and it says what was left out."""

    list_display = ("name", "every", "next_at", "runs", "problem", "is_active", "organization")
    list_filter = ("is_active", "every", BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("name", "subject")
    autocomplete_fields = ("requester",)
    readonly_fields = ("next_dates", "runs", "problem")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("organization", "name", "is_active", "next_dates", "problem")}),
        (
            _("When"),
            {
                "fields": (
                    "every", "interval", "at", "zone", "starts", "ends",
                    ("monday", "tuesday", "wednesday", "thursday"),
                    ("friday", "saturday", "sunday"),
                    "month_day", "nth", "skips_holidays", "country", "region",
                )
            },
        ),
        (
            _("The ticket it opens"),
            {"fields": ("subject", "text", "requester", "category", "team", "urgency", "impact")},
        ),
    )  # fmt: skip

    @admin.display(description=_("next five dates"))
    def next_dates(self, row: Schedule) -> str:
        """In the schedule's own zone; saving shows them anew."""
        if row.pk is None or not row.is_active:
            return "-"
        zone = ZoneInfo(row.zone)
        times = [date_format(t.astimezone(zone), "D j M Y, H:i") for t in row.upcoming(now())]
        return format_html_join("\n", "{}<br>", ((text,) for text in times)) or "-"

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Plan the next time along with it."""
        plan_schedule(schedule=obj)


@admin.register(ScheduleRun)
class ScheduleRunAdmin(ReadOnly, TenantAdmin):
    """What recurring tickets opened."""

    list_display = ("schedule", "due_at", "ticket", "missed", "created_at", "organization")
    list_filter = (("schedule", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION, "due_at")
    list_select_related = ("schedule", "ticket", "organization")
    search_fields = ("schedule__name", "=ticket__number")
