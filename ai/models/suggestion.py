"""What the AI proposed and what a person made of it: the rows it learns from."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.enrichment import Enrichment
from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Ticket


class Suggestion(TenantModel):
    """One proposed value of one field (or a draft answer), with evidence.

    `value` is what is shown (a name, an urgency, the draft's text), `object_id` the category's
    or team's primary key. `confidence` is a calibrated probability and is never shown; `band`
    says it in words.
    """

    class Field(models.TextChoices):
        CATEGORY = "category", _("Category")
        URGENCY = "urgency", _("Urgency")
        TEAM = "team", _("Team")
        DRAFT = "draft", _("Draft")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ACCEPTED = "accepted", _("Accepted")
        CORRECTED = "corrected", _("Corrected")
        REJECTED = "rejected", _("Rejected")
        STALE = "stale", _("Out of date")

    class Band(models.TextChoices):
        VERY_LIKELY = "very_likely", _("Very likely")
        LIKELY = "likely", _("Likely")
        UNSURE = "unsure", _("Not sure")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="suggestions")
    enrichment = models.ForeignKey(Enrichment, on_delete=models.CASCADE, related_name="suggestions")
    field = models.CharField(_("field"), max_length=8, choices=Field.choices)
    value = models.TextField(_("value"))
    object_id = models.BigIntegerField(_("object"), null=True, blank=True)
    confidence = models.FloatField(_("confidence"))
    band = models.CharField(_("band"), max_length=12, choices=Band.choices)
    # [{"kind": "word"|"rule"|"ticket"|"article"|"history"|"model", "text", "weight", ...}]
    evidence = models.JSONField(_("evidence"), default=list, blank=True)
    # [{"value", "object_id", "confidence", "band"}], best first, without the proposed one.
    alternatives = models.JSONField(_("alternatives"), default=list, blank=True)
    source = models.CharField(_("source"), max_length=60, default="local")
    language = models.CharField(_("language"), max_length=8, blank=True)
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.PROPOSED.value
    )
    created_at = models.DateTimeField(_("created"), default=now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    corrected_value = models.TextField(_("corrected value"), blank=True)
    corrected_object_id = models.BigIntegerField(_("corrected object"), null=True, blank=True)
    # The fields as they were before the decision, so that it can be undone.
    previous = models.JSONField(_("before"), null=True, blank=True)

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["ticket", "field", "-id"], name="ai_suggestions_of_ticket"),
            models.Index(
                fields=["organization", "field", "value", "-decided_at"],
                name="ai_track_record",
                condition=models.Q(
                    state__in=["accepted", "corrected", "rejected"],
                    field__in=["category", "team", "urgency"],
                ),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["ticket", "field"],
                condition=models.Q(state="proposed"),
                name="ai_one_open_suggestion",
            ),
            models.UniqueConstraint(
                fields=["enrichment", "field"], name="ai_one_suggestion_a_reading"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.ticket_id}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a person."""
        return self.state == self.State.PROPOSED

    @property
    def is_sure(self) -> bool:
        """Whether one key may accept it: below "likely" the alternatives are shown instead."""
        return self.band != self.Band.UNSURE
