"""Recurring and scheduled tickets."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team, validate_timezone
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.choices import Impact, Urgency
from tickets.field_texts import unknown_names
from tickets.models.catalog import Category
from tickets.models.ticket import Ticket
from tickets.recurrence import Every, Recurrence, rule_problems

TEMPLATE_NAMES = ("date", "day", "week", "month", "year", "number")


class Schedule(TenantModel, TimestampedModel):
    """A ticket that opens itself. `next_at` is due time and queue in one."""

    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    every = models.CharField(_("every"), max_length=14, choices=Every.choices)
    interval = models.PositiveSmallIntegerField(
        _("only each"), default=1, help_text=_("2 with weeks: every second week.")
    )
    monday = models.BooleanField(_("Monday"), default=False)
    tuesday = models.BooleanField(_("Tuesday"), default=False)
    wednesday = models.BooleanField(_("Wednesday"), default=False)
    thursday = models.BooleanField(_("Thursday"), default=False)
    friday = models.BooleanField(_("Friday"), default=False)
    saturday = models.BooleanField(_("Saturday"), default=False)
    sunday = models.BooleanField(_("Sunday"), default=False)
    month_day = models.PositiveSmallIntegerField(
        _("date of the month"), default=1, help_text=_("31: the last day of every month.")
    )
    nth = models.SmallIntegerField(
        _("which weekday of the month"), default=1, help_text=_("1 to 4, -1 for the last.")
    )
    at = models.TimeField(_("at"))
    zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    starts = models.DateField(_("starts on"))
    ends = models.DateField(_("ends on"), null=True, blank=True)
    skips_holidays = models.BooleanField(_("leaves out public holidays"), default=False)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Such as DE."))
    region = models.CharField(_("region"), max_length=10, blank=True, help_text=_("Such as BY."))
    subject = models.CharField(
        _("subject"), max_length=200, help_text=_("May hold {date}, {week}, {month}, {year}.")
    )
    text = models.TextField(_("text"), max_length=5000)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    urgency = models.CharField(
        _("urgency"), max_length=8, choices=Urgency.choices, default=Urgency.MEDIUM.value
    )
    impact = models.CharField(
        _("impact"), max_length=8, choices=Impact.choices, default=Impact.LOW.value
    )
    next_at = models.DateTimeField(_("next"), null=True, blank=True, editable=False)
    runs = models.PositiveIntegerField(_("opened so far"), default=0, editable=False)
    problem = models.CharField(_("problem"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("recurring ticket")
        verbose_name_plural = _("recurring tickets")
        ordering: ClassVar[list[str]] = ["name"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_at"],
                name="tickets_schedule_due",
                condition=models.Q(is_active=True, next_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> Recurrence:
        """The dates as the pure rule takes them."""
        days = (
            self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday,
            self.sunday,
        )  # fmt: skip
        return Recurrence(
            every=self.every,
            at=self.at,
            zone=self.zone,
            starts=self.starts,
            ends=self.ends,
            interval=self.interval,
            weekdays=frozenset(n for n, on in enumerate(days) if on),
            month_day=self.month_day,
            nth=self.nth,
            skips_holidays=self.skips_holidays,
            country=self.country,
            region=self.region,
        )

    def upcoming(self, moment: datetime) -> list[datetime]:
        """The next five times."""
        return self.rule.upcoming(moment, 5)

    def clean(self) -> None:
        """Refuse a rule that could not work and a template nobody fills."""
        super().clean()
        if not (self.at and self.starts):
            return
        found = rule_problems(self.rule)
        if "weekdays" in found:
            found["monday"] = found.pop("weekdays")
        for name in ("subject", "text"):
            if unknown := unknown_names(getattr(self, name), TEMPLATE_NAMES):
                found[name] = gettext("Nothing fills {%(name)s}. There is: %(known)s.") % {
                    "name": unknown[0],
                    "known": ", ".join(TEMPLATE_NAMES),
                }
        if found:
            raise ValidationError(found)


class ScheduleRun(TenantModel):
    """A due time that was served, once; `missed` more were left out while nobody was there."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="served")
    due_at = models.DateTimeField(_("due"))
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    missed = models.PositiveIntegerField(_("left out"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("run of a recurring ticket")
        verbose_name_plural = _("runs of recurring tickets")
        ordering: ClassVar[list[str]] = ["-due_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="tickets_schedule_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.due_at:%Y-%m-%d %H:%M}"
