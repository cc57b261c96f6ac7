"""Forms of the administration."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from integrations.models import Channel
from omnidesk.core.admin import TenantForm

SECURITY = (
    ("ssl", _("Encrypted from the start (SSL)")),
    ("starttls", _("STARTTLS")),
    ("plain", _("Not encrypted")),
)
SETTINGS = (
    "imap_host", "imap_port", "imap_security", "imap_user", "imap_folder", "trusted_server",
    "reply_above",
)  # fmt: skip


class ChannelForm(TenantForm):
    """A channel with its settings as fields; the password goes in and never comes out."""

    imap_host = forms.CharField(
        label=_("IMAP server"),
        required=False,
        help_text=_("Empty: mail arrives by the mail listener only."),
    )
    imap_port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535)
    imap_security = forms.ChoiceField(label=_("Encryption"), choices=SECURITY, required=False)
    imap_user = forms.CharField(label=_("User name"), required=False)
    imap_folder = forms.CharField(label=_("Folder"), required=False, help_text=_("INBOX if empty"))
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(render_value=False),
        help_text=_("Kept encrypted. Leave empty to keep the present one."),
    )
    trusted_server = forms.CharField(
        label=_("Trusted mail server"),
        required=False,
        help_text=_(
            "The name your mail server writes into Authentication-Results. Only with it may "
            "agents answer by mail; without it their mails become internal notes."
        ),
    )
    reply_above = forms.CharField(
        label=_("Line above answers"),
        required=False,
        help_text=_("For example: Reply above this line"),
    )

    class Meta:
        model = Channel
        fields = (
            "organization", "kind", "name", "address", "is_active",
            "accepts_strangers", "default_team", "default_category",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SETTINGS:
            if name in self.fields:
                self.fields[name].initial = self.instance.settings.get(name)

    def clean_address(self) -> str:
        """Addresses are compared in lower case."""
        value = str(self.cleaned_data["address"]).strip().lower()
        forms.EmailField().clean(value)
        if "+" in value.partition("@")[0]:
            raise forms.ValidationError(_("Enter the address without its + part."))
        return value

    def save(self, commit: bool = True) -> Channel:
        """Write settings and password into the row."""
        kept = dict(self.instance.settings)
        kept.update({name: self.cleaned_data.get(name) or "" for name in SETTINGS})
        self.instance.settings = {name: value for name, value in kept.items() if value != ""}
        if self.cleaned_data.get("password"):
            self.instance.secret = self.cleaned_data["password"]
        channel: Channel = super().save(commit)
        return channel
