"""What somebody wrote in a form of the portal and has not sent yet."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel


class KeptForm(TenantModel):
    """One person's unsent words in one form: a report, a request, an answer.

    On the server and not on the device: portals are used on machines that people share.
    """

    FOR: ClassVar[timedelta] = timedelta(days=30)

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="kept_forms"
    )
    form = models.CharField(
        _("form"), max_length=100, help_text=_("new, form-KEY of the catalogue or answer-NUMBER.")
    )
    # Name of a field -> its values, as a browser sends them.
    values: "models.JSONField[Any, Any]" = models.JSONField(_("values"), default=dict)
    # Another value at every save: a window that knows an older one must not write over it.
    saved_at = models.DateTimeField(_("saved"))
    # Which window of a browser saved last, a number that it drew. Its own saves may overtake
    # the answer that would tell it `saved_at`, as when it is closed.
    window = models.CharField(_("window"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("kept form")
        verbose_name_plural = _("kept forms")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["person", "organization", "form"], name="tickets_form_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.form}"
