"""Proposed changes to the knowledge base, each with the tickets it is made of."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Article, Category, Ticket


class ArticleProposal(TenantModel):
    """A new article, or another text for one that is there; a person decides.

    `title` and `body` are the whole text as it would stand, personal data masked. Where there is
    an article, `base_version` is the version it was made from: one that moved on since makes the
    proposal out of date, and its tickets are free for the next look.
    """

    class Cause(models.TextChoices):
        GAP = "gap", _("No article answers this")
        FLAGGED = "flagged", _("The article did not help")
        CONTRADICTED = "contradicted", _("What solved tickets says otherwise")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        PUBLISHED = "published", _("Taken over")
        REJECTED = "rejected", _("Rejected")
        OUTDATED = "outdated", _("Out of date")

    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices)
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.PROPOSED.value
    )
    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, null=True, blank=True, related_name="proposals"
    )
    base_version = models.PositiveIntegerField(_("made from version"), default=0)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=8, default="en")
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # "extractive", or the model that wrote it.
    source = models.CharField(_("source"), max_length=120, default="extractive")
    masked_values = models.PositiveIntegerField(_("masked values"), default=0)
    # Readers of the article's present version who said that it did not help.
    unhelpful = models.PositiveIntegerField(_("did not help"), default=0)
    created_at = models.DateTimeField(_("created"), default=now)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="+", verbose_name=_("edited by"),
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="+", verbose_name=_("decided by"),
    )  # fmt: skip
    rejection = models.CharField(_("why it was rejected"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("proposed article")
        verbose_name_plural = _("proposed articles")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "state", "-id"], name="ai_proposals_by_state")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["article"],
                condition=models.Q(state="proposed"),
                name="ai_one_open_proposal",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a person."""
        return self.state == self.State.PROPOSED


class ProposalTicket(TenantModel):
    """A ticket that a proposal cites, with the words that it rests on (masked)."""

    proposal = models.ForeignKey(ArticleProposal, on_delete=models.CASCADE, related_name="cited")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    quote = models.TextField(_("quoted"), blank=True)

    class Meta:
        verbose_name = _("ticket of a proposed article")
        verbose_name_plural = _("tickets of proposed articles")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["proposal", "ticket"], name="ai_proposal_ticket_once")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} in {self.proposal_id}"
