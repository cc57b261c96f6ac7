"""Daily figures in the administration: to look at, and to have counted again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from analytics.models import DailyRollup, Simulation
from omnidesk.core.admin import ReadOnly, TenantAdmin


@admin.register(DailyRollup)
class DailyRollupAdmin(ReadOnly, TenantAdmin):
    """Read only: figures are counted, never typed."""

    list_display = (
        "day", "organization", "team", "opened", "solved", "backlog", "ai_suggested",
        "ai_accepted", "counted",
    )  # fmt: skip
    list_filter = ("organization", "team")
    search_fields = ("team__name", "organization__name")
    date_hierarchy = "day"
    actions = ("count_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DailyRollup]:
        """With what the list shows of each row."""
        rows: QuerySet[DailyRollup] = super().get_queryset(request)
        return rows.select_related("organization", "team")

    @admin.display(description=_("up to date"), boolean=True)
    def counted(self, row: DailyRollup) -> bool:
        """Whether nothing changed since the count."""
        return not row.is_stale

    @admin.action(description=_("Count these days again"), permissions=["view"])
    def count_again(self, request: HttpRequest, rows: QuerySet[DailyRollup]) -> None:
        """Mark the days; they are counted within a minute."""
        days = set(rows.values_list("organization", "day"))
        for organization_id, day in days:
            DailyRollup.objects.filter(organization=organization_id, day=day, team=None).update(
                stale_at=Now()
            )
        text = ngettext(
            "%(count)d day will be counted again.", "%(count)d days will be counted again.",
            len(days),
        )  # fmt: skip
        messages.success(request, text % {"count": len(days)})


@admin.register(Simulation)
class SimulationAdmin(ReadOnly, TenantAdmin):
    """Read only: simulations are asked for on their page."""

    list_display = ("created_at", "organization", "asked_by", "state", "progress", "problem")
    list_filter = ("state", "organization")
    list_select_related = ("organization", "asked_by")
    search_fields = ("asked_by__email", "problem")
    exclude = ("result",)
