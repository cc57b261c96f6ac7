"""Any program that can sign and send JSON: monitoring, forms, scripts."""

from django.utils.translation import gettext_lazy as _

from integrations import paths
from integrations.kinds import Kind, Of, Setting, Words


def _path(name: str, label: Words, default: str, words: Words = "") -> Setting:
    return Setting(name=name, label=label, default=default, help=words, check=paths.check)


KIND = Kind(
    key="webhook",
    label=_("Webhook"),
    summary=_("Signed JSON of any program becomes tickets, by simple paths."),
    take="taking.take",
    take_many="taking.take_many",
    read="parse.read",
    webhook="webhook-inbound",
    made_up=("secret",),
    standard_secrets=True,
    settings=(
        Setting(
            name="secret",
            label=_("Secret"),
            of=Of.SECRET,
            help=_("Standard Webhooks (whsec_...). Made up if you give none."),
        ),
        Setting(
            name="old_secret",
            label=_("Former secret"),
            of=Of.SECRET,
            help=_("Accepted beside the present one while it changes."),
        ),
        Setting(
            name="static_header",
            label=_("Header with the secret"),
            help=_("Only where nothing can sign: a header that carries the secret itself."),
        ),
        _path("subject_path", _("Subject"), "subject", _("A path such as alert.labels.0.name")),
        _path("text_path", _("Description"), "description"),
        _path("email_path", _("Requester's address"), "email"),
        _path("name_path", _("Requester's name"), "name"),
        _path("urgency_path", _("Urgency"), "urgency", _("low, medium, high or critical")),
        _path(
            "reference_path",
            _("Reference"),
            "reference",
            _("The same reference again goes on the same ticket."),
        ),
        _path("state_path", _("State"), "state"),
        Setting(
            name="solved_states",
            label=_("States that solve the ticket"),
            default="resolved, ok, recovered, solved",
        ),
    ),
)
