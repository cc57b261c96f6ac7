"""Rules, macros and who is there to work, in the administration."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantInline
from tickets.models import (
    AgentProfile,
    MacroUse,
    RuleEvent,
    RuleMark,
    RuleVersion,
    Skill,
)

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnly, TenantAdmin):
    """Every rule as it was saved once."""

    list_display = ("rule", "version", "author", "created_at")
    list_filter = (("rule", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("rule", "author")
    search_fields = ("rule__name",)


@admin.register(RuleEvent)
class RuleEventAdmin(ReadOnly, TenantAdmin):
    """What event rules have not been asked about yet; after five failures it stays here."""

    list_display = ("ticket", "triggers", "created_at", "available_at", "attempts", "error")
    list_filter = ("attempts", BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket",)
    search_fields = ("=ticket__number",)


@admin.register(RuleMark)
class RuleMarkAdmin(ReadOnly, TenantAdmin):
    """Which time rule has acted on which ticket."""

    list_display = ("rule", "ticket", "at")
    list_filter = (("rule", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("rule", "ticket")
    search_fields = ("=ticket__number", "rule__name")


@admin.register(MacroUse)
class MacroUseAdmin(ReadOnly, TenantAdmin):
    """Where macros were used."""

    list_display = ("macro", "ticket", "actor", "created_at", "undone_at")
    list_filter = (("macro", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION, "created_at")
    list_select_related = ("macro", "ticket", "actor")
    search_fields = ("=ticket__number", "macro__name")


class SkillInline(TenantInline):
    """What somebody has been declared to know."""

    model = Skill
    fields = ("category", "level")


@admin.register(AgentProfile)
class AgentProfileAdmin(TenantAdmin):
    """Agents in automatic assignment: present or away, how many tickets, what they know."""

    list_display = ("user", "state", "back_at", "stand_in", "capacity", "organization")
    list_filter = ("state", BY_ORGANIZATION)
    list_select_related = ("user", "stand_in", "organization")
    search_fields = ("user__name", "user__email")
    autocomplete_fields = ("user", "stand_in")
    readonly_fields = ("last_given_at",)
    inlines = (SkillInline,)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Skills belong to the profile's organization."""
        for skill in formset.save(commit=False):
            skill.organization_id = form.instance.organization_id
            skill.save()
        for skill in formset.deleted_objects:
            skill.delete()
