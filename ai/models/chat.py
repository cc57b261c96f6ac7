"""Conversations with the assistant: one person's questions, and what was answered."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.work import Retried, Work
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models import Ticket


class Conversation(TenantModel, TimestampedModel):
    """One person's talk with the assistant; nobody else reads it before it is handed over."""

    class Place(models.TextChoices):
        DESK = "desk", _("Desk")
        PORTAL = "portal", _("Portal")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    place = models.CharField(_("place"), max_length=6, choices=Place.choices)
    # What it is about, where it began beside a ticket.
    ticket = models.ForeignKey(
        Ticket,
        verbose_name=_("ticket"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    handed_to = models.ForeignKey(
        Ticket,
        verbose_name=_("handed over as"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # The last question that the handed-over ticket holds.
    handed_turn = models.BigIntegerField(_("handed over up to"), default=0)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person", "-id"], name="ai_conversations_of_person")
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.pk}"


class Turn(Retried, Work):
    """One question and its answer."""

    LOCK = 7204

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    question = models.TextField(_("question"))
    # `pipeline.answering.as_json`.
    answer = models.JSONField(_("answer"), default=dict, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering: ClassVar[list[str]] = ["pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["created_at"],
                name="ai_turns_waiting",
                condition=models.Q(state__in=["pending", "running"]),
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(state__in=["pending", "running"]),
                name="ai_one_open_question",
            )
        ]

    def __str__(self) -> str:
        return self.question[:60]
