"""What lies in the vector store, so that indexing is idempotent and gaps are found."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel


class IndexEntry(TenantModel):
    """One ticket, article or document in the vector store, by the hash of what was embedded."""

    class Kind(models.TextChoices):
        TICKET = "ticket", _("Ticket")
        ARTICLE = "article", _("Knowledge article")
        DOCUMENT = "document", _("Document")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    object_id = models.BigIntegerField(_("object"))
    # By which model and in which form it was embedded: another one makes it out of date.
    form = models.CharField(_("form"), max_length=120, default="")
    content_hash = models.CharField(_("fingerprint"), max_length=64)
    chunks = models.PositiveIntegerField(_("passages"), default=1)
    indexed_at = models.DateTimeField(_("indexed"))

    class Meta:
        verbose_name = _("index entry")
        verbose_name_plural = _("index entries")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "kind", "object_id"], name="ai_indexed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
