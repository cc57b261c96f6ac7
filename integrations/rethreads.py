"""Mails that a person put on another ticket: who, from where, to where, and whether undone."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models import Message, Ticket


class Rethreading(TenantModel):
    """One move of a received mail between tickets; undoing it leaves the row."""

    receipt = models.ForeignKey(
        "integrations.Receipt", on_delete=models.CASCADE, related_name="rethreadings",
        verbose_name=_("receipt"),
    )  # fmt: skip
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="+", verbose_name=_("message")
    )
    from_ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, related_name="+", verbose_name=_("from ticket")
    )
    to_ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, related_name="+", verbose_name=_("to ticket")
    )
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+",
        verbose_name=_("moved by"),
    )  # fmt: skip
    moved_at = models.DateTimeField(_("moved"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("moved mail")
        verbose_name_plural = _("moved mails")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.from_ticket_id} → {self.to_ticket_id}"
