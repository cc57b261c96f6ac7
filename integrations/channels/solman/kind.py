"""An SAP Solution Manager: its incidents are tickets here."""

from django.utils.translation import gettext_lazy as _

from integrations.channels.solman.mapping import OWNERS
from integrations.federation.options import check_zone, common, table
from integrations.kinds import Kind, Of, Setting


def _check_names(text: str) -> str:
    table(text)
    return text


KIND = Kind(
    key="solman",
    label=_("SAP Solution Manager"),
    summary=_("Incidents, texts and attachments, kept in step by OData."),
    transport="federated.SolmanTransport",
    sync="federated.sync",
    test="federated.test",
    interval=60,
    sync_needs=("url",),
    settings=(
        Setting(
            name="url",
            label=_("Address"),
            of=Of.URL,
            required=True,
            help=_("Host and port, such as https://solman.example.org:44300"),
        ),
        Setting(name="login", label=_("User name"), required=True),
        Setting(name="password", label=_("Password"), of=Of.SECRET, required=True),
        Setting(name="client", label=_("Client"), default="001"),
        Setting(
            name="language",
            label=_("Logon language"),
            default="EN",
            help=_("Statuses come in this language; the usual table knows English."),
        ),
        Setting(name="service", label=_("Service for reading"), default="AI_CRM_GW_MYMESSAGE_SRV"),
        Setting(
            name="create_service",
            label=_("Service for creating"),
            default="AI_CRM_GW_CREATE_INCIDENT_SRV",
        ),
        Setting(name="process_type", label=_("Process type of new incidents"), default="SMIN"),
        Setting(
            name="names",
            label=_("Own names of properties"),
            of=Of.LONG,
            help=_("Pairs theirs=usual, such as ZZ_CHANGED=ChangedAtDate."),
            check=_check_names,
        ),
        Setting(
            name="zone",
            label=_("Time zone of the server"),
            help=_("Such as Europe/Berlin; empty: the organization's."),
            check=check_zone,
        ),
        *common(OWNERS, notes=False),
    ),
)
