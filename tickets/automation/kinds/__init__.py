"""The domain's own kinds of action, one file each; imported once when the app is ready."""

from tickets.automation.kinds import (
    ai_again,
    approval,
    assign,
    assign_by,
    checklist,
    linked,
    note,
    reply,
    runbook,
    set_field,
    status,
    tags,
    telling,
)

__all__ = [
    "ai_again",
    "approval",
    "assign",
    "assign_by",
    "checklist",
    "linked",
    "note",
    "reply",
    "runbook",
    "set_field",
    "status",
    "tags",
    "telling",
]
