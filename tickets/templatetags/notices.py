"""Words and icons of notifications."""

from django import template
from django.utils.translation import gettext as _

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
    Kind.WOKEN: "moon",
    Kind.RULE: "bolt",
    Kind.PROPOSAL: "book",
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


@register.filter
def run_tone(state: str) -> str:
    """The colour of a run's state."""
    tones = {"done": "ok", "undone": "ok", "failed": "late", "uncertain": "warn"}
    tones |= {"unverified": "warn", "proposed": "blue", "waiting": "blue", "running": "blue"}
    return tones.get(state, "plain")


@register.filter
def step_words(what: str) -> str:
    """What a step of a run is called."""
    return {
        "proposed": _("Proposed"),
        "dry_run": _("Rehearsed"),
        "why": _("Why"),
        "approved": _("Approved"),
        "started": _("Started"),
        "refused": _("Refused"),
        "do": _("Done"),
        "verify": _("Checked"),
        "undo_asked": _("Asked to take back"),
        "undo": _("Taken back"),
        "postponed": _("Tried again later"),
        "lost": _("Lost"),
    }.get(what, what)
