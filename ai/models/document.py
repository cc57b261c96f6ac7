"""Files that an organization lets the AI read: manuals, price lists, slides, letters."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel, TimestampedModel


def document_path(document: "Document", filename: str) -> str:
    """Where the original lies: by organization and fingerprint, never by a stranger's name."""
    return f"documents/{document.organization_id}/{document.sha256[:2]}/{document.sha256}"


class Document(TenantModel, TimestampedModel):
    """One file. The row is the queue: a worker claims it, reads it, keeps its passages."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        RUNNING = "running", _("Being read")
        READY = "ready", _("Read")
        FAILED = "failed", _("Cannot be read")

    class Problem(models.TextChoices):
        BROKEN = "broken", _("The file is damaged and cannot be opened.")
        ENCRYPTED = "encrypted", _("The file is protected by a password. Upload it without one.")
        UNKNOWN = "unknown", _("This kind of file cannot be read.")
        BOMB = "bomb", _("Unpacked, the file is far larger than a document.")
        TOO_LONG = "too_long", _("The file holds more text than can be indexed. Split it.")
        TOO_SLOW = "too_slow", _("Reading the file took too long.")
        EMPTY = "empty", _("There is no text in the file. Scanned pages are pictures.")
        LOST = "lost", _("The stored file is gone. Upload it again.")
        CRASHED = "crashed", _("Reading the file failed several times.")

    title = models.CharField(_("title"), max_length=200)
    name = models.CharField(_("file name"), max_length=255)
    file = models.FileField(_("file"), upload_to=document_path, max_length=300)
    content_type = models.CharField(_("content type"), max_length=120)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    is_public = models.BooleanField(_("may be quoted to requesters"), default=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.PENDING.value
    )
    problem = models.CharField(_("problem"), max_length=12, choices=Problem.choices, blank=True)
    kind = models.CharField(_("kind"), max_length=8, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    # Pages, sheets or slides; 0 where the kind of file knows none.
    units = models.PositiveIntegerField(_("pages"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_at = models.DateTimeField(_("taken"), null=True, blank=True)
    claimed_by = models.CharField(_("taken by"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering: ClassVar[list[str]] = ["title", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["created_at"],
                name="ai_documents_waiting",
                condition=models.Q(state__in=["pending", "running"]),
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "sha256"], name="ai_document_once")
        ]

    def __str__(self) -> str:
        return self.title


class DocumentPassage(TenantModel):
    """A piece of a document with its place ("page:3", "sheet:Prices", "slide:2" or "")."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    number = models.PositiveIntegerField(_("number"))
    place = models.CharField(_("place"), max_length=120, blank=True)
    heading = models.CharField(_("heading"), max_length=200, blank=True)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("created"), default=now)
    search = models.GeneratedField(
        expression=SearchVector("heading", weight="A", config="simple")
        + SearchVector("text", weight="B", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering: ClassVar[list[str]] = ["document", "number"]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="ai_passage_search")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["document", "number"], name="ai_passage_once")
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.number}"
