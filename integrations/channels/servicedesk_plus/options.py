"""Settings of the two-way part: the API of a ServiceDesk Plus."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from integrations.channels.servicedesk_plus.mapping import OWNERS
from integrations.federation.options import common
from integrations.kinds import Of, Setting

API: Final = (
    Setting(
        name="url",
        label=_("Address"),
        of=Of.URL,
        help=_("Such as https://sdp.example.org:8080 or https://sdpondemand.manageengine.com"),
    ),
    Setting(
        name="authtoken",
        label=_("Technician key"),
        of=Of.SECRET,
        help=_("For an installation of your own."),
    ),
    Setting(name="portal", label=_("Portal"), help=_("For the cloud: its name in the address.")),
    Setting(name="client_id", label=_("Client id"), help=_("For the cloud.")),
    Setting(name="client_secret", label=_("Client secret"), of=Of.SECRET),
    Setting(name="refresh_token", label=_("Refresh token"), of=Of.SECRET),
    Setting(
        name="accounts_url",
        label=_("Address for tokens"),
        of=Of.URL,
        help=_("For the cloud; https://accounts.zoho.com if empty, .eu and others by region."),
    ),
    Setting(
        name="calls_per_minute",
        label=_("Calls a minute"),
        of=Of.INTEGER,
        minimum=0,
        maximum=10_000,
        help=_("Empty: 30 for the cloud, no limit for an installation of your own."),
    ),
    Setting(
        name="note_key",
        label=_("Word for notes"),
        of=Of.CHOICE,
        choices=(("note", "note"), ("request_note", "request_note")),
        default="note",
        help=_("Older builds want request_note; the other one is tried when one is refused."),
    ),
    *common(OWNERS),
)
