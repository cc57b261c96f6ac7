"""What administrators decide about mail: where it goes."""

from typing import Any, ClassVar

from django.contrib import admin

from integrations.models import MailRoute
from omnidesk.core.admin import TenantAdmin, TenantForm


class MailRouteForm(TenantForm):
    """A route may lead into another organization, if the person administers both."""

    class Meta:
        model = MailRoute
        fields = "__all__"

    def clean(self) -> dict[str, Any] | None:
        """The field offers only mailboxes of administered organizations; that is enough for it."""
        values = self.cleaned_data
        other = values.pop("to_channel", None)
        checked = super().clean() or values
        return {**checked, "to_channel": other}


@admin.register(MailRoute)
class MailRouteAdmin(TenantAdmin):
    """By the part behind the + or by a header field: which team, which mailbox."""

    form = MailRouteForm
    list_display = (
        "channel", "position", "header", "pattern", "team", "category", "to_channel",
    )  # fmt: skip
    list_display_links = ("channel", "pattern")
    list_filter = ("channel",)
    list_select_related = ("channel", "team", "category", "to_channel")
    search_fields = ("header", "pattern")
    fields: ClassVar[tuple[str, ...]] = (
        "organization", "channel", "position", "header", "pattern", "team", "category",
        "to_channel",
    )  # fmt: skip
