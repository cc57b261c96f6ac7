"""Channels, quarantine and outbox in the administration."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integrations.actions.inbound import release
from integrations.actions.outbound import send_again
from integrations.forms import ChannelForm
from integrations.models import Channel, Delivery, Receipt, Step
from integrations.receiving import read_mail
from integrations.tasks import nudge
from omnidesk.core.admin import ReadOnly, TenantAdmin
from tickets.actions.base import InvalidChange


@admin.register(Channel)
class ChannelAdmin(TenantAdmin):
    """How mail comes in and goes out."""

    form = ChannelForm
    list_display = ("name", "address", "organization", "is_active", "last_polled_at", "last_error")
    list_filter = ("is_active", "kind", "organization")
    search_fields = ("name", "address")
    readonly_fields = ("last_polled_at", "last_error")
    fieldsets = (
        (None, {"fields": ("organization", "kind", "name", "address", "is_active")}),
        (
            _("New tickets"),
            {"fields": ("accepts_strangers", "default_team", "default_category")},
        ),
        (
            _("Fetching mail (IMAP)"),
            {
                "fields": (
                    "imap_host", "imap_port", "imap_security", "imap_user", "password",
                    "imap_folder", "last_polled_at", "last_error",
                )
            },
        ),
        (_("Answers"), {"fields": ("reply_above", "trusted_server")}),
    )  # fmt: skip


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
        return read_mail(bytes(receipt.raw)).text[:5000] or "–"

    @admin.action(description=_("Take in as a ticket"), permissions=["view"])
    def take_in(self, request: HttpRequest, rows: QuerySet[Receipt]) -> None:
        """A person decided that these mails are wanted."""
        for receipt in rows:
            try:
                taken = release(receipt, read_mail(bytes(receipt.raw)))
            except InvalidChange as problem:
                self.message_user(request, f"{receipt}: {problem}", messages.WARNING)
                continue
            number = taken.ticket.number if taken.ticket else "–"
            self.message_user(
                request, _("%(mail)s is on ticket %(number)s.") % {"mail": taken, "number": number}
            )


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
