"""What requesters think of how they were helped."""

from datetime import timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models.ticket import Ticket

CHANGEABLE = timedelta(days=7)
BEST = 5


class RatingSettings(TenantModel, TimestampedModel):
    """Whether and how an organization asks; without a row nobody is asked."""

    class Scale(models.TextChoices):
        TWO = "two", _("Good or bad")
        FIVE = "five", _("1 to 5")

    is_on = models.BooleanField(_("ask"), default=True)
    scale = models.CharField(
        _("scale"), max_length=4, choices=Scale.choices, default=Scale.TWO.value
    )
    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    ask_after = models.PositiveSmallIntegerField(
        _("ask after"),
        default=1,
        validators=[MinValueValidator(0), MaxValueValidator(168)],
        help_text=_("Hours after solving."),
    )

    class Meta:
        verbose_name = _("rating settings")
        verbose_name_plural = _("rating settings")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization"], name="tickets_rating_settings_once")
        ]

    def __str__(self) -> str:
        return self.get_scale_display()

    @property
    def scores(self) -> list[int]:
        """The scores one may give, best first."""
        return [BEST, 1] if self.scale == self.Scale.TWO else [5, 4, 3, 2, 1]


class Rating(TenantModel):
    """One ticket's rating: asked once, and changeable for a week after it was given."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="rating")
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    score = models.PositiveSmallIntegerField(
        _("score"), null=True, blank=True, help_text=_("5 is best; bad is 1, good is 5.")
    )
    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    comment = models.TextField(_("comment"), max_length=2000, blank=True)
    rated_at = models.DateTimeField(_("rated"), null=True, blank=True)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "rated_at"], name="tickets_rating_when")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.score}"

    @property
    def is_open(self) -> bool:
        """Whether it may still be given or changed."""
        return self.rated_at is None or now() < self.rated_at + CHANGEABLE
