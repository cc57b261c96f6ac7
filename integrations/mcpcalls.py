"""What programs did by the Model Context Protocol: one row for each call of a tool, for good."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel


class McpCall(TenantModel):
    """One call of a tool in a person's name. `client` is what the program calls itself."""

    class Outcome(models.TextChoices):
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("person"),
    )
    credential = models.CharField(_("signed in by"), max_length=100, blank=True)
    client = models.CharField(_("program"), max_length=120, blank=True)
    tool = models.CharField(_("tool"), max_length=60)
    # Long texts are cut: the ticket itself keeps what was written.
    arguments = models.JSONField(_("arguments"), default=dict)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    words = models.CharField(_("what was refused"), max_length=300, blank=True)
    ticket_number = models.PositiveBigIntegerField(_("ticket"), null=True, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("program's call")
        verbose_name_plural = _("programs' calls")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-at"], name="integrations_mcp_calls")
        ]

    def __str__(self) -> str:
        return f"{self.tool} ({self.client or self.credential})"
