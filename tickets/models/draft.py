"""What somebody writes on a ticket: a draft, or an answer that may still be taken back."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.choices import MessageKind
from tickets.models.automation import Macro
from tickets.models.catalog import Status
from tickets.models.pending import PendingReason
from tickets.models.ticket import Ticket


class Draft(TenantModel):
    """One person's text on one ticket, kept while it is written.

    With `send_at` it is held: sent, but until then nobody else has it and it can be taken back.
    No message exists before that, so there is nothing that a channel could deliver too early.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=MessageKind.choices)
    text = models.TextField(_("text"), blank=True)
    cc = models.JSONField(_("copies to"), null=True, blank=True)
    # Another value at every save: a tab that knows an older one must not write over it.
    revision = models.UUIDField(_("revision"), default=uuid.uuid4, editable=False)
    saved_at = models.DateTimeField(_("saved"))
    send_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    status_after = models.ForeignKey(
        Status, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason_after = models.ForeignKey(
        PendingReason, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    macro = models.ForeignKey(
        Macro, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    problem = models.CharField(_("why it was not sent"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["ticket", "person", "kind"],
                condition=models.Q(send_at=None),
                name="tickets_draft_once",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["send_at"],
                name="tickets_held",
                condition=models.Q(send_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.ticket_id}"
