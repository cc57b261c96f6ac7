"""Daily figures (a cache: the truth stays in tickets and their change log) and simulations."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel


class DailyRollup(TenantModel):
    """One day of an organization, or of one of its teams (`team` empty: all tickets).

    The organization's row carries the freshness of its whole day. Staleness is a time and not a
    flag: what changes while a day is being counted must make it stale again, so a count only
    covers what came before its own start.
    """

    day = models.DateField(_("day"), help_text=_("In the organization's time zone."))
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    opened = models.PositiveIntegerField(_("opened"), default=0)
    solved = models.PositiveIntegerField(_("solved"), default=0)
    reopened = models.PositiveIntegerField(_("reopened"), default=0)
    backlog = models.PositiveIntegerField(
        _("backlog"), default=0, help_text=_("Unsolved tickets at the end of the day.")
    )
    first_responses = models.PositiveIntegerField(_("first answers"), default=0)
    first_response_median_seconds = models.PositiveIntegerField(
        _("median first response (seconds)"), null=True, blank=True
    )
    ai_suggested = models.PositiveIntegerField(
        _("AI suggestions decided"), default=0, help_text=_("Accepted, corrected or rejected.")
    )
    ai_accepted = models.PositiveIntegerField(_("AI suggestions accepted"), default=0)
    stale_at = models.DateTimeField(_("changed"), null=True, blank=True)
    computed_at = models.DateTimeField(_("counted"), db_default=Now())

    class Meta:
        verbose_name = _("daily figures")
        verbose_name_plural = _("daily figures")
        ordering: ClassVar[list[str]] = ["-day", "team"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "day", "team"],
                nulls_distinct=False,
                name="analytics_day_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.team_id or ''}".strip()

    @property
    def is_stale(self) -> bool:
        """Whether something changed since the day was counted."""
        return self.stale_at is not None and self.stale_at >= self.computed_at


class Simulation(TenantModel):
    """A change of agreed times or staff, replayed on the past before it is made.

    The row is the queue: Celery is only nudged, and the sweep gives out again what a dying worker
    left behind. `asked` and `result` are plain values (`analytics.simulating` writes them).
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+",
        verbose_name=_("asked by"),
    )  # fmt: skip
    asked: "models.JSONField[Any, Any]" = models.JSONField(_("question"), default=dict)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.WAITING.value
    )
    progress = models.PositiveSmallIntegerField(_("percent"), default=0)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    result: "models.JSONField[Any, Any]" = models.JSONField(_("result"), default=dict, blank=True)
    problem = models.CharField(_("what went wrong"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    beat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "beat_at"],
                name="analytics_simulation_due",
                condition=models.Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {self.State.DONE, self.State.FAILED}
