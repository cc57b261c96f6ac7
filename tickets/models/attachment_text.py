"""What an attached file says, so that a search finds it."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models.message import Attachment

# A vector may have at most a mebibyte; of so many characters no text can fill one.
LONGEST = 100_000


class AttachmentText(TenantModel):
    """The text of one file. The row is the claim to read it; a second reader finds it taken.

    `problem` says why there is none: one of the reader's codes (`ai.engine.documents`), "lost"
    or "crashed".
    """

    class State(models.TextChoices):
        READING = "reading", _("Being read")
        READ = "read", _("Read")
        NONE = "none", _("No text")

    attachment = models.OneToOneField(
        Attachment, on_delete=models.CASCADE, related_name="words", verbose_name=_("attachment")
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.READING.value
    )
    problem = models.CharField(_("problem"), max_length=12, blank=True)
    text = models.TextField(_("text"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=1)
    claimed_at = models.DateTimeField(_("taken"))
    search = models.GeneratedField(
        expression=SearchVector(Left("text", LONGEST), config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("text of an attachment")
        verbose_name_plural = _("texts of attachments")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="tickets_file_words"),
            models.Index(
                fields=["claimed_at"],
                name="tickets_files_taken",
                condition=models.Q(state="reading"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attachment_id}: {self.state}"
