"""Channels, quarantine and outbox in the administration."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integrations.actions.braking import release_brake
from integrations.actions.channels import make_up_secrets, pause_channel, resume_channel
from integrations.actions.inbound import release
from integrations.actions.outbound import send_again
from integrations.forms import form_for
from integrations.hook_admin import (
    McpCallAdmin,
    RemoteRequestAdmin,
    WebhookCallAdmin,
    WebhookEndpointAdmin,
)
from integrations.link_admin import ExternalItemAdmin, ExternalLinkAdmin, FieldConflictAdmin
from integrations.mail_admin import (
    AlarmAdmin,
    AlarmPatternAdmin,
    BlockedSenderAdmin,
    MailRouteAdmin,
    RethreadingAdmin,
)
from integrations.models import Channel, Contact, Delivery, PhoneCode, Receipt, Step
from integrations.registry import EMAIL, kind_of, kinds, read
from integrations.selectors import state_words, webhook_address
from integrations.tasks import nudge, nudge_look
from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.actions.base import InvalidChange

# Registered in a file of their own.
__all__ = [
    "AlarmAdmin",
    "AlarmPatternAdmin",
    "BlockedSenderAdmin",
    "ExternalItemAdmin",
    "ExternalLinkAdmin",
    "FieldConflictAdmin",
    "MailRouteAdmin",
    "McpCallAdmin",
    "RemoteRequestAdmin",
    "RethreadingAdmin",
    "WebhookCallAdmin",
    "WebhookEndpointAdmin",
]


@admin.register(Channel)
class ChannelAdmin(TenantAdmin):
    """How tickets come in and answers go out. The fields are those that the kind declares."""

    list_display = ("name", "kind", "address", "organization", "health", "last_success_at")
    list_filter = ("is_active", "kind", "organization")
    search_fields = ("name", "address", "slug")
    list_select_related = ("organization",)
    actions = ("pause", "resume", "release", "look_now")

    def get_form(
        self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of the channel's kind; a new one's kind is in the address."""
        kwargs["form"] = form_for(_kind(request, obj))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        """Who, what the kind needs, where tickets go, how it is."""
        kind = kind_of(_kind(request, obj))
        names = tuple(one.name for one in kind.settings)
        state = ("health", "webhook", "slug", "last_polled_at", "last_success_at", "last_error")
        return (
            (None, {"fields": ("organization", "name", "is_active")}),
            (kind.label, {"description": kind.summary, "fields": names}),
            (
                _("New tickets"),
                {"fields": ("accepts_strangers", "default_team", "default_category", "send_limit")},
            ),
            *(((_("Health"), {"fields": state}),) if obj else ()),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        """How it is, is for reading."""
        state = ("health", "webhook", "slug", "last_polled_at", "last_success_at", "last_error")
        return (*super().get_readonly_fields(request, obj), *state)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First the kind, then what it needs."""
        if request.GET.get("kind") in kinds():
            page: HttpResponse = super().add_view(request, form_url, extra_context)
            return page
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "kinds": list(kinds().values())}
        return TemplateResponse(request, "admin/integrations/channel/kinds.html", context)

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        """Write the row; show made-up secrets once; switching on forgets why it was paused."""
        obj.kind = form.kind_declared.key
        made_up = make_up_secrets(obj, form.kind_declared)
        if obj.is_active:
            obj.pause_reason, obj.paused_at, obj.paused_itself, obj.refusals = "", None, False, 0
        super().save_model(request, obj, form, change)
        for name, value in made_up.items():
            words = _("%(name)s, shown only this once: %(value)s")
            label = form.kind_declared.setting(name).label
            self.message_user(request, words % {"name": label, "value": value}, messages.WARNING)

    @admin.display(description=_("health"))
    def health(self, channel: Channel) -> str:
        """How it is, in words."""
        return state_words(channel)

    @admin.display(description=_("address for the far side"))
    def webhook(self, channel: Channel) -> str:
        """Where the far side calls us."""
        return webhook_address(channel) or "–"

    @admin.action(description=_("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, rows: QuerySet[Channel]) -> None:
        """Stop taking in and sending."""
        who = str(request.user)
        done = sum(
            pause_channel(channel=row, reason=_("Paused by %(who)s.") % {"who": who})
            for row in rows
        )
        self.message_user(request, _("%(count)d paused.") % {"count": done})

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, rows: QuerySet[Channel]) -> None:
        """Let them work again."""
        for row in rows:
            try:
                resume_channel(channel=row)
            except InvalidChange as problem:
                self.message_user(request, str(problem), messages.WARNING)

    @admin.action(description=_("Send what is held back"), permissions=["change"])
    def release(self, request: HttpRequest, rows: QuerySet[Channel]) -> None:
        """Release the brake: a person has looked."""
        for row in rows:
            try:
                release_brake(channel=row)
            except InvalidChange as problem:
                self.message_user(request, str(problem), messages.WARNING)

    @admin.action(description=_("Fetch now"), permissions=["change"])
    def look_now(self, request: HttpRequest, rows: QuerySet[Channel]) -> None:
        """Have a worker fetch what is new."""
        for row in rows:
            nudge_look(row)
        self.message_user(request, _("A worker fetches what is new."))


def _kind(request: HttpRequest, channel: Channel | None) -> str:
    return channel.kind if channel else str(request.GET.get("kind", EMAIL))


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly, TenantAdmin):
    """Everything that came in. In quarantine: what waits for a person's decision."""

    list_display = ("subject", "sender", "channel", "state", "reason", "received_at")
    list_filter = ("state", "channel", "is_auto")
    search_fields = ("subject", "sender", "external_id", "reason")
    date_hierarchy = "received_at"
    list_select_related = ("channel",)
    actions = ("take_in",)
    fields = (
        "state", "reason", "sender", "subject", "channel", "external_id", "size", "is_auto",
        "received_at", "ticket", "original", "readable",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        """Lists must not load every mail's bytes."""
        rows: QuerySet[Receipt] = super().get_queryset(request)
        return rows.defer("raw")

    def get_urls(self) -> list[URLPattern]:
        """With the download of the mail as it came."""
        own = path(
            "<int:receipt_id>/original.eml",
            self.admin_site.admin_view(self.download),
            name="integrations_receipt_original",
        )
        return [own, *super().get_urls()]

    def download(self, request: HttpRequest, receipt_id: int) -> HttpResponse:
        """The mail's bytes, never opened by the browser."""
        receipt = self.get_queryset(request).filter(pk=receipt_id).first()
        if receipt is None or not self.has_view_permission(request, receipt):
            raise Http404
        response = HttpResponse(bytes(receipt.raw), content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="mail-{receipt.pk}.eml"'
        return response

    @admin.display(description=_("as received"))
    def original(self, receipt: Receipt) -> SafeString:
        """A link to the bytes."""
        address = reverse("admin:integrations_receipt_original", args=[receipt.pk])
        return format_html('<a href="{}">{}</a>', address, _("Download the mail"))

    @admin.display(description=_("readable part"))
    def readable(self, receipt: Receipt) -> str:
        """What could be read of it."""
        return read(receipt.channel.kind, bytes(receipt.raw)).text[:5000] or "–"

    @admin.action(description=_("Take in as a ticket"), permissions=["view"])
    def take_in(self, request: HttpRequest, rows: QuerySet[Receipt]) -> None:
        """A person decided that these mails are wanted."""
        for receipt in rows:
            try:
                taken = release(receipt, read(receipt.channel.kind, bytes(receipt.raw)))
            except InvalidChange as problem:
                self.message_user(request, f"{receipt}: {problem}", messages.WARNING)
                continue
            number = taken.ticket.number if taken.ticket else "–"
            self.message_user(
                request, _("%(mail)s is on ticket %(number)s.") % {"mail": taken, "number": number}
            )


@admin.register(Contact)
class ContactAdmin(TenantAdmin):
    """Telephone numbers, whose they are, and who wants no messages."""

    list_display = ("phone", "user", "organization", "confirmed_at", "opted_out_at")
    list_filter = ("organization", ("opted_out_at", admin.EmptyFieldListFilter))
    search_fields = ("phone", "user__email", "user__name")
    list_select_related = ("user", "organization")
    autocomplete_fields = ("user",)
    readonly_fields = ("confirmed_at", "opted_out_at")


@admin.register(PhoneCode)
class PhoneCodeAdmin(ReadOnly, TenantAdmin):
    """Codes on their way to telephones; never the codes themselves."""

    list_display = ("phone", "user", "organization", "state", "tries", "error", "created_at")
    list_filter = ("state", "organization", "created_at")
    search_fields = ("phone", "user__email", "user__name")
    list_select_related = ("user", "organization")
    exclude = ("sealed_code",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, TenantAdmin):
    """Answers on their way out."""

    list_display = ("message", "recipients", "channel", "state", "attempts", "error", "created_at")
    list_filter = ("state", "channel")
    search_fields = ("external_id", "error", "recipients")
    list_select_related = ("message", "channel")
    actions = ("send_again",)

    @admin.action(description=_("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """Only for answers that failed or perhaps failed."""
        again = 0
        for row in rows.filter(state__in=[Step.FAILED, Step.UNCERTAIN]):
            nudge(send_again(row.pk))
            again += 1
        self.message_user(request, _("%(count)d queued again.") % {"count": again})
