"""A ServiceDesk Plus, on premises or in the cloud: its requests are tickets here."""

from django.utils.translation import gettext_lazy as _

from integrations.channels.servicedesk_plus.options import API
from integrations.kinds import Kind

KIND = Kind(
    key="servicedesk_plus",
    label=_("ServiceDesk Plus"),
    summary=_("Requests, notes, resolutions and files, kept in step by the v3 API."),
    transport="federated.SdpTransport",
    sync="federated.sync",
    test="federated.test",
    interval=60,
    sync_needs=("url",),
    settings=API,
)
