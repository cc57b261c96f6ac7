"""What a model outside wrote on request, kept so that it is paid once."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Message, Ticket


class KeptText(TenantModel):
    """A summary of a ticket or a translation of a message, in one language.

    `made_from` is a hash of the texts it was made from, `newest` the newest message among them:
    where they say something else by now, the text is out of date and says why.
    """

    class Task(models.TextChoices):
        SUMMARY = "summary", _("Summary")
        TRANSLATION = "translation", _("Translation")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="kept_texts")
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    task = models.CharField(_("task"), max_length=11, choices=Task.choices)
    language = models.CharField(_("language"), max_length=8)
    # What `pipeline.writing.write` answered.
    content = models.JSONField(_("text"), default=dict)
    made_from = models.CharField(_("made from"), max_length=64)
    newest = models.BigIntegerField(_("newest message"), default=0)
    written_at = models.DateTimeField(_("written"), default=now)

    class Meta:
        verbose_name = _("kept text")
        verbose_name_plural = _("kept texts")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["ticket", "task", "message", "language"],
                nulls_distinct=False,
                name="ai_text_kept_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} of {self.ticket_id}"
