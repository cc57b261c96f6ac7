"""What the desk's history says of its clocks, and what that makes likely for running ones."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models.sla import SlaClock
from tickets.models.ticket import Ticket


class SlaHistory(TenantModel):
    """How long clocks took, as `tickets.sla_forecast` reads it; learnt anew every hour.

    Its row is also the lock: one forecast of an organization at a time.
    """

    content: "models.JSONField[Any, Any]" = models.JSONField(_("content"), default=dict)
    clocks = models.PositiveIntegerField(_("clocks"), default=0)
    learnt_at = models.DateTimeField(_("learnt"))

    class Meta:
        verbose_name = _("history of agreed times")
        verbose_name_plural = _("histories of agreed times")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization"], name="tickets_sla_history_once")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.learnt_at:%Y-%m-%d %H:%M}"


class SlaForecast(TenantModel):
    """How likely a running clock fails. Kept apart from tickets: it raises no version.

    `tickets.sla_forecast.Outlook` says what the figures mean. There is a row for running clocks
    alone, and none where the history says too little.
    """

    clock = models.OneToOneField(SlaClock, on_delete=models.CASCADE, related_name="forecast")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="forecasts")
    risk = models.FloatField(_("probability"))
    alike = models.PositiveIntegerField(_("clocks like it"))
    longer = models.PositiveIntegerField(_("of them too late"))
    depth = models.PositiveSmallIntegerField(_("how alike"))
    load = models.FloatField(_("load"))
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        ordering: ClassVar[list[str]] = ["-risk", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-risk"], name="tickets_forecast_worst"),
            models.Index(fields=["ticket", "-risk"], name="tickets_forecast_of"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.risk:.0%}"
