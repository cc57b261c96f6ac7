"""Daily figures. A cache: the truth stays in tickets and their change log."""

from typing import ClassVar

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
