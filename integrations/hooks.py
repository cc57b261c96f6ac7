"""Tables of outgoing webhooks: who is told of what, and each call."""

import base64
import secrets
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from omnidesk.core.vault import seal, unseal
from tickets.models import Change

ALL = "*"
# What may be told: verbs of the change log. A log verb that is not named here stays inside.
EVENTS: tuple[str, ...] = (
    "ticket.opened", "ticket.replied", "ticket.message_received", "ticket.noted",
    "ticket.status_changed", "ticket.reopened", "ticket.assigned", "ticket.routed",
    "ticket.categorised", "ticket.urgency_changed", "ticket.impact_changed",
    "ticket.priority_changed", "ticket.renamed", "ticket.tagged", "ticket.file_attached",
    "ticket.deleted", "ticket.restored", "ticket.type_changed", "ticket.fields_changed",
    "ticket.pending_reason_changed", "ticket.snoozed", "ticket.woken", "ticket.merged",
    "ticket.merged_away", "ticket.merge_undone", "ticket.split", "ticket.linked",
    "ticket.unlinked", "ticket.passed_on", "ticket.message_mirrored", "ticket.rated",
    "ticket.sla_warned", "ticket.sla_breached", "ticket.sla_escalated", "ticket.approval_asked",
    "ticket.approval_decided", "ticket.runbook_ended", "ticket.incident_declared",
    "ticket.incident_update",
)  # fmt: skip
# Of these only that it happened: the values are what people typed.
WITHOUT_VALUES = frozenset({"ticket.fields_changed"})
TEST_EVENT = "webhook.test"
RULE_EVENT = "ticket.rule"
# What people are told, for those who chose it. Never part of "*": it names persons.
NOTICE_EVENT = "notification"


def new_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def check_events(value: Any) -> None:
    """Refuse events that nothing tells."""
    known = {ALL, *EVENTS, NOTICE_EVENT}
    unknown = [one for one in value if one not in known] if isinstance(value, list) else [value]
    if unknown:
        raise ValidationError(_("“%(event)s” is no event."), params={"event": str(unknown[0])[:60]})


class WebhookEndpoint(TenantModel, TimestampedModel):
    """An address of another program that is told what happens to tickets.

    `old_sealed_secret` signs beside the present one until `old_secret_until`. An endpoint that
    failed for days pauses by itself: `pause_reason` says so.
    """

    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(
        _("address"), max_length=500, validators=[URLValidator(schemes=["https", "http"])]
    )
    events = models.JSONField(
        _("events"),
        default=list,
        validators=[check_events],
        help_text=_(
            'Such as ["ticket.opened", "ticket.status_changed"]; ["*"] is all of them. '
            '"notification" has to be named: it passes on what agents are told who choose this.'
        ),
    )
    only_sources = models.JSONField(
        _("only tickets from"),
        default=list,
        blank=True,
        help_text=_('Such as ["email", "sms"]; empty: from everywhere.'),
    )
    only_priorities = models.JSONField(
        _("only these priorities"),
        default=list,
        blank=True,
        help_text=_('Such as ["high", "critical"]; empty: all.'),
    )
    sealed_secret = models.TextField(editable=False)
    old_sealed_secret = models.TextField(blank=True, editable=False)
    old_secret_until = models.DateTimeField(
        _("former secret until"), null=True, blank=True, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    pause_reason = models.CharField(_("paused because"), max_length=300, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("outgoing webhook")
        verbose_name_plural = _("outgoing webhooks")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="integrations_endpoint_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new endpoint gets its secret."""
        if not self.sealed_secret:
            self.sealed_secret = seal(new_secret())
        super().save(*args, **kwargs)

    @property
    def secret(self) -> str:
        """The secret in the clear. Raises UnreadableSecret."""
        return unseal(self.sealed_secret)

    def hears(self, verb: str) -> bool:
        """Whether this endpoint wants the event."""
        return verb in EVENTS and (ALL in self.events or verb in self.events)

    @property
    def hears_notices(self) -> bool:
        """Whether people may choose to be told by this endpoint."""
        return NOTICE_EVENT in self.events


class CallState(models.TextChoices):
    """How far a call is."""

    QUEUED = "queued", _("Waiting")
    CLAIMED = "claimed", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not sent")


class WebhookCall(TenantModel):
    """One event for one endpoint; the row is the queue and the log.

    `message_id` is the `webhook-id` header, the same at every try: receivers drop doubles by it.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="calls")
    change = models.ForeignKey(
        Change, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    message_id = models.CharField(_("id"), max_length=40, unique=True)
    event = models.CharField(_("event"), max_length=40)
    body = models.JSONField(_("body"))
    state = models.CharField(
        _("state"), max_length=8, choices=CallState.choices, default=CallState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    status_code = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook call")
        verbose_name_plural = _("webhook calls")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["endpoint", "change"], name="integrations_call_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "next_try_at"],
                name="integrations_calls_due",
                condition=models.Q(state__in=["queued", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"
