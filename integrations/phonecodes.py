"""Codes that prove that a telephone is somebody's: one row each, which is also the queue."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel


class PhoneCode(TenantModel):
    """A code on its way to a telephone; it is spent once it was typed in right.

    A code is claimed before it is handed over and never tried twice: who got none asks again.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("Waiting")
        HANDING_OVER = "handing_over", _("Being handed over")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not sent")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("person"),
    )
    phone = models.CharField(_("number"), max_length=20)
    sealed_code = models.TextField(editable=False)
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.WAITING.value
    )
    tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("telephone code")
        verbose_name_plural = _("telephone codes")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-created_at"], name="integrations_code_of_user"),
            models.Index(
                fields=["created_at"],
                name="integrations_codes_due",
                condition=models.Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phone}: {self.get_state_display()}"
