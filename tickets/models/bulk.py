"""Changes of several tickets at once, kept so that they can be taken back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel


class BulkChange(TenantModel):
    """One field of several tickets set by one person.

    `before` and `after` hold the form values by ticket number; undoing sets a ticket back only
    where it still has what this change gave it. For an answer to several (`field` is ANSWER)
    `after` holds the ids of the held drafts, and `text` what was written, before names were
    filled in.
    """

    ANSWER = "answer"
    ANSWER_AND_SOLVE = "answer, solve"
    ANSWERS = (ANSWER, ANSWER_AND_SOLVE)

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    field = models.CharField(_("field"), max_length=20)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    text = models.TextField(_("text"), blank=True)
    created_at = models.DateTimeField(_("made"))
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of several tickets")
        verbose_name_plural = _("changes of several tickets")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.field} of {len(self.after)}"
