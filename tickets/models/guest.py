"""What somebody without an account asked for, until the address is known to be theirs."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models.ticket import Ticket


class GuestRequest(TenantModel):
    """A request from the open form. It becomes a ticket when the mailed link is used."""

    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=150, blank=True)
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=8, default="en")
    created_at = models.DateTimeField(_("created"), db_index=True)
    mailed_at = models.DateTimeField(_("link mailed"), null=True, blank=True)
    ticket = models.OneToOneField(
        Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="guest_request",
        verbose_name=_("ticket"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("request of a guest")
        verbose_name_plural = _("requests of guests")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return self.subject
