"""Why a ticket waits: whom the desk waits for, whether the clock stops, how often to remind."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.followups import NAMES, unknown_names

A_QUARTER = 24 * 92


class PendingReason(TenantModel):
    """What a pending ticket waits for, and what happens while nothing comes.

    With `nudge_times` above 0 the requester is reminded every `nudge_every_hours`, and once the
    last reminder stayed unanswered as long again, `solves` lets the ticket be solved. These are
    hours in which the desk works where `in_working_hours` says so.
    """

    class WaitsFor(models.TextChoices):
        REQUESTER = "requester", _("The requester")
        DESK = "desk", _("Another team of ours")
        SUPPLIER = "supplier", _("A supplier")
        DATE = "date", _("A date")

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    waits_for = models.CharField(
        _("we wait for"), max_length=10, choices=WaitsFor.choices, default=WaitsFor.REQUESTER.value
    )
    pauses_sla = models.BooleanField(
        _("stops the clock"),
        default=True,
        help_text=_("Agreed times do not run while a ticket waits for this."),
    )
    nudge_times = models.PositiveSmallIntegerField(
        _("reminders"),
        default=0,
        validators=[MaxValueValidator(20)],
        help_text=_("How often the requester is reminded; 0 sends none."),
    )
    nudge_every_hours = models.PositiveSmallIntegerField(
        _("hours between reminders"),
        default=16,
        validators=[MinValueValidator(1), MaxValueValidator(A_QUARTER)],
        help_text=_("In working hours of the desk, 16 are two usual days."),
    )
    in_working_hours = models.BooleanField(
        _("working hours of the desk"),
        default=True,
        help_text=_(
            "Hours count while the desk works, and nothing is sent while it is closed. Off: they "
            "count around the clock."
        ),
    )
    nudge_text = models.TextField(
        _("text of the reminder"),
        blank=True,
        help_text=_("Markdown. {requester}, {number}, {subject} and {desk} are filled in."),
    )
    solves = models.BooleanField(
        _("then solve"),
        default=False,
        help_text=_("Solve the ticket when the last reminder stayed without an answer."),
    )
    solve_text = models.TextField(
        _("text when solving"),
        blank=True,
        help_text=_("Sent with the solution. The same names are filled in."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("reason for waiting")
        verbose_name_plural = _("reasons for waiting")
        ordering: ClassVar[list[str]] = ["position", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "key"], name="tickets_pending_reason_key_once"
            )
        ]

    def __str__(self) -> str:
        """The standard ones in the reader's language, own ones as they are."""
        return gettext(self.name)

    def clean(self) -> None:
        """Refuse reminders without words and a solution nobody was reminded of."""
        errors: dict[str, Any] = {}
        if self.nudge_times and not self.nudge_text.strip():
            errors["nudge_text"] = _("Write the reminder, or set the number of reminders to 0.")
        if self.solves and not self.nudge_times:
            errors["solves"] = _("Remind at least once before a ticket is solved.")
        if self.solves and not self.solve_text.strip():
            errors["solve_text"] = _("Write what the requester reads when the ticket is solved.")
        for field in ("nudge_text", "solve_text"):
            unknown = unknown_names(getattr(self, field))
            if unknown:
                words = _("{%(name)s} is not filled in. Known are: %(known)s.")
                known = ", ".join(f"{{{name}}}" for name in NAMES)
                errors.setdefault(field, words % {"name": unknown[0], "known": known})
        if errors:
            raise ValidationError(errors)


class DeskSettings(TenantModel):
    """How an organization's tickets end, and when an answer opens a new one. One row each.

    `calendar` says when the desk works, for reminders; without one the first calendar does.
    """

    auto_close_days = models.PositiveSmallIntegerField(
        _("days until a solved ticket closes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("Empty: solved tickets stay solved until somebody closes them."),
    )
    calendar = models.ForeignKey(
        "tickets.BusinessCalendar",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("working hours of the desk"),
        help_text=_("For reminders. Empty: the calendar that was made first."),
    )
    late_reply_days = models.PositiveSmallIntegerField(
        _("days in which an answer opens a closed ticket again"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(366)],
        help_text=_("A later answer opens a new ticket, linked to the old one. Empty: no limit."),
    )
    reviews_articles = models.BooleanField(
        _("articles are published by somebody else"),
        default=False,
        help_text=_("Whoever wrote a version may not publish it; a colleague reviews it first."),
    )

    class Meta:
        verbose_name = _("closing and reopening")
        verbose_name_plural = _("closing and reopening")
        ordering: ClassVar[list[str]] = ["organization"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization"], name="tickets_settings_once")
        ]

    def __str__(self) -> str:
        return str(self.organization)
