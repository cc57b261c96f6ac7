"""A GLPI: its tickets are ours too, and ours may become its."""

from django.utils.translation import gettext_lazy as _

from integrations.channels.glpi.mapping import OWNERS
from integrations.federation.options import check_zone, common
from integrations.kinds import Kind, Of, Setting

KIND = Kind(
    key="glpi",
    label=_("GLPI"),
    summary=_("Tickets, follow-ups, solutions and documents, kept in step with a GLPI."),
    transport="federated.GlpiTransport",
    sync="federated.sync",
    test="federated.test",
    webhook="webhook-glpi",
    interval=60,
    sync_needs=("url",),
    settings=(
        Setting(
            name="url",
            label=_("Address"),
            of=Of.URL,
            required=True,
            help=_("Of the GLPI itself, such as https://glpi.example.org"),
        ),
        Setting(
            name="api",
            label=_("API"),
            of=Of.CHOICE,
            choices=(
                ("legacy", _("REST (apirest.php), GLPI 9 to 11")),
                ("v2", _("High-level API v2, GLPI 11")),
            ),
            default="legacy",
        ),
        Setting(name="app_token", label=_("App token"), of=Of.SECRET),
        Setting(name="user_token", label=_("User token"), of=Of.SECRET),
        Setting(
            name="login",
            label=_("User name"),
            help=_("Instead of the user token, and for the API v2."),
        ),
        Setting(name="password", label=_("Password"), of=Of.SECRET),
        Setting(name="client_id", label=_("Client id"), help=_("For the API v2.")),
        Setting(name="client_secret", label=_("Client secret"), of=Of.SECRET),
        Setting(
            name="zone",
            label=_("Time zone of the server"),
            help=_("Such as Europe/Berlin; empty: the organization's."),
            check=check_zone,
        ),
        Setting(
            name="webhook_secret",
            label=_("Secret of the webhook"),
            of=Of.SECRET,
            help=_("GLPI 11 shows it with the webhook. Without it no webhook is taken."),
        ),
        *common(OWNERS),
    ),
)
