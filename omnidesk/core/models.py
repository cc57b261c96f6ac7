"""Base classes of every app's tables, and the kernel's own: idempotency keys."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TimestampedModel(models.Model):
    """When a row was made and last touched (UTC)."""

    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        abstract = True


class TenantModel(models.Model):
    """A row that belongs to one organization and is guarded by row-level security.

    Its migration must add `EnableRowSecurity(table)`; a test walks every such model.
    """

    organization = models.ForeignKey(
        settings.ORGANIZATION_MODEL,
        verbose_name=_("organization"),
        on_delete=models.CASCADE,
        related_name="+",
    )

    class Meta:
        abstract = True


class IdempotencyKey(models.Model):
    """The first answer to a POST with an `Idempotency-Key`, replayed to its retries.

    Written in the same transaction as the change it answers, so both exist or neither.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(_("key"), max_length=200)
    fingerprint = models.CharField(_("request fingerprint"), max_length=64)
    status_code = models.PositiveSmallIntegerField(_("status code"))
    body = models.JSONField(_("body"), null=True)
    headers = models.JSONField(_("headers"), default=dict)
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "key"], name="core_idempotency_once")
        ]

    def __str__(self) -> str:
        return self.key
