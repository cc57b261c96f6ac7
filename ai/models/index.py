"""What lies in the vector store, so that indexing is idempotent and gaps are found."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.work import Reported, WorkState
from omnidesk.core.clock import now
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


class Rebuild(Reported):
    """The vector store built anew beside the one in use, for the whole installation.

    The newest that is done is the one in use; its number names its folder or collection.
    """

    State = WorkState
    LIVE: ClassVar[tuple[str, str]] = (WorkState.PENDING.value, WorkState.RUNNING.value)

    class Quantization(models.TextChoices):
        NONE = "none", _("Whole vectors")
        SCALAR = "scalar", _("A byte for each number (a quarter of the memory)")
        BINARY = "binary", _("A bit for each number (a thirty-second of the memory)")

    state = models.CharField(
        _("state"), max_length=8, choices=WorkState.choices, default=WorkState.PENDING.value
    )
    # The embedding model's name in the store; the worker that begins writes it.
    base = models.CharField(_("embedding model"), max_length=80, blank=True)
    quantization = models.CharField(
        _("vectors"), max_length=8, choices=Quantization.choices, default=Quantization.NONE.value
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # The last `IndexEntry` whose row was written: where it goes on after a worker died.
    entry = models.BigIntegerField(_("last entry"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    attempts = models.PositiveSmallIntegerField(_("failed attempts"), default=0)
    created_at = models.DateTimeField(_("created"), default=now)
    touched_at = models.DateTimeField(_("last progress"), default=now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # Whether what it replaced, or what it left unfinished, has been removed.
    is_tidy = models.BooleanField(_("old store removed"), default=False)

    class Meta:
        verbose_name = _("rebuild of the search index")
        verbose_name_plural = _("rebuilds of the search index")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(state__in=["pending", "running"]),
                name="ai_one_rebuild",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.state in self.LIVE

    @classmethod
    def active(cls, base: str) -> "Rebuild | None":
        """The one whose store is in use; None: the first one, built without a row. Queries: 1."""
        return cls.objects.filter(state=WorkState.DONE, base=base).order_by("-pk").first()

    @classmethod
    def live(cls, base: str) -> "Rebuild | None":
        """The one that is being built. Queries: 1."""
        return cls.objects.filter(state=WorkState.RUNNING, base=base).order_by("-pk").first()
