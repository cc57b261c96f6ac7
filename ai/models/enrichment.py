"""The queue of tickets to read: one row is one reading."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Message, Ticket

MOST_ATTEMPTS = 5
# Much longer than the slowest honest reading (a Claude call that runs into its timeout).
CLAIM_SECONDS = 180


class EnrichmentQuerySet(models.QuerySet["Enrichment"]):
    """Verbs over the queue."""

    def waiting(self, at: datetime) -> "EnrichmentQuerySet":
        """Rows that somebody should read now."""
        return self.filter(state=Enrichment.State.PENDING, available_at__lte=at)

    def orphaned(self, at: datetime) -> "EnrichmentQuerySet":
        """Rows whose worker must have died."""
        return self.filter(
            state=Enrichment.State.RUNNING, claimed_at__lt=at - timedelta(seconds=CLAIM_SECONDS)
        )

    def live(self) -> "EnrichmentQuerySet":
        """Waiting or being read."""
        return self.filter(state__in=[Enrichment.State.PENDING, Enrichment.State.RUNNING])

    def take(self, claimed_by: str) -> int:
        """Give waiting rows to `claimed_by`; returns how many nobody else was faster to take."""
        return self.update(
            state=Enrichment.State.RUNNING,
            claimed_at=now(),
            claimed_by=claimed_by,
            attempts=F("attempts") + 1,
        )


class Enrichment(TenantModel):
    """One reading of a ticket by the AI.

    The row is the truth: a task only nudges. Whoever claims it (a conditional update) reads
    without a transaction and applies the result in one transaction that needs the claim to be
    still theirs. So a reading is applied once, whoever dies at whichever point.
    """

    class Trigger(models.TextChoices):
        OPENED = "opened", _("Opened")
        MESSAGE = "message", _("New message")
        REPROCESS = "reprocess", _("Asked again")

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        RUNNING = "running", _("Reading")
        DONE = "done", _("Read")
        FAILED = "failed", _("Failed")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="enrichments")
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    trigger = models.CharField(_("trigger"), max_length=10, choices=Trigger.choices)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.PENDING.value
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"), default=now)
    available_at = models.DateTimeField(_("not before"), default=now)
    claimed_at = models.DateTimeField(_("taken"), null=True, blank=True)
    claimed_by = models.CharField(_("taken by"), max_length=120, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    # Step -> milliseconds.
    timings = models.JSONField(_("timings"), default=dict, blank=True)
    # What was found besides the suggestions: related tickets and articles, why no draft, what
    # the model saw (`pipeline.Outcome.verdict`).
    verdict = models.JSONField(_("verdict"), default=dict, blank=True)

    objects = EnrichmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["available_at"],
                name="ai_readings_waiting",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["claimed_at"],
                name="ai_readings_running",
                condition=models.Q(state="running"),
            ),
            models.Index(fields=["ticket", "-id"], name="ai_readings_of_ticket"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["ticket", "message"],
                condition=models.Q(trigger__in=["opened", "message"]),
                nulls_distinct=False,
                name="ai_reading_once",
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(trigger="reprocess", state="pending"),
                name="ai_rereading_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.ticket_id}"
