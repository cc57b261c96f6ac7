"""Drafts in the administration: that there are some, never what they say."""

from django.contrib import admin

from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.admin_forms import BY_ORGANIZATION
from tickets.models import Draft, KeptForm


@admin.register(Draft)
class DraftAdmin(ReadOnly, TenantAdmin):
    """Who writes on which ticket, and what waits to be sent. The words are the writer's alone."""

    list_display = ("ticket", "person", "kind", "saved_at", "send_at", "problem", "organization")
    list_filter = ("kind", ("send_at", admin.EmptyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("ticket", "person", "organization")
    search_fields = ("=ticket__number", "person__email", "person__name")
    exclude = ("text", "cc", "revision")


@admin.register(KeptForm)
class KeptFormAdmin(ReadOnly, TenantAdmin):
    """Who has begun a form of the portal. The words are the writer's alone."""

    list_display = ("form", "person", "saved_at", "organization")
    list_filter = ("saved_at", BY_ORGANIZATION)
    list_select_related = ("person", "organization")
    search_fields = ("form", "person__email", "person__name")
    exclude = ("values", "window")
