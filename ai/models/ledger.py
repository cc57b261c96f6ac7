"""What left the installation for a model, what it cost, and whether it may."""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Ticket


class ModelCall(TenantModel):
    """One call to a model outside this installation; `sent` are the exact masked characters,
    `received` those that came back, masked as well."""

    class Status(models.TextChoices):
        OK = "ok", _("Answered")
        REFUSED = "refused", _("Refused")
        INVALID = "invalid", _("Unusable answer")
        FAILED = "failed", _("No answer")

    ticket = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="model_calls"
    )
    operation = models.CharField(_("operation"), max_length=40)
    provider = models.CharField(_("service"), max_length=20, blank=True)
    model = models.CharField(_("model"), max_length=120)
    status = models.CharField(_("outcome"), max_length=8, choices=Status.choices)
    error = models.TextField(_("error"), blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens in"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens out"), default=0)
    cost_usd = models.DecimalField(_("cost in USD"), max_digits=12, decimal_places=6, default=0)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    sent = models.TextField(_("masked text that left"), blank=True)
    sent_bytes = models.PositiveIntegerField(_("bytes that left"), default=0)
    received = models.TextField(_("masked text that came back"), blank=True)
    received_bytes = models.PositiveIntegerField(_("bytes that came back"), default=0)
    masked_values = models.PositiveIntegerField(_("masked values"), default=0)
    at = models.DateTimeField(_("at"), default=now, db_index=True)

    class Meta:
        verbose_name = _("model call")
        verbose_name_plural = _("model calls")
        ordering: ClassVar[list[str]] = ["-at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-at"], name="ai_spending")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.model}"


class Policy(TenantModel):
    """When an organization's masked tickets may leave for a model outside; absent: if unsure."""

    class External(models.TextChoices):
        NEVER = "never", _("Never")
        UNSURE = "unsure", _("When the local models are not sure")
        ALWAYS = "always", _("For every ticket")

    external = models.CharField(
        _("ask models outside"),
        max_length=8,
        choices=External.choices,
        default=External.UNSURE.value,
    )

    # Beyond these, the rest of the organization's day is answered by the local models.
    daily_cost = models.DecimalField(
        _("most US dollars a day"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    daily_tokens = models.PositiveBigIntegerField(_("most tokens a day"), null=True, blank=True)

    class Meta:
        verbose_name = _("AI policy")
        verbose_name_plural = _("AI policies")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization"], name="ai_policy_once")
        ]

    def __str__(self) -> str:
        return self.get_external_display()
