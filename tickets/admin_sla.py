"""Calendars, service level policies and their clocks in the administration."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.accounts.models import Organization
from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantForm, TenantInline, TenantStackedInline
from tickets.actions.sla_setup import ask_replan, day_hours, minute_of, publish_calendar
from tickets.admin_builder import BuilderAdmin, BuilderForm
from tickets.builder import ConditionField
from tickets.business_time import MINUTES_A_DAY, CalendarProblem, Hours, WorkCalendar
from tickets.conditions import ConditionError, catalogue, describe
from tickets.models import (
    BusinessCalendar,
    CalendarDay,
    CalendarVersion,
    SlaClock,
    SlaFired,
    SlaPolicy,
    SlaReplan,
    SlaStep,
    SlaTarget,
    WorkingSpan,
)
from tickets.sla_plan import calendar_of, planned, problem_words, steady_condition
from tickets.sla_selectors import step_problem

BY_ORGANIZATION = ("organization", admin.RelatedOnlyFieldListFilter)
_ALWAYS: tuple[Hours, ...] = (((0, MINUTES_A_DAY),),) * 7


def simulator(organization: Organization, **more: Any) -> str:
    """A link to where other times, calendars and numbers of agents are replayed."""
    asked = urlencode({"organization": organization.slug, **more})
    address = f"{reverse('analytics:simulations')}?{asked}"
    words = _("What would other times have changed in the last quarter?")
    return format_html('<a href="{}">{}</a>', address, words)


class OwnedFormSet(forms.models.BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows that belong to their parent's organization, which is known once that was read."""

    def full_clean(self) -> None:
        """Let every row know its organization before it is checked."""
        for form in self.forms:
            form.instance.organization_id = self.instance.organization_id
        super().full_clean()

    def rows(self) -> list[dict[str, Any]]:
        """What was entered and stays."""
        filled = [form.cleaned_data for form in self.forms if getattr(form, "cleaned_data", None)]
        return [row for row in filled if not row.get("DELETE")]


class OwnedInline(TenantInline):
    """Rows under a calendar or policy."""

    formset = OwnedFormSet


class OwnedAdmin(TenantAdmin):
    """A parent that saves its rows into its own organization."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Rows belong to the parent's organization."""
        for row in formset.save(commit=False):
            row.organization_id = form.instance.organization_id
            row.save()
        for row in formset.deleted_objects:
            row.delete()


class CalendarForm(TenantForm):
    """The zone and the holidays must exist."""

    def clean(self) -> dict[str, Any] | None:
        """Build a calendar of them: what refuses there is refused here."""
        values = super().clean() or self.cleaned_data
        country = str(values.get("country") or "").strip().upper()
        region = str(values.get("region") or "").strip().upper()
        values["country"], values["region"] = country, region
        if region and not country:
            self.add_error("country", _("Choose the country of this region."))
        elif values.get("timezone"):
            try:
                WorkCalendar(zone=values["timezone"], week=_ALWAYS, country=country, region=region)
            except CalendarProblem as problem:
                field = "timezone" if problem.code == "zone" else "country"
                self.add_error(field, problem_words(problem))
        return values


class SpanFormSet(OwnedFormSet):
    """The working hours of a week, checked together."""

    def clean(self) -> None:
        """Some hours, each ending after it begins, none overlapping on one day."""
        super().clean()
        if any(self.errors):
            return
        week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
        for row in self.rows():
            closes = minute_of(row["closes"]) or MINUTES_A_DAY
            week[row["weekday"]].append((minute_of(row["opens"]), closes))
        try:
            WorkCalendar(zone="UTC", week=tuple(tuple(sorted(spans)) for spans in week))
        except CalendarProblem as problem:
            raise forms.ValidationError(problem_words(problem)) from None


class DayForm(TenantForm):
    """A closed day, or one with hours of its own."""

    def clean(self) -> dict[str, Any] | None:
        """Both hours or none."""
        values = super().clean() or self.cleaned_data
        opens, closes = values.get("opens"), values.get("closes")
        if (opens is None) != (closes is None):
            self.add_error("closes", _("Enter both hours, or none for a closed day."))
        elif opens is not None:
            day = CalendarDay(opens=opens, closes=closes)
            try:
                WorkCalendar(zone="UTC", week=(day_hours(day),) * 7)
            except CalendarProblem as problem:
                self.add_error("closes", problem_words(problem))
        return values


