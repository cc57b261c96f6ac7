"""What was said on a ticket, and the files that came with it."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.choices import DeliveryState, MessageKind, Source
from tickets.models.ticket import Ticket


class Message(TenantModel):
    """A public message, an internal note or a system line.

    `text` is what the author newly wrote (Markdown when an agent wrote it), `quoted` the folded
    rest of a mail, `html` the sanitised HTML to show instead of `text` where there is any.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(_("kind"), max_length=8, choices=MessageKind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
    )
    is_opening = models.BooleanField(_("opening message"), default=False)
    from_requester = models.BooleanField(_("from the requester's side"), default=False)
    is_ai = models.BooleanField(_("automatic answer"), default=False)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    quoted = models.TextField(_("quoted text"), blank=True)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices)
    # The channel's own id of the message (RFC 5322 Message-ID for mail), for threading.
    external_id = models.CharField(_("external id"), max_length=998, blank=True)
    cc = models.JSONField(_("copies to"), default=list, blank=True)
    delivery_state = models.CharField(
        _("delivery"),
        max_length=10,
        choices=DeliveryState.choices,
        default=DeliveryState.NONE.value,
    )
    delivery_detail = models.CharField(_("delivery detail"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), db_index=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar[list[str]] = ["created_at", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["ticket", "created_at"], name="tickets_conversation"),
            models.Index(
                fields=["organization", "external_id"],
                name="tickets_threading",
                condition=~models.Q(external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}"


def attachment_path(attachment: "Attachment", filename: str) -> str:
    """Where a file is kept: by organization, under a name nobody can guess or collide with."""
    return f"attachments/{attachment.organization_id}/{uuid.uuid4().hex}"


class Attachment(TenantModel):
    """A file on a ticket. `content_type` is read from the bytes, never from the name."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="attachments")
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments"
    )
    file = models.FileField(_("file"), upload_to=attachment_path, max_length=300)
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("content type"), max_length=120)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    is_inline = models.BooleanField(_("inside the text"), default=False)
    content_id = models.CharField(_("content id"), max_length=255, blank=True)
    is_internal = models.BooleanField(_("for the desk only"), default=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # A file of somebody's draft, which nobody else sees yet.
    draft = models.ForeignKey(
        "tickets.Draft",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="attachments",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.name
