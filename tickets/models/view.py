"""Views as data: a saved filter with its order, its columns and whose it is."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel, TimestampedModel


class SavedView(TenantModel, TimestampedModel):
    """A list under a name: one person's, one team's, or (neither) the whole desk's.

    `condition` is read by `tickets.filters`. Saved through `tickets.actions.saved_views`.
    """

    class Density(models.TextChoices):
        NORMAL = "normal", _("Comfortable")
        DENSE = "dense", _("Dense")

    class Layout(models.TextChoices):
        SPLIT = "split", _("Beside the ticket")
        TABLE = "table", _("Table")
        BOARD = "board", _("Board")

    name = models.CharField(_("name"), max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True,
        related_name="saved_views", verbose_name=_("person"),
        help_text=_("Shown to this person alone."),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="saved_views",
        verbose_name=_("team"), help_text=_("Shown to the members of this team."),
    )  # fmt: skip
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    sort = models.CharField(_("order"), max_length=30, default="-activity")
    columns = ArrayField(
        models.CharField(max_length=30), verbose_name=_("columns"), default=list, blank=True
    )
    density = models.CharField(
        _("row height"), max_length=8, choices=Density.choices, default=Density.NORMAL.value
    )
    layout = models.CharField(
        _("layout"), max_length=8, choices=Layout.choices, default=Layout.TABLE.value
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=100, help_text=_("Lowest first in the navigation.")
    )

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering: ClassVar[list[str]] = ["position", "name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(team=None),
                name="tickets_view_one_owner",
            )
        ]

    def __str__(self) -> str:
        return self.name
