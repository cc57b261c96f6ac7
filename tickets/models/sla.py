"""Agreed times: calendars, policies, and the clocks of tickets."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team, validate_timezone
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.choices import Priority
from tickets.models.ticket import Ticket
from tickets.sla_rules import Level, Metric

# Minutes of business time: a year around the clock.
LONGEST_TARGET = 527_040


class CalendarVersion(TenantModel):
    """A calendar as it was at one time, never changed: running clocks were counted by it."""

    digest = models.CharField(_("SHA-256"), max_length=64)
    content = models.JSONField(_("content"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("version of a calendar")
        verbose_name_plural = _("versions of calendars")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "digest"], name="tickets_calendar_version_once"
            )
        ]

    def __str__(self) -> str:
        return self.digest[:12]


class BusinessCalendar(TenantModel, TimestampedModel):
    """When a desk works. What is edited here counts once it is published as a version."""

    name = models.CharField(_("name"), max_length=80)
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone],
        help_text=_("Such as Europe/Berlin. Summer and winter time are taken into account."),
    )  # fmt: skip
    country = models.CharField(
        _("public holidays of"), max_length=3, blank=True,
        help_text=_("Country code, such as DE or US; empty means no public holidays."),
    )  # fmt: skip
    region = models.CharField(
        _("region"), max_length=12, blank=True,
        help_text=_("Code of the region within the country, such as BY or NY."),
    )  # fmt: skip
    version = models.ForeignKey(
        CalendarVersion, on_delete=models.PROTECT, null=True, blank=True, editable=False,
        related_name="calendars", verbose_name=_("version"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("business calendar")
        verbose_name_plural = _("business calendars")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="tickets_calendar_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Weekday(models.IntegerChoices):
    """As Python counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class WorkingSpan(TenantModel):
    """From when to when a desk works on a weekday; several a day are a split shift."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="spans")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("to"), help_text=_("00:00 is midnight at the end of the day."))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering: ClassVar[list[str]] = ["weekday", "opens"]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class CalendarDay(TenantModel):
    """A date that is not as its weekday: closed, or with hours of its own."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="days")
    date = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=80, blank=True)
    every_year = models.BooleanField(_("every year"), default=False)
    opens = models.TimeField(_("from"), null=True, blank=True, help_text=_("Empty means closed."))
    closes = models.TimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering: ClassVar[list[str]] = ["date"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["calendar", "date"], name="tickets_calendar_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}".strip()


class SlaPolicy(TenantModel, TimestampedModel):
    """Which tickets have which agreed times. On each level the first that fits a ticket counts."""

    name = models.CharField(_("name"), max_length=80)
    level = models.CharField(
        _("level"), max_length=8, choices=Level.choices, default=Level.CUSTOMER.value
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("The first policy that fits a ticket counts.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    conditions = models.JSONField(
        _("conditions"), default=dict, blank=True,
        help_text=_("Which tickets it is for; empty means all."),
    )  # fmt: skip
    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.PROTECT, related_name="policies",
        verbose_name=_("business calendar"),
    )  # fmt: skip
    pauses = models.BooleanField(
        _("pauses while a ticket waits"), default=True,
        help_text=_("While a ticket is pending for a reason that stops the clock."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("service level policy")
        verbose_name_plural = _("service level policies")
        ordering: ClassVar[list[str]] = ["level", "position", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="tickets_sla_policy_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


def _minutes(name: object) -> "models.PositiveIntegerField[int | None, int | None]":
    return models.PositiveIntegerField(
        name,  # type: ignore[arg-type]
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TARGET)],
        help_text=_("Minutes of business time; empty means not agreed."),
    )


class SlaTarget(TenantModel):
    """The times of a policy for one priority, in minutes of business time."""

    policy = models.ForeignKey(SlaPolicy, on_delete=models.CASCADE, related_name="targets")
    priority = models.CharField(_("priority"), max_length=8, choices=Priority.choices)
    first_response = _minutes(_("first response"))
    next_response = _minutes(_("next response"))
    resolution = _minutes(_("resolution"))

    class Meta:
        verbose_name = _("agreed time")
        verbose_name_plural = _("agreed times")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["policy", "priority"], name="tickets_sla_target_once")
        ]

    def __str__(self) -> str:
        return str(self.get_priority_display())


