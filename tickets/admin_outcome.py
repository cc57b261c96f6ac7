"""Time and ratings in the administration."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantForm
from tickets.admin_forms import BY_ORGANIZATION
from tickets.admin_inputs import options_field
from tickets.models import Rating, RatingSettings, TimeEntry, Timer


@admin.register(TimeEntry)
class TimeEntryAdmin(ReadOnly, TenantAdmin):
    """Time spent; it is written down at the desk."""

    list_display = ("day", "ticket", "person", "minutes", "is_billable", "note", "organization")
    list_filter = ("is_billable", "day", BY_ORGANIZATION)
    list_select_related = ("ticket", "person", "organization")
    search_fields = ("=ticket__number", "person__email", "note")
    date_hierarchy = "day"


@admin.register(Timer)
class TimerAdmin(ReadOnly, TenantAdmin):
    """Timers that run now."""

    list_display = ("person", "ticket", "started_at", "organization")
    list_filter = (BY_ORGANIZATION,)
    list_select_related = ("person", "ticket", "organization")
    search_fields = ("=ticket__number", "person__email")


class RatingSettingsForm(TenantForm):
    """The reasons, in every language."""

    reasons = options_field(_("Reasons"))


@admin.register(RatingSettings)
class RatingSettingsAdmin(TenantAdmin):
    """Whether requesters are asked how it was, and how."""

    form = RatingSettingsForm
    list_display = ("organization", "is_on", "scale", "ask_after")
    list_filter = ("is_on", "scale")
    list_select_related = ("organization",)
    search_fields = ("organization__name",)


@admin.register(Rating)
class RatingAdmin(ReadOnly, TenantAdmin):
    """What requesters thought."""

    list_display = ("ticket", "score", "rated_at", "asked_at", "organization")
    list_filter = ("score", ("rated_at", admin.EmptyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("ticket", "organization")
    search_fields = ("=ticket__number", "comment")
