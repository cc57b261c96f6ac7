"""Changes of several tickets at once, kept so that they can be taken back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel


class BulkChange(TenantModel):
    """One field of several tickets set by one person.

    `before` and `after` hold the form values by ticket number; undoing sets a ticket back only
    where it still has what this change gave it.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    field = models.CharField(_("field"), max_length=20)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    created_at = models.DateTimeField(_("made"))
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of several tickets")
        verbose_name_plural = _("changes of several tickets")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.field} of {len(self.after)}"