class SlaStep(TenantModel):
    """What happens by itself before, at or after a due time."""

    class Action(models.TextChoices):
        NOTIFY = "notify", _("Tell somebody")
        RAISE_PRIORITY = "raise_priority", _("Raise the priority by one")
        ASSIGN_TEAM = "assign_team", _("Route it to a team")
        ASSIGN_PERSON = "assign_person", _("Assign it to a person")

    class Audience(models.TextChoices):
        ASSIGNEE = "assignee", _("Who has it (the team where nobody does)")
        TEAM = "team", _("Its team")
        LEADS = "leads", _("The leads")
        PERSON = "person", _("One person")

    policy = models.ForeignKey(SlaPolicy, on_delete=models.CASCADE, related_name="steps")
    metric = models.CharField(
        _("for"), max_length=16, choices=Metric.choices, blank=True,
        help_text=_("Empty means every agreed time."),
    )  # fmt: skip
    percent = models.PositiveSmallIntegerField(
        _("at percent of the time"), null=True, blank=True, validators=[MaxValueValidator(1000)],
        help_text=_("80 is when a fifth is left, 100 when it is over."),
    )  # fmt: skip
    minutes = models.IntegerField(
        _("or at minutes"), null=True, blank=True,
        validators=[MinValueValidator(-LONGEST_TARGET), MaxValueValidator(LONGEST_TARGET)],
        help_text=_("Minutes of business time after the due time; -30 is half an hour before it."),
    )  # fmt: skip
    action = models.CharField(
        _("action"), max_length=16, choices=Action.choices, default=Action.NOTIFY.value
    )
    audience = models.CharField(
        _("tell"), max_length=8, choices=Audience.choices, default=Audience.ASSIGNEE.value
    )
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("team"),
    )  # fmt: skip
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="+", verbose_name=_("person"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        when = f"{self.percent} %" if self.percent is not None else f"{self.minutes or 0:+d} min"
        return f"{when}: {self.get_action_display()}"


class SlaClock(TenantModel):
    """One agreed time of one ticket. `tickets.sla_clock` says what its times mean.

    `next_check_at` is when the sweep must look at it; null where nothing happens by itself.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="sla_clocks")
    level = models.CharField(_("level"), max_length=8, choices=Level.choices)
    metric = models.CharField(_("agreed time"), max_length=16, choices=Metric.choices)
    policy = models.ForeignKey(
        SlaPolicy, on_delete=models.SET_NULL, null=True, related_name="clocks",
        verbose_name=_("policy"),
    )  # fmt: skip
    calendar = models.ForeignKey(
        CalendarVersion, on_delete=models.PROTECT, null=True, related_name="+",
        verbose_name=_("calendar"),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("team")
    )
    target = models.DurationField(_("target"))
    used = models.DurationField(_("used"))
    started_at = models.DateTimeField(_("started"))
    counted_to = models.DateTimeField(_("counted to"))
    due_at = models.DateTimeField(_("due"), db_index=True)
    paused_at = models.DateTimeField(_("paused"), null=True)
    met_at = models.DateTimeField(_("met"), null=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True)
    breached_at = models.DateTimeField(_("failed"), null=True)
    told_at = models.DateTimeField(_("failure told"), null=True)
    failed_assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+",
        verbose_name=_("held by when it failed"),
    )  # fmt: skip
    failed_team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, related_name="+",
        verbose_name=_("team when it failed"),
    )  # fmt: skip
    next_check_at = models.DateTimeField(_("next look"), null=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering: ClassVar[list[str]] = ["ticket", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_check_at"],
                name="tickets_sla_due",
                condition=models.Q(next_check_at__isnull=False),
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["ticket", "level", "metric"],
                condition=models.Q(met_at__isnull=True, stopped_at__isnull=True),
                name="tickets_sla_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.level} {self.metric}"


class SlaFired(TenantModel):
    """An escalation step that was taken for a clock: once, whoever came first."""

    clock = models.ForeignKey(SlaClock, on_delete=models.CASCADE, related_name="fired")
    step = models.ForeignKey(SlaStep, on_delete=models.CASCADE, related_name="fired")
    at = models.DateTimeField(_("at"))
    detail = models.CharField(_("what came of it"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering: ClassVar[list[str]] = ["-at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["clock", "step"], name="tickets_sla_fired_once")
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.step_id}"


class SlaReplan(TenantModel):
    """Policies or calendars changed: the sweep goes through the open tickets from `after` on."""

    asked_at = models.DateTimeField(_("asked"))
    after = models.BigIntegerField(_("after ticket"), default=0)

    class Meta:
        verbose_name = _("recomputation")
        verbose_name_plural = _("recomputations")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization"], name="tickets_sla_replan_once")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} after {self.after}"
