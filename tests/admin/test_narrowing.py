"""The administration shows what a person administers, for every model."""

from django.apps import apps
from django.contrib import admin

from omnidesk.core.admin import TenantAdmin
from omnidesk.core.models import TenantModel

OUR_APPS = {"core", "accounts", "tickets", "ai", "integrations", "analytics"}
# Rows that are edited inside their parent's page.
INLINE = {
    "CalendarDay", "ChecklistStep", "FormItem", "FormTicket", "Skill", "SlaStep", "SlaTarget",
    "StatusUpdate",
    "TeamMembership", "TicketTag", "Transition", "TypeStatus", "WorkingSpan",
}  # fmt: skip


def test_every_model_of_ours_is_in_the_administration() -> None:
    missing = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        and model not in admin.site._registry
        and model.__name__ not in INLINE
    }
    assert missing == set()


def test_every_tenant_owned_model_is_narrowed_to_administered_organizations() -> None:
    loose = {
        model._meta.label
        for model, site in admin.site._registry.items()
        if issubclass(model, TenantModel) and not isinstance(site, TenantAdmin)
    }
    assert loose == set()


def test_every_list_can_be_searched_and_filtered() -> None:
    bare = {
        model._meta.label
        for model, site in admin.site._registry.items()
        if model._meta.app_label in OUR_APPS and not (site.search_fields and site.list_filter)
    }
    assert bare == set()
