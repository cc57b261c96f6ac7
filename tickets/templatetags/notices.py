"""Words and icons of notifications."""

from django import template

from tickets.models import Notification
from tickets.notice_selectors import told
from tickets.notices import Kind

register = template.Library()

ICONS = {
    Kind.ASSIGNED: "person",
    Kind.TEAM_TICKET: "people",
    Kind.REPLIED: "reply",
    Kind.MENTIONED: "at",
    Kind.FOLLOWED: "eye",
    Kind.STATUS: "circle-dot",
    Kind.ANSWERED: "reply",
    Kind.SLA_WARNED: "clock",
    Kind.SLA_BREACHED: "alert",
    Kind.APPROVAL: "shield",
    Kind.DECIDED: "circle-check",
    Kind.UNDELIVERED: "alert",
    Kind.RUNBOOK: "bolt",
    Kind.RULE: "bolt",
}


@register.filter
def notice_words(row: Notification) -> str:
    """What a notification says, in the reader's language."""
    return told(row, row.count)


@register.filter
def notice_icon(kind: str) -> str:
    """The drawing beside it."""
    return ICONS.get(Kind(kind), "bell")


@register.filter
def approval_tone(state: str) -> str:
    """The colour of an approval's state."""
    return {"approved": "ok", "rejected": "late", "waiting": "warn"}.get(state, "plain")
