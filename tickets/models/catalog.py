"""What an organization's tickets are sorted by: categories, tags, statuses."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.choices import StatusCategory
from tickets.models.pending import PendingReason


class Category(TenantModel, TimestampedModel):
    """A kind of problem. The AI learns it from closed tickets, at first from `description`."""

    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(
        _("description"),
        blank=True,
        help_text=_("What belongs here, in a few sentences; the AI reads it at cold start."),
    )
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children"
    )
    default_team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="categories"
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="tickets_category_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Tag(TenantModel):
    """A free label."""

    name = models.CharField(_("name"), max_length=50)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "name"], name="tickets_tag_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Status(TenantModel):
    """An organization's own status, mapped to one of the four stages."""

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    category = models.CharField(_("stage"), max_length=8, choices=StatusCategory.choices)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_default = models.BooleanField(
        _("first of its stage"), default=False, help_text=_("Used where only the stage is known.")
    )
    pending_reason = models.ForeignKey(
        PendingReason,
        verbose_name=_("reason for waiting"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("For a pending status: what a ticket waits for where nobody says otherwise."),
    )

    class Meta:
        verbose_name = _("status")
        verbose_name_plural = _("statuses")
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "key"], name="tickets_status_key_once"),
            models.UniqueConstraint(
                fields=["organization", "category"],
                condition=models.Q(is_default=True),
                name="tickets_status_one_default",
            ),
        ]

    def __str__(self) -> str:
        """The standard ones in the reader's language, own ones as they are."""
        return gettext(self.name)
