"""Links between tickets, and merges with what undoes them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.linking import LinkKind
from tickets.models.ticket import Ticket


class TicketLink(TenantModel):
    """`source` is `kind` `target`; a related pair is stored with the smaller id as source."""

    source = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_out")
    target = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_in")
    kind = models.CharField(_("kind"), max_length=10, choices=LinkKind.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "target", "kind"], name="tickets_link_once"),
            models.UniqueConstraint(
                fields=["target"],
                condition=models.Q(kind="parent"),
                name="tickets_link_one_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target_id}"


class Merge(TenantModel):
    """One ticket poured into another; `kept` holds all that taking it apart again needs.

    `kept`: ids of the moved messages, files and links, the fields that the winner took over with
    their values before and after, added tags, the loser's state before.
    """

    winner = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="merges")
    loser = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="merged_by")
    kept = models.JSONField(_("kept for undoing"), default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["loser"],
                condition=models.Q(undone_at__isnull=True),
                name="tickets_merged_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.loser_id} → {self.winner_id}"
