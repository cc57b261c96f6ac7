"""A ServiceDesk Plus: it tells us of its requests, gets context back, and is kept in step."""

from django.utils.translation import gettext_lazy as _

from integrations.channels.servicedesk_plus.mapping import OWNERS
from integrations.federation.options import common
from integrations.kinds import Kind, Of, Setting


def _api(url: str) -> str:
    """The address of the API, whether or not its path was entered."""
    base = url.split("?", maxsplit=1)[0].rstrip("/")
    return base if base.endswith("/api/v3") else f"{base}/api/v3"


KIND = Kind(
    key="servicedesk_plus",
    label=_("ServiceDesk Plus"),
    summary=_("Requests of a ServiceDesk Plus are tickets here, kept in step, with context added."),
    transport="federated.SdpTransport",
    sync="federated.sync",
    sync_needs=("url", "two_way"),
    interval=60,
    take="taking.take",
    take_many="taking.take_many",
    test="federated.test",
    read="parse.read",
    webhook="webhook-servicedesk-plus",
    made_up=("secret",),
    settings=(
        Setting(
            name="secret",
            label=_("Webhook secret"),
            of=Of.SECRET,
            help=_("Signs what ServiceDesk Plus sends us. Made up if you give none."),
        ),
        Setting(
            name="old_secret",
            label=_("Former webhook secret"),
            of=Of.SECRET,
            help=_("Accepted beside the present one while it changes."),
        ),
        Setting(
            name="static_header",
            label=_("Header with the secret"),
            help=_(
                "Only where nothing can sign: a header that carries the secret itself, such as "
                "X-OmniDesk-Secret."
            ),
        ),
        Setting(
            name="window",
            label=_("Window in seconds"),
            of=Of.INTEGER,
            default=300,
            minimum=30,
            maximum=3600,
            help=_("How old or early a signed call may be."),
        ),
        Setting(
            name="url",
            label=_("Address"),
            of=Of.URL,
            help=_(
                "Of the API, such as https://sdp.example:8080/api/v3 or "
                "https://sdpondemand.manageengine.eu/app/itdesk/api/v3. Empty: calls are taken as "
                "they are and nothing is written back."
            ),
            check=_api,
        ),
        Setting(
            name="two_way",
            label=_("Keep tickets in step both ways"),
            of=Of.FLAG,
            default=True,
            help=_("With an address. Otherwise calls alone move tickets here, and only here."),
        ),
        Setting(
            name="authtoken",
            label=_("Technician key"),
            of=Of.SECRET,
            help=_("For an installation of your own."),
        ),
        Setting(name="client_id", label=_("Client id"), help=_("For the cloud.")),
        Setting(name="client_secret", label=_("Client secret"), of=Of.SECRET),
        Setting(name="refresh_token", label=_("Refresh token"), of=Of.SECRET),
        Setting(
            name="accounts_url",
            label=_("Sign-in server"),
            of=Of.URL,
            default="https://accounts.zoho.com",
            help=_("For the cloud, such as https://accounts.zoho.eu"),
        ),
        Setting(
            name="note_key",
            label=_("Key of notes"),
            of=Of.CHOICE,
            choices=(("note", "note"), ("request_note", "request_note")),
            default="note",
            help=_("Older versions use request_note."),
        ),
        Setting(
            name="enrich",
            label=_("Gather context for new requests"),
            of=Of.FLAG,
            default=True,
        ),
        Setting(
            name="lookup_url",
            label=_("Look-up of assets or addresses"),
            of=Of.URL,
            help=_(
                "Called with ?email= of the requester; answers JSON: a list of texts or of "
                "objects with name, detail and link."
            ),
        ),
        Setting(
            name="lookup_token",
            label=_("Token of the look-up"),
            of=Of.SECRET,
            help=_("Sent as Authorization: Bearer."),
        ),
        Setting(
            name="calls_per_minute",
            label=_("Calls a minute"),
            of=Of.INTEGER,
            minimum=0,
            maximum=10_000,
            help=_("Empty: 30 for the cloud, no limit for an installation of your own."),
        ),
        *common(OWNERS),
    ),
)
