"""Forecasts and the history they rest on in the administration: to look at."""

from django.contrib import admin

from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.models import SlaForecast, SlaHistory

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


@admin.register(SlaForecast)
class SlaForecastAdmin(ReadOnly, TenantAdmin):
    """How likely each running clock fails, and from how many clocks like it that is known."""

    list_display = ("ticket", "clock", "risk", "alike", "longer", "load", "made_at")
    list_filter = ("clock__metric", "clock__level", BY_ORGANIZATION)
    list_select_related = ("ticket", "clock")
    list_per_page = 50
    search_fields = ("=ticket__number",)


@admin.register(SlaHistory)
class SlaHistoryAdmin(ReadOnly, TenantAdmin):
    """From how many clocks forecasts are made, and when they were last learnt from."""

    list_display = ("organization", "clocks", "learnt_at")
    list_filter = (BY_ORGANIZATION, "learnt_at")
    list_select_related = ("organization",)
    search_fields = ("organization__name",)
    exclude = ("content",)
