"""Rules, macros and who is there to work, in the administration."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from omnidesk.accounts.models import User
from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantInline
from omnidesk.core.errors import BadInput
from tickets.actions.acting import say
from tickets.actions.rules import (
    RuleContent,
    check_content,
    check_parts,
    restore_version,
    save_rule,
    switch_rule,
)
from tickets.admin_builder import BuilderAdmin, BuilderForm
from tickets.automation.dry_run import DAYS, try_out
from tickets.automation.options import labels
from tickets.automation.rulesets import Compiled, compiled
from tickets.builder import ActionsField, ConditionField
from tickets.conditions import catalogue, describe
from tickets.models import (
    AgentProfile,
    Macro,
    MacroUse,
    Rule,
    RuleEvent,
    RuleMark,
    RuleVersion,
    Skill,
)
from tickets.placeholders import check_placeholders

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)


def in_words_of(organization_id: int, rule: Compiled) -> str:
    """A rule's condition in the reader's language."""
    known = catalogue(organization_id)
    return describe(rule.condition, labels(organization_id, rule.condition, known))


def broken(row: Rule | Macro) -> str:
    """Why a saved rule or macro could not be saved again, in a sentence; empty where it could."""
    is_macro = isinstance(row, Macro)
    condition = None if isinstance(row, Macro) else row.condition
    try:
        check_parts(row.organization_id, condition, row.actions, macros=is_macro)
        if isinstance(row, Macro):
            check_placeholders(row.text)
    except BadInput as error:
        return str(error)
    return ""


class RuleForm(BuilderForm):
    """A rule; condition and actions are checked as strictly as everywhere."""

    description = forms.CharField(
        label=_("Description"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )
    condition = ConditionField(label=_("Condition"))
    actions = ActionsField(label=_("Actions"))
    triggers = forms.MultipleChoiceField(
        label=_("When"),
        choices=Rule.Trigger.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Nothing chosen: at each of them."),
    )

    def clean(self) -> dict[str, Any] | None:
        """Say in words what cannot work, at its field."""
        values = super().clean() or self.cleaned_data
        home = values.get("organization")
        home_id = home.pk if home else self.instance.organization_id
        if not self.errors and home_id:
            try:
                self.content = check_content(home_id, content_of(values))
            except BadInput as error:
                self.add_error(error.field if error.field in self.fields else None, str(error))
        return values


def content_of(values: dict[str, Any]) -> RuleContent:
    """A rule's content out of a form's values."""
    names = RuleContent.__dataclass_fields__
    given = {name: values[name] for name in names if values.get(name) is not None}
    return RuleContent(**given)


@admin.register(Rule)
class RuleAdmin(BuilderAdmin):
    """What happens by itself. A new rule is off; every save is a version."""

    helps = {
        "kind": _("When it is asked: after an event, or as time passes."),
        "is_active": _("Switch it on once its dry run shows what you expect."),
    }
    form = RuleForm
    list_display = ("position", "name", "kind", "is_active", "version", "standing", "organization")
    list_display_links = ("name",)
    list_filter = ("kind", "is_active", BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("name", "description")
    readonly_fields = ("in_words", "try_it", "version", "problem")
    fields = (
        "organization", "name", "description", "kind", "triggers", "condition", "actions",
        "in_words", "try_it", "position", "stops", "repeat_hours", "is_active", "version",
        "problem",
    )  # fmt: skip
    actions = ("switch_on", "switch_off")

    @admin.display(description=_("state"))
    def standing(self, rule: Rule) -> str:
        """What stopped it last, or what it names that is gone: said before it acts and fails."""
        return rule.problem or broken(rule) or gettext("In order")

    @admin.display(description=_("in words"))
    def in_words(self, rule: Rule) -> str:
        """Condition and actions as a reader says them; what is wrong, where they cannot be read."""
        if rule._state.adding:
            return "–"
        made = compiled(rule)
        if made.problem:
            return made.problem
        does = "; ".join(say(made.steps, rule.organization_id))
        return f"{in_words_of(rule.organization_id, made)} → {does}"

    @admin.display(description=_("try out"))
    def try_it(self, rule: Rule) -> str:
        """A link to what it would have done."""
        if rule._state.adding:
            return "–"
        address = reverse("admin:tickets_rule_try", args=[rule.pk])
        words = _("What would it have done in the last %(days)d days?") % {"days": DAYS}
        return format_html('<a href="{}">{}</a>', address, words)

    def get_urls(self) -> list[URLPattern]:
        """With the page that tries a rule out."""
        view = self.admin_site.admin_view(self.try_page)
        return [path("<int:pk>/try/", view, name="tickets_rule_try"), *super().get_urls()]

    def try_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Which tickets the saved rule would have touched, and what it would have done."""
        rule = self.get_queryset(request).filter(pk=pk).first()
        if rule is None or not self.has_view_permission(request, rule):
            raise Http404
        made = compiled(rule)
        context = {
            **self.admin_site.each_context(request),
            "title": rule.name, "rule": rule, "days": DAYS, "problem": made.problem,
            "words": in_words_of(rule.organization_id, made),
            "found": None if made.problem else try_out(
                rule.organization_id, made, kind=rule.kind
            ),
        }  # fmt: skip
        return TemplateResponse(request, "admin/tickets/rule/try.html", context)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Rule]) -> None:
        """Each that can work; the others are named with the reason."""
        for rule in rows:
            try:
                switch_rule(rule=rule, on=True)
            except BadInput as refusal:
                self.message_user(request, f"{rule}: {refusal}", messages.WARNING)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Rule]) -> None:
        """All of them."""
        for rule in rows:
            switch_rule(rule=rule, on=False)

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        """The same action as everywhere; on and off last, on the saved version."""
        author = request.user if isinstance(request.user, User) else None
        saved = save_rule(
            organization_id=obj.organization_id,
            content=form.content,
            author=author,
            rule=obj if change else None,
        )
        obj.pk, obj.version = saved.pk, saved.version
        if saved.is_active != form.cleaned_data["is_active"]:
            switch_rule(rule=saved, on=form.cleaned_data["is_active"])


