"""What the portal's status page says: known problems, planned work, updates, who follows them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models.article import Article
from tickets.models.ticket import Ticket


class StatusNotice(TenantModel, TimestampedModel):
    """A disturbance or planned work, told in requesters' words. Nobody sees it until published.

    `ticket` is the desk's incident or problem behind it; requesters never see that.
    """

    class Kind(models.TextChoices):
        INCIDENT = "incident", _("Problem")
        PLANNED = "planned", _("Planned work")

    class Stage(models.TextChoices):
        LOOKING = "looking", _("We are looking into it")
        CAUSE = "cause", _("Cause found")
        FIXING = "fixing", _("Working on a fix")
        TESTING = "testing", _("Fix in test")
        OVER = "over", _("Solved")

    kind = models.CharField(
        _("kind"), max_length=8, choices=Kind.choices, default=Kind.INCIDENT.value
    )
    stage = models.CharField(
        _("where it stands"), max_length=8, choices=Stage.choices, default=Stage.LOOKING.value
    )
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("what happens"), blank=True, help_text=_("Markdown"))
    advice = models.TextField(_("what people can do now"), blank=True, help_text=_("Markdown"))
    affected = models.CharField(_("who is affected"), max_length=300, blank=True)
    article = models.ForeignKey(
        Article, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("article with the steps"),
    )  # fmt: skip
    ticket = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="status_notices",
        verbose_name=_("ticket"),
    )  # fmt: skip
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("notice of the status page")
        verbose_name_plural = _("notices of the status page")
        ordering: ClassVar[list[str]] = ["-starts_at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "stage"], name="tickets_status_notice_stage")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether it goes on (or is still to come)."""
        return self.stage != self.Stage.OVER


class StatusUpdate(TenantModel):
    """One piece of news of a notice."""

    notice = models.ForeignKey(StatusNotice, on_delete=models.CASCADE, related_name="updates")
    stage = models.CharField(_("where it stands"), max_length=8, choices=StatusNotice.Stage.choices)
    text = models.TextField(_("text"), blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("update of the status page")
        verbose_name_plural = _("updates of the status page")
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.notice_id}: {self.stage}"


class StatusFollower(TenantModel):
    """Somebody who is affected and told of each update by e-mail.

    `told_update` is the newest update they were told of: set before the mail leaves, so that two
    workers never send the same one.
    """

    notice = models.ForeignKey(StatusNotice, on_delete=models.CASCADE, related_name="followers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="status_follows"
    )
    told_update = models.BigIntegerField(_("told of"), default=0)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("follower of the status page")
        verbose_name_plural = _("followers of the status page")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["notice", "user"], name="tickets_status_follower_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.notice_id}"