class SpanInline(OwnedInline):
    """From when to when, by weekday; several a day are a split shift."""

    model = WorkingSpan
    formset = SpanFormSet
    fields = ("weekday", "opens", "closes")


class DayInline(OwnedInline):
    """Dates that are not as their weekday."""

    model = CalendarDay
    form = DayForm
    fields = ("date", "name", "every_year", "opens", "closes")


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(OwnedAdmin):
    """When a desk works. Saving counts from now on, also for open tickets."""

    form = CalendarForm
    list_display = ("name", "timezone", "country", "region", "state", "organization")
    list_filter = ("country", BY_ORGANIZATION)
    list_select_related = ("organization", "version")
    search_fields = ("name", "timezone")
    inlines = (SpanInline, DayInline)
    readonly_fields = ("try_it",)

    @admin.display(description=gettext_lazy("try out"))
    def try_it(self, calendar: BusinessCalendar) -> str:
        """A link to the simulator, which changes nothing."""
        return "–" if calendar._state.adding else simulator(calendar.organization)

    @admin.display(description=gettext_lazy("state"))
    def state(self, calendar: BusinessCalendar) -> str:
        """What is wrong with it, or that it is in use."""
        _calendar, problem = calendar_of(calendar.version)
        if problem:
            return _("Its times count around the clock: %(reason)s") % {"reason": problem}
        return _("In force")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The hours and days, then the whole comes into force."""
        super().save_related(request, form, formsets, change)
        publish_calendar(calendar=BusinessCalendar.objects.get(pk=form.instance.pk))


class PolicyForm(BuilderForm):
    """A policy whose condition can be understood and rests."""

    conditions = ConditionField(label=gettext_lazy("Condition"), check=steady_condition)


class TargetFormSet(OwnedFormSet):
    """The times of a policy."""

    def clean(self) -> None:
        """At least one time, or the policy promises nothing."""
        super().clean()
        if any(self.errors):
            return
        metrics = ("first_response", "next_response", "resolution")
        if not any(row.get(metric) for row in self.rows() for metric in metrics):
            raise forms.ValidationError(_("Enter at least one time for one priority."))


class StepForm(TenantForm):
    """One escalation step."""

    def clean(self) -> dict[str, Any] | None:
        """One moment, and whoever the action names."""
        values = super().clean() or self.cleaned_data
        percent, minutes = values.get("percent"), values.get("minutes")
        if (percent is None) == (minutes is None):
            self.add_error("percent", _("Enter either a percentage or minutes."))
        action = values.get("action")
        if action == SlaStep.Action.ASSIGN_TEAM and not values.get("team"):
            self.add_error("team", _("Choose the team."))
        personal = action == SlaStep.Action.ASSIGN_PERSON or (
            action == SlaStep.Action.NOTIFY and values.get("audience") == SlaStep.Audience.PERSON
        )
        if personal and not values.get("person"):
            self.add_error("person", _("Choose the person."))
        elif values.get("person") or values.get("team"):
            self._check_who(values)
        return values

    def _check_who(self, values: dict[str, Any]) -> None:
        """Refuse somebody who left or is no agent here, and a team that is not in use."""
        names = ("action", "audience", "team", "person")
        step = SlaStep(
            organization_id=self.instance.organization_id,
            percent=values.get("percent"),
            minutes=values.get("minutes"),
            **{name: values.get(name) for name in names},
        )
        if step.organization_id and (problem := step_problem(step)):
            about_team = step.action == SlaStep.Action.ASSIGN_TEAM
            self.add_error("team" if about_team else "person", problem)


class TargetInline(OwnedInline):
    """The agreed times by priority, in minutes of business time."""

    model = SlaTarget
    formset = TargetFormSet
    fields = ("priority", "first_response", "next_response", "resolution")


class StepInline(TenantStackedInline):
    """What happens before, at and after a due time."""

    model = SlaStep
    form = StepForm
    formset = OwnedFormSet
    fields = ("metric", ("percent", "minutes"), ("action", "audience"), ("team", "person"))
    autocomplete_fields = ("person",)


@admin.register(SlaPolicy)
class SlaPolicyAdmin(BuilderAdmin, OwnedAdmin):
    """Which tickets have which agreed times. A change reaches open tickets within a minute."""

    form = PolicyForm
    list_display = (
        "name", "level", "position", "covers", "calendar", "is_active", "state", "organization",
    )  # fmt: skip
    list_filter = ("level", "is_active", BY_ORGANIZATION)
    list_select_related = ("organization", "calendar__version")
    search_fields = ("name",)
    inlines = (TargetInline, StepInline)
    readonly_fields = ("try_it",)

    @admin.display(description=gettext_lazy("try out"))
    def try_it(self, policy: SlaPolicy) -> str:
        """A link to the simulator, which changes nothing."""
        return "–" if policy._state.adding else simulator(policy.organization, policy=policy.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what the state is worked out from."""
        parts = ("targets", "steps__person", "steps__team")
        return super().get_queryset(request).prefetch_related(*parts)

    @admin.display(description=gettext_lazy("covers"))
    def covers(self, policy: SlaPolicy) -> str:
        """Its condition in words."""
        if not policy.conditions:
            return _("All tickets")
        try:
            known = catalogue(policy.organization_id)
            return str(describe(steady_condition(policy.conditions, known)))
        except ConditionError:
            return "—"

    @admin.display(description=gettext_lazy("state"))
    def state(self, policy: SlaPolicy) -> str:
        """What is wrong with it, if anything."""
        problem = planned(policy, catalogue(policy.organization_id)).problem
        steps = (step_problem(step) for step in policy.steps.all())
        return problem or next(filter(None, steps), "") or _("In force")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Targets and steps, then open tickets follow."""
        super().save_related(request, form, formsets, change)
        ask_replan(organization_id=form.instance.organization_id)

    def delete_model(self, request: HttpRequest, obj: SlaPolicy) -> None:
        """Its tickets go over to the next policy that fits."""
        super().delete_model(request, obj)
        ask_replan(organization_id=obj.organization_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SlaPolicy]) -> None:
        """Like one."""
        homes = set(queryset.values_list("organization_id", flat=True))
        super().delete_queryset(request, queryset)
        for home in homes:
            ask_replan(organization_id=home)


@admin.register(SlaClock)
class SlaClockAdmin(ReadOnly, TenantAdmin):
    """Every agreed time of every ticket, with who held it when it failed."""

    list_display = (
        "ticket", "metric", "level", "policy", "due_at", "paused_at", "met_at", "breached_at",
        "failed_assignee", "failed_team",
    )  # fmt: skip
    list_filter = (
        "metric", "level", ("breached_at", admin.EmptyFieldListFilter),
        ("met_at", admin.EmptyFieldListFilter), BY_ORGANIZATION, "due_at",
    )  # fmt: skip
    list_select_related = ("ticket", "policy", "failed_assignee", "failed_team")
    list_per_page = 50
    ordering = ("-due_at", "-pk")
    search_fields = ("=ticket__number", "policy__name", "failed_assignee__email")


@admin.register(SlaFired)
class SlaFiredAdmin(ReadOnly, TenantAdmin):
    """Escalation steps that were taken."""

    list_display = ("at", "clock", "step", "detail", "organization")
    list_filter = ("step__action", BY_ORGANIZATION, "at")
    list_select_related = ("clock", "step", "organization")
    search_fields = ("=clock__ticket__number", "detail")


@admin.register(CalendarVersion)
class CalendarVersionAdmin(ReadOnly, TenantAdmin):
    """Calendars as they were: clocks keep the one they were counted by."""

    list_display = ("digest", "created_at", "organization")
    list_filter = (BY_ORGANIZATION, "created_at")
    list_select_related = ("organization",)
    search_fields = ("digest",)


@admin.register(SlaReplan)
class SlaReplanAdmin(ReadOnly, TenantAdmin):
    """Changed policies that are still reaching open tickets."""

    list_display = ("organization", "asked_at", "after")
    list_filter = (BY_ORGANIZATION, "asked_at")
    list_select_related = ("organization",)
    search_fields = ("organization__name",)
