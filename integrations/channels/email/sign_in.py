"""The settings of a mailbox about signing in with a token, and its own outgoing mail server."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from integrations.kinds import Of, Setting


def _safe_url(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not _is_loopback(host):
        raise ValueError(_("Secrets are sent there: the address must begin with https://."))
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SIGN_IN: Final = (
    Setting(
        name="sign_in",
        label=_("Sign-in"),
        of=Of.CHOICE,
        choices=(
            ("password", _("With the password")),
            ("microsoft", _("Microsoft 365 (client credentials)")),
            ("google", _("Google (refresh token)")),
        ),
        help=_("With the password if empty."),
    ),
    Setting(
        name="oauth_tenant",
        label=_("Directory (tenant) ID"),
        help=_("Microsoft 365 only."),
    ),
    Setting(name="oauth_client_id", label=_("Client ID")),
    Setting(name="oauth_client_secret", label=_("Client secret"), of=Of.SECRET),
    Setting(
        name="oauth_refresh_token",
        label=_("Refresh token"),
        of=Of.SECRET,
        help=_("Google only: granted once by the mailbox's owner."),
    ),
    Setting(
        name="oauth_token_url",
        label=_("Address for tokens"),
        of=Of.URL,
        help=_("Empty: the provider's usual one. National clouds have their own."),
        check=_safe_url,
    ),
)
OUTGOING: Final = (
    Setting(
        name="smtp_host",
        label=_("Outgoing mail server"),
        help=_("Empty: answers leave by the installation's mail server (EMAIL_URL)."),
    ),
    Setting(
        name="smtp_port",
        label=_("Outgoing port"),
        of=Of.INTEGER,
        minimum=1,
        maximum=65535,
    ),
    Setting(
        name="smtp_security",
        label=_("Outgoing encryption"),
        of=Of.CHOICE,
        choices=(
            ("smtp+tls", _("STARTTLS")),
            ("smtps", _("Encrypted from the start (SSL)")),
            ("smtp", _("Not encrypted")),
        ),
    ),
)
