"""The domain's own kinds of action, one file each; imported once when the app is ready."""

from tickets.automation.kinds import (
    ai_again,
    assign,
    assign_by,
    linked,
    note,
    reply,
    set_field,
    status,
    tags,
)

__all__ = [
    "ai_again",
    "assign",
    "assign_by",
    "linked",
    "note",
    "reply",
    "set_field",
    "status",
    "tags",
]
