"""Closed vocabularies of the domain; pure, so that rules and forms share them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StatusCategory(models.TextChoices):
    """The four stages every organization's own statuses map to."""

    OPEN = "open", _("Open")
    PENDING = "pending", _("Pending")
    SOLVED = "solved", _("Solved")
    CLOSED = "closed", _("Closed")


class Urgency(models.TextChoices):
    """How soon it hurts."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class Impact(models.TextChoices):
    """How many it hurts."""

    LOW = "low", _("One person")
    MEDIUM = "medium", _("A team")
    HIGH = "high", _("A whole site")


class Priority(models.TextChoices):
    """What comes first, derived from urgency and impact."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Normal")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Urgent")


class Source(models.TextChoices):
    """The channel a ticket or message came by."""

    PORTAL = "portal", _("Portal")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    API = "api", _("API")
    PHONE = "phone", _("Phone")
    AGENT = "agent", _("Agent")
    MONITORING = "monitoring", _("Monitoring")
    GLPI = "glpi", _("GLPI")
    SOLMAN = "solman", _("SAP Solution Manager")
    SDP = "servicedesk_plus", _("ServiceDesk Plus")
    IMPORT = "import", _("Import")


class MessageKind(models.TextChoices):
    """Who may read a message: everyone on the ticket, the desk alone, or it is an event line."""

    PUBLIC = "public", _("Public reply")
    INTERNAL = "internal", _("Internal note")
    SYSTEM = "system", _("System")


class DeliveryState(models.TextChoices):
    """What became of an outgoing message; `none` for what needs no delivery."""

    NONE = "none", _("Not sent by a channel")
    QUEUED = "queued", _("Sending")
    SENT = "sent", _("Delivered")
    FAILED = "failed", _("Not sent")
    UNCERTAIN = "uncertain", _("Perhaps sent")


class ActorKind(models.TextChoices):
    """What kind of hand made a change."""

    PERSON = "person", _("Person")
    AI = "ai", _("AI")
    RULE = "rule", _("Rule")
    CHANNEL = "channel", _("Channel")
    SYSTEM = "system", _("System")


class AiState(models.TextChoices):
    """How far the AI is with a ticket."""

    PENDING = "pending", _("Reading the ticket")
    DONE = "done", _("Read")
    FAILED = "failed", _("Could not read")
    OFF = "off", _("Off")


PRIORITY_MATRIX: dict[str, dict[str, str]] = {
    # urgency -> impact -> priority
    "low": {"low": "low", "medium": "low", "high": "medium"},
    "medium": {"low": "medium", "medium": "medium", "high": "high"},
    "high": {"low": "high", "medium": "high", "high": "critical"},
    "critical": {"low": "high", "medium": "critical", "high": "critical"},
}


def priority_of(urgency: str, impact: str) -> str:
    """Priority from urgency and impact (ITIL matrix); unknown values count as medium and one."""
    row = PRIORITY_MATRIX.get(urgency, PRIORITY_MATRIX["medium"])
    return row.get(impact, row["low"])