class MacroForm(BuilderForm):
    """A macro; its actions and the names in its text are checked."""

    actions = ActionsField(label=_("Actions"), macros=True)

    def clean(self) -> dict[str, Any] | None:
        """Say in words what cannot work, at its field."""
        values = super().clean() or self.cleaned_data
        home = values.get("organization")
        home_id = home.pk if home else self.instance.organization_id
        if not self.errors and home_id:
            try:
                check_placeholders(values.get("text", ""))
                _condition, values["actions"] = check_parts(
                    home_id, None, values.get("actions"), macros=True
                )
            except BadInput as error:
                self.add_error(error.field if error.field in self.fields else None, str(error))
        return values


@admin.register(Macro)
class MacroAdmin(BuilderAdmin):
    """Prepared answers with what else they do."""

    helps = {
        "language": _("It comes first on tickets in this language; empty: in all."),
        "is_active": _("Off: it is not offered."),
    }
    form = MacroForm
    list_display = (
        "name", "team", "owner", "used_count", "is_active", "standing", "organization",
    )  # fmt: skip
    list_filter = ("is_active", ("team", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("team", "owner", "organization")
    search_fields = ("name", "text")
    autocomplete_fields = ("team", "owner")
    readonly_fields = ("used_count", "standing")

    @admin.display(description=_("state"))
    def standing(self, macro: Macro) -> str:
        """What it names that is gone; whoever uses it would be told and nothing done."""
        return "–" if macro._state.adding else broken(macro) or gettext("In order")


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnly, TenantAdmin):
    """Every rule as it was saved once."""

    list_display = ("rule", "version", "author", "created_at")
    list_filter = (("rule", admin.RelatedOnlyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("rule", "author")
    search_fields = ("rule__name",)
    actions = ("restore",)

    @admin.action(description=_("Restore"), permissions=["view"])
    def restore(self, request: HttpRequest, rows: QuerySet[RuleVersion]) -> None:
        """Make each the newest version of its rule, after the same checks as saving."""
        author = request.user if isinstance(request.user, User) else None
        for version in rows:
            try:
                saved = restore_version(version=version, author=author)
            except BadInput as refusal:
                self.message_user(request, f"{version}: {refusal}", messages.WARNING)
                continue
            words = _("“%(rule)s” is version %(version)d now.")
            self.message_user(request, words % {"rule": saved, "version": saved.version})


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

    helps = {
        "state": _("Nothing is assigned to who is away."),
        "back_at": _("Empty: until they say so themselves."),
    }
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
