"""A ServiceDesk Plus that tells us of its requests, and gets an enriched note back."""

from django.utils.translation import gettext_lazy as _

from integrations.kinds import Kind, Of, Setting

KIND = Kind(
    key="servicedesk_plus",
    label=_("ServiceDesk Plus"),
    summary=_("Requests of a ServiceDesk Plus become tickets, with context written back."),
    take="taking.take",
    test="client.test",
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
    ),
)
