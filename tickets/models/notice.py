"""Who follows a ticket, what people were told, and the letters that tell them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models.message import Message
from tickets.models.ticket import Ticket
from tickets.notices import Digest, Kind, Medium, Wishes


class Watch(TenantModel):
    """Somebody follows a ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="watches")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches"
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("follower")
        verbose_name_plural = _("followers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ticket", "user"], name="tickets_watch_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.ticket_id}"


class Mention(TenantModel):
    """A note names somebody by `@Name`."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions"
    )

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "user"], name="tickets_mention_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"


class NoticedFact(TenantModel):
    """A fact that notices were made of, so that none is told twice: `change:<id>` and the like."""

    key = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("noticed fact")
        verbose_name_plural = _("noticed facts")

    def __str__(self) -> str:
        return self.key


class Notification(TenantModel):
    """One line in somebody's list. What repeats while it is unread raises `count` instead.

    `about` names what repeats: `ticket:<id>`, or `team:<id>` for new tickets of a team;
    `ticket` is the newest of them.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(_("about"), max_length=20, choices=Kind.choices)
    about = models.CharField(max_length=40, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notifications")
    count = models.PositiveIntegerField(_("how often"), default=1)
    actor_name = models.CharField(_("by"), max_length=150, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-at"], name="tickets_notifications")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "kind", "about"],
                condition=models.Q(read_at=None),
                name="tickets_unread_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ×{self.count} for {self.user_id}"


class NotificationSettings(models.Model):
    """What one person wants to be told, wherever they belong: not tenant-owned, like the person."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_settings"
    )
    choices = models.JSONField(
        _("choices"), default=dict, blank=True, help_text=_("Medium, kind: on or off.")
    )
    digest = models.CharField(
        _("e-mails"), max_length=8, choices=Digest.choices, default=Digest.OFF.value
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification settings")
        verbose_name_plural = _("notification settings")

    def __str__(self) -> str:
        return str(self.user)

    def wishes(self, zone: str) -> Wishes:
        """The same as a pure value, in the person's time zone."""
        return Wishes(
            choices=self.choices,
            digest=self.digest,
            quiet_from=self.quiet_from,
            quiet_to=self.quiet_to,
            zone=zone,
        )


class LetterState(models.TextChoices):
    """How far a letter to somebody is. Each step is committed before the next begins."""

    WAITING = "waiting", _("Waiting")
    CLAIMED = "claimed", _("Being prepared")
    HANDING_OVER = "handing_over", _("Being handed over")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not sent")
    UNCERTAIN = "uncertain", _("Perhaps sent")
    DROPPED = "dropped", _("Nothing left to tell")


class Letter(TenantModel):
    """One mail, text message or webhook call of notices to one person; the row is the queue.

    `about` gathers lines while the letter waits: a ticket, a team, `digest`, or `texts`: what a
    telephone is told goes into one message, whatever it is about.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="letters"
    )
    medium = models.CharField(
        _("medium"), max_length=8, choices=Medium.choices, default=Medium.EMAIL.value
    )
    about = models.CharField(_("about"), max_length=40)
    state = models.CharField(
        _("state"), max_length=12, choices=LetterState.choices, default=LetterState.WAITING.value
    )
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    claimed_by = models.CharField(max_length=64, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification letter")
        verbose_name_plural = _("notification letters")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "due_at"],
                name="tickets_letters_due",
                condition=models.Q(state__in=["waiting", "claimed", "handing_over"]),
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "user", "medium", "about"],
                condition=models.Q(state="waiting", attempts=0),
                name="tickets_letter_gathers",
            )
        ]

    def __str__(self) -> str:
        return f"{self.about} for {self.user_id}"


class LetterLine(TenantModel):
    """One thing a letter tells; whether the person may see it is asked again when it leaves."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(_("about"), max_length=20, choices=Kind.choices)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(_("by"), max_length=150, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("line of a notification letter")
        verbose_name_plural = _("lines of notification letters")
        ordering: ClassVar[list[str]] = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}"
