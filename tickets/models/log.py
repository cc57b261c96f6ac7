"""The change log: who did what to which ticket, append-only."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.choices import ActorKind
from tickets.models.ticket import Ticket


class Change(TenantModel):
    """One mutation of a ticket, named by a verb such as `ticket.assigned`.

    The history page, the API and analytics read these rows; nothing may update or delete them
    (a trigger refuses).
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.DO_NOTHING, related_name="changes")
    verb = models.CharField(_("verb"), max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
    )
    actor_kind = models.CharField(_("actor kind"), max_length=8, choices=ActorKind.choices)
    actor_label = models.CharField(_("actor"), max_length=150, blank=True)
    field = models.CharField(_("field"), max_length=40, blank=True)
    old = models.JSONField(_("old value"), null=True, blank=True)
    new = models.JSONField(_("new value"), null=True, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering: ClassVar[list[str]] = ["at", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["ticket", "at"], name="tickets_history"),
            models.Index(fields=["organization", "verb", "at"], name="tickets_verbs"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} on {self.ticket_id}"
