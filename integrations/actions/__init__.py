"""All writes of this app."""

from integrations.actions.channels import set_up_mail_channel
from integrations.actions.inbound import accept_inbound, quarantine_raw, release
from integrations.actions.outbound import queue_delivery, record_bounce, send_again

__all__ = [
    "accept_inbound",
    "quarantine_raw",
    "queue_delivery",
    "record_bounce",
    "release",
    "send_again",
    "set_up_mail_channel",
]
