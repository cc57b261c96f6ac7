"""Rows of the federation: which ticket is which over there, and what is under way."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models import Attachment, Message, Ticket


class LinkState(models.TextChoices):
    """How a link is."""

    WAITING = "waiting", _("Not yet taken in")
    OK = "ok", _("In step")
    BEHIND = "behind", _("Behind")
    CONFLICT = "conflict", _("In conflict")
    GONE = "gone", _("Gone on the other side")


class ExternalLink(TenantModel, TimestampedModel):
    """One ticket over there, and ours. The row is also the queue: `due_at` says when to look.

    `ticket` is empty until a ticket found over there was taken in; `remote_id` is empty until
    one of ours was made over there. `base` holds per field what both sides last agreed on:
    [our word, their word]. `remote_version` is what we saw last, `local_version` our ticket's
    version when it was last in step: what we wrote ourselves is thereby no news.
    """

    channel = models.ForeignKey(
        "integrations.Channel", on_delete=models.CASCADE, related_name="links"
    )
    ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="external_links"
    )
    remote_id = models.CharField(_("their id"), max_length=120, blank=True)
    display_id = models.CharField(_("their number"), max_length=60, blank=True)
    url = models.CharField(_("address"), max_length=500, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=LinkState.choices, default=LinkState.WAITING
    )
    error = models.CharField(_("what is wrong"), max_length=300, blank=True)
    remote_version = models.CharField(_("their version"), max_length=120, blank=True)
    seen_version = models.CharField(max_length=120, blank=True, editable=False)
    remote_changed_at = models.DateTimeField(_("changed there"), null=True, blank=True)
    local_version = models.PositiveIntegerField(_("our version"), default=0)
    # Found by the first look: an old ticket, taken in without telling anybody.
    is_old = models.BooleanField(default=False, editable=False)
    base: "models.JSONField[Any, Any]" = models.JSONField(
        _("last agreed values"), default=dict, blank=True
    )
    # The mark in the text of a ticket that we make over there; found again after a crash.
    marker = models.CharField(max_length=40, blank=True, editable=False)
    # Set right before the call that makes it: from then on it may exist.
    making_since = models.DateTimeField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(_("next look"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    claimed_by = models.CharField(max_length=64, blank=True, editable=False)
    synced_at = models.DateTimeField(_("last in step"), null=True, blank=True)

    class Meta:
        verbose_name = _("linked ticket")
        verbose_name_plural = _("linked tickets")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="integrations_link_once",
            ),
            models.UniqueConstraint(
                fields=["channel", "ticket"], name="integrations_link_ticket_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "due_at"],
                name="integrations_link_due",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(fields=["organization", "state"], name="integrations_link_state"),
            # People look for a ticket by the number it has over there.
            models.Index(fields=["organization", "display_id"], name="integrations_link_number"),
            models.Index(fields=["organization", "remote_id"], name="integrations_link_remote"),
        ]

    def __str__(self) -> str:
        return self.display_id or self.remote_id or str(self.ticket_id)


class ItemState(models.TextChoices):
    """How far an item is."""

    SENDING = "sending", _("Being handed over")
    DONE = "done", _("On both sides")
    FAILED = "failed", _("Not handed over")


class ExternalItem(TenantModel):
    """A message, solution or file that is on both sides, or on its way from us.

    The row is committed before the call that makes the item over there, with the marker that
    finds it again; so a crash in between leaves neither a loss nor a double.
    """

    link = models.ForeignKey(ExternalLink, on_delete=models.CASCADE, related_name="items")
    what = models.CharField(_("sort"), max_length=10)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="external_items"
    )
    attachment = models.ForeignKey(
        Attachment, on_delete=models.CASCADE, null=True, blank=True, related_name="external_items"
    )
    remote_id = models.CharField(_("their id"), max_length=200, blank=True)
    came_in = models.BooleanField(_("came from there"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=ItemState.choices)
    marker = models.CharField(max_length=40, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("linked item")
        verbose_name_plural = _("linked items")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["link", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="integrations_item_once",
            ),
            models.UniqueConstraint(
                fields=["link", "message"],
                condition=models.Q(message__isnull=False),
                name="integrations_item_message_once",
            ),
            models.UniqueConstraint(
                fields=["link", "attachment"],
                condition=models.Q(attachment__isnull=False),
                name="integrations_item_file_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.remote_id}"


class Verdict(models.TextChoices):
    """What became of a conflict."""

    OPEN = "open", _("Waits for a decision")
    OURS = "ours", _("Ours kept")
    THEIRS = "theirs", _("Theirs taken")
    VANISHED = "vanished", _("Both sides are equal again")


class FieldConflict(TenantModel):
    """Both sides changed a field; both values stay visible here, whatever is decided.

    `by_rule`: the field's owner decided, nobody had to.
    """

    link = models.ForeignKey(ExternalLink, on_delete=models.CASCADE, related_name="conflicts")
    field = models.CharField(_("field"), max_length=40)
    ours = models.CharField(_("ours"), max_length=300)
    # In the far side's own word, and in ours where there is one.
    theirs = models.CharField(_("theirs"), max_length=300)
    theirs_shown = models.CharField(_("theirs, in our words"), max_length=300, blank=True)
    verdict = models.CharField(
        _("decision"), max_length=8, choices=Verdict.choices, default=Verdict.OPEN
    )
    by_rule = models.BooleanField(_("by the field's owner"), default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["link", "field"],
                condition=models.Q(verdict="open"),
                name="integrations_conflict_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.ours} / {self.theirs_shown or self.theirs}"
