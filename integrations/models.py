"""Channels, what came in by them, and what waits to go out."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from integrations.alarms import Alarm, AlarmPattern
from integrations.blocklist import BlockedSender
from integrations.hooks import WebhookCall, WebhookEndpoint
from integrations.links import ExternalItem, ExternalLink, FieldConflict
from integrations.mailroutes import MailRoute
from integrations.mcpcalls import McpCall
from integrations.phonecodes import PhoneCode
from integrations.registry import kind_choices
from integrations.rethreads import Rethreading
from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel, TimestampedModel
from omnidesk.core.tenancy import system_scope
from omnidesk.core.vault import seal, unseal
from tickets.models import Category, Message, Ticket

__all__ = [
    "Alarm",
    "AlarmPattern",
    "BlockedSender",
    "Channel",
    "ChannelQuerySet",
    "Contact",
    "Delivery",
    "ExternalItem",
    "ExternalLink",
    "FieldConflict",
    "MailRoute",
    "McpCall",
    "PhoneCode",
    "Receipt",
    "ReceiptQuerySet",
    "ReceiptState",
    "RemoteRequest",
    "Rethreading",
    "Step",
    "WebhookCall",
    "WebhookEndpoint",
]


class ChannelQuerySet(models.QuerySet["Channel"]):
    """Channels by what they are good for."""

    def working(self) -> "ChannelQuerySet":
        """Those that take in and send."""
        return self.filter(is_active=True)

    def sending(self) -> "ChannelQuerySet":
        """Those whose answers may leave."""
        return self.working().filter(braked_at=None)

    def of_kind(self, kind: str) -> "ChannelQuerySet":
        """Those of one kind."""
        return self.filter(kind=kind)


class Channel(TenantModel, TimestampedModel):
    """One way in and out, such as a mailbox.

    `settings` holds what the kind declares (`channels/<kind>/kind.py`), `sealed_secrets` its
    secrets by name. `cursor` is how far fetching got, in the kind's own words. A channel that is
    not active was switched off, or paused by itself: then `pause_reason` says why.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=kind_choices)
    name = models.CharField(
        _("name"), max_length=80, help_text=_("Recipients see it as the sender's name.")
    )
    slug = models.SlugField(_("short name"), max_length=90, unique=True, editable=False)
    address = models.CharField(_("address"), max_length=254, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    sealed_secrets = models.JSONField(
        _("encrypted secrets"), default=dict, blank=True, editable=False
    )
    cursor = models.JSONField(_("position"), default=dict, blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    pause_reason = models.CharField(_("paused because"), max_length=300, blank=True, editable=False)
    paused_itself = models.BooleanField(default=False, editable=False)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True, editable=False)
    accepts_strangers = models.BooleanField(
        _("unknown senders may open tickets"),
        default=True,
        help_text=_("Otherwise what comes from outside the organization waits in quarantine."),
    )
    default_team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    default_category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    polling_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_polled_at = models.DateTimeField(_("last looked"), null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)
    # Failures in a row, and refused credentials in a row.
    failures = models.PositiveIntegerField(default=0, editable=False)
    refusals = models.PositiveSmallIntegerField(default=0, editable=False)
    stalled_at = models.DateTimeField(_("stalled"), null=True, blank=True, editable=False)
    # The brake on what goes out (`integrations.actions.braking`).
    send_limit = models.PositiveIntegerField(
        _("answers in an hour"),
        default=0,
        help_text=_(
            "More than this stops sending until a person looks. 0: four times the busiest hour of "
            "the last two weeks, at least 200."
        ),
    )
    braked_at = models.DateTimeField(_("held back"), null=True, blank=True, editable=False)
    brake_reason = models.CharField(
        _("held back because"), max_length=300, blank=True, editable=False
    )
    brake_released_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "address"],
                condition=~models.Q(address=""),
                name="integrations_address_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.address else self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Give a new channel its short name: it stands in addresses that others call."""
        if not self.slug:
            self.slug = _free_slug(self.name or self.kind)
        super().save(*args, **kwargs)

    def secret(self, name: str) -> str:
        """A secret in the clear, '' where there is none. Raises UnreadableSecret; never show it."""
        return unseal(str(self.sealed_secrets.get(name, "")))

    def set_secret(self, name: str, value: str) -> None:
        """Seal a secret; '' forgets it. The caller saves."""
        kept = {key: sealed for key, sealed in self.sealed_secrets.items() if key != name}
        self.sealed_secrets = {**kept, name: seal(value)} if value else kept


