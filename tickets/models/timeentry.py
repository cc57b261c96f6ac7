"""Time spent on tickets: finished entries, and the timer that runs for a person."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models.ticket import Ticket

A_DAY = 24 * 60


class TimeEntry(TenantModel):
    """Minutes that somebody spent on a ticket on a day."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="time_entries")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(A_DAY)]
    )
    day = models.DateField(_("day"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    is_billable = models.BooleanField(_("billable"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("time entry")
        verbose_name_plural = _("time entries")
        ordering: ClassVar[list[str]] = ["-day", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "day"], name="tickets_time_by_day")
        ]

    def __str__(self) -> str:
        return f"{self.minutes} min, {self.ticket_id}"


class Timer(TenantModel):
    """The one timer that runs for a person; it survives a closed browser."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="timers")
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="timer"
    )
    started_at = models.DateTimeField(_("started"))

    class Meta:
        verbose_name = _("running timer")
        verbose_name_plural = _("running timers")

    def __str__(self) -> str:
        return f"{self.person_id} on {self.ticket_id}"
