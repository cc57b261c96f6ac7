"""What was learned from an organization's own closed tickets."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.work import Reported, Work
from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel


class Training(Reported, Work):
    """One run over an organization's history; keeps its error when it fails."""

    LOCK = 7201

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    # Kind -> {"outcome": "promoted"|"kept_old"|"too_little", "reason", "metrics", "examples"}
    report = models.JSONField(_("report"), default=dict, blank=True)

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(state__in=["pending", "running"]),
                name="ai_one_training",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @classmethod
    def taking(cls, name: str) -> dict[str, Any]:
        """See `Work.taking`."""
        return super().taking(name) | {"started_at": now()}


class TrainedModel(TenantModel):
    """One version of one learned classifier; `content` is the engine's own portable format.

    The bytes live in the database, so that every ai-worker finds them and a backup holds them.
    """

    class Kind(models.TextChoices):
        CATEGORY = "category", _("Category")
        TEAM = "team", _("Team")
        URGENCY = "urgency", _("Urgency")

    training = models.ForeignKey(
        Training, on_delete=models.SET_NULL, null=True, blank=True, related_name="learned"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    version = models.PositiveIntegerField(_("version"))
    content = models.BinaryField(_("model"))
    classes = models.JSONField(_("classes"), default=list)
    metrics = models.JSONField(_("measured quality"), default=dict)
    trained_on = models.PositiveIntegerField(_("learned from"))
    is_active = models.BooleanField(_("in use"), default=False)
    # Learned from what other organizations lend as well (`ai.sharing`).
    is_shared = models.BooleanField(_("shared"), default=False)
    error = models.TextField(_("why it is not in use"), blank=True)
    # Taken out of use by a person, who put an earlier one back; it is never put back itself.
    retired_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("taken back by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), default=now)

    class Meta:
        verbose_name = _("trained model")
        verbose_name_plural = _("trained models")
        ordering: ClassVar[list[str]] = ["kind", "-version"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "kind", "version"], name="ai_model_version_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "kind"],
                condition=models.Q(is_active=True),
                name="ai_one_model_in_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"
