"""Views and changes of several tickets in the administration."""

from django.contrib import admin

from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.admin_forms import BY_ORGANIZATION
from tickets.models import BulkChange, SavedView


@admin.register(SavedView)
class SavedViewAdmin(ReadOnly, TenantAdmin):
    """Lists under a name; they are made and changed at the desk, where their filter is checked."""

    list_display = ("name", "owner", "team", "layout", "position", "organization")
    list_filter = ("layout", BY_ORGANIZATION)
    list_select_related = ("owner", "team", "organization")
    search_fields = ("name", "owner__name", "owner__email")


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnly, TenantAdmin):
    """What people changed in several tickets at once, and whether it was taken back."""

    list_display = ("field", "actor", "created_at", "undone_at", "organization")
    list_filter = ("field", ("undone_at", admin.EmptyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("actor", "organization")
    search_fields = ("actor__name", "actor__email")