def _free_slug(name: str) -> str:
    # Unique over all organizations: it stands in an address without an organization's name.
    base = slugify(name)[:80] or "channel"
    with system_scope():
        taken = set(Channel.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


class ReceiptState(models.TextChoices):
    """What became of something received."""

    WAITING = "waiting", _("To be taken in")
    ACCEPTED = "accepted", _("On a ticket")
    QUARANTINED = "quarantined", _("In quarantine")
    IGNORED = "ignored", _("Not needed")


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Receipts without their bytes, unless asked for."""

    def light(self) -> "ReceiptQuerySet":
        """Leave the raw bytes in the database."""
        return self.defer("raw")


class Receipt(TenantModel):
    """One thing received, kept as it came. `key` makes intake idempotent.

    `key` is the SHA-256 of the external id (a Message-ID may be longer than an index allows),
    `remote_uid` the mailbox position (`UIDVALIDITY:UID`) of polled mail. What a webhook brings
    waits here for a worker: the row is the queue.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="receipts")
    external_id = models.CharField(_("external id"), max_length=998)
    key = models.CharField(max_length=64, editable=False)
    remote_uid = models.CharField(max_length=64, blank=True, editable=False)
    raw = models.BinaryField(_("as received"))
    size = models.PositiveIntegerField(_("size in bytes"))
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=ReceiptState.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    is_auto = models.BooleanField(_("from a machine"), default=False)
    # What matched, and in whose name the sender may speak: `integrations.mail_selectors`.
    trail = models.JSONField(_("why it is there"), default=dict, blank=True, editable=False)
    ticket = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="receipts"
    )
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="receipts"
    )
    received_at = models.DateTimeField(_("received"))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)

    objects = ReceiptQuerySet.as_manager()
    # Set on the object that `accept_inbound` returns when the same thing had come before.
    was_known: bool = False

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering: ClassVar[list[str]] = ["-received_at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "key"], name="integrations_receipt_once"),
            models.UniqueConstraint(
                fields=["channel", "remote_uid"],
                condition=~models.Q(remote_uid=""),
                name="integrations_uid_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["organization", "state", "-received_at"], name="integrations_quarantine"
            ),
            models.Index(
                fields=["organization", "sender", "-received_at"], name="integrations_by_sender"
            ),
            models.Index(
                fields=["next_try_at"],
                name="integrations_to_take",
                condition=models.Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.external_id


class Contact(TenantModel, TimestampedModel):
    """A telephone number and who it belongs to; `opted_out_at`: it wants no messages.

    `confirmed_at`: the person typed in a code that was sent there, so notices may go to it.
    """

    phone = models.CharField(_("number"), max_length=20)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    opted_out_at = models.DateTimeField(_("opted out"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("telephone contact")
        verbose_name_plural = _("telephone contacts")
        ordering: ClassVar[list[str]] = ["phone"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "phone"], name="integrations_phone_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=models.Q(confirmed_at__isnull=False),
                name="integrations_confirmed_once",
            ),
        ]

    def __str__(self) -> str:
        return self.phone


class Step(models.TextChoices):
    """How far a delivery is. Each step is committed before the next begins."""

    QUEUED = "queued", _("Waiting")
    CLAIMED = "claimed", _("Being prepared")
    HANDING_OVER = "handing_over", _("Being handed over")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not sent")
    UNCERTAIN = "uncertain", _("Perhaps sent")


class Delivery(TenantModel):
    """One public answer on its way out; the row is the queue.

    `channel` is empty for answers that only appear in the portal. `external_id` is our own
    Message-ID, the same at every try.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="delivery")
    channel = models.ForeignKey(
        Channel, on_delete=models.SET_NULL, null=True, blank=True, related_name="deliveries"
    )
    recipients = models.JSONField(_("recipients"), default=list)
    state = models.CharField(_("state"), max_length=12, choices=Step.choices, default=Step.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    claimed_by = models.CharField(max_length=64, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    external_id = models.CharField(_("Message-ID"), max_length=300, blank=True)
    # What the far side said about each part afterwards: its id -> its word.
    remote = models.JSONField(_("state at the far side"), default=dict, blank=True)
    # Every step that ended: at, what (a state, or "again"), try, words; oldest first.
    log = models.JSONField(_("log"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "next_try_at"],
                name="integrations_due",
                condition=models.Q(state__in=["queued", "claimed", "handing_over"]),
            ),
            models.Index(fields=["channel", "claimed_at"], name="integrations_sent_lately"),
            models.Index(
                fields=["organization", "external_id"],
                name="integrations_by_message_id",
                condition=~models.Q(external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {', '.join(self.recipients)}"


class RemoteRequest(TenantModel, TimestampedModel):
    """A request of another helpdesk that a webhook told us of, its ticket, its context.

    `remote_version` is the far side's last change in milliseconds: older news changes nothing.
    The row is also the queue of its enrichment: `stage` says how far it is, each step committed
    before the next.
    """

    class Stage(models.TextChoices):
        """How far the enrichment is."""

        WAITING = "waiting", _("To be gathered")
        NOTED = "noted", _("On the ticket")
        RETURNING = "returning", _("Being written back")
        DONE = "done", _("Done")
        FAILED = "failed", _("Not written back")

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="requests")
    remote_id = models.CharField(_("their id"), max_length=64)
    display_id = models.CharField(_("their number"), max_length=64, blank=True)
    remote_version = models.BigIntegerField(_("their version"), default=0)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="remote_requests")
    stage = models.CharField(_("stage"), max_length=9, choices=Stage.choices)
    findings = models.JSONField(_("findings"), default=list, blank=True)
    note = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("request of another helpdesk")
        verbose_name_plural = _("requests of other helpdesks")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "remote_id"], name="integrations_request_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_try_at"],
                name="integrations_to_enrich",
                condition=models.Q(stage__in=["waiting", "noted", "returning"]),
            )
        ]

    def __str__(self) -> str:
        return self.display_id or self.remote_id
