"""Larger tasks that programs hand to the AI: done in the background, with result and cost."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.work import Reported, Retried, Work


class Job(Retried, Reported, Work):
    """One task of a program; its kinds stand in `ai/jobs/`."""

    LOCK = 7203

    # A key of `ai.jobs.registry`.
    kind = models.CharField(_("kind"), max_length=40)
    data = models.JSONField(_("what is asked"), default=dict)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+",
        verbose_name=_("asked by"),
    )  # fmt: skip
    result = models.JSONField(_("result"), null=True, blank=True)
    cost_usd = models.DecimalField(_("cost in USD"), max_digits=12, decimal_places=6, default=0)
    tokens_in = models.PositiveIntegerField(_("tokens in"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens out"), default=0)

    class Meta:
        verbose_name = _("AI task")
        verbose_name_plural = _("AI tasks")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["created_at"],
                name="ai_jobs_waiting",
                condition=models.Q(state__in=["pending", "running"]),
            ),
            models.Index(fields=["organization", "-id"], name="ai_jobs_of_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
