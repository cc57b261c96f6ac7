"""ServiceDesk Plus' usual names and our words, as data. Pure."""

from typing import Final

from integrations.federation.merge import FieldMap, Owner

STATUS: Final = FieldMap(
    inward={
        "Open": "open", "Assigned": "open", "In Progress": "open", "On Hold": "on-hold",
        "Onhold": "on-hold", "Resolved": "resolved", "Closed": "closed", "Cancelled": "closed",
        "Canceled": "closed",
    },
    outward={
        "new": "Open", "open": "Open", "waiting": "On Hold", "on-hold": "On Hold",
        "resolved": "Resolved", "closed": "Closed",
    },
)  # fmt: skip
URGENCY: Final = FieldMap(
    inward={
        "Low": "low", "Normal": "medium", "Medium": "medium", "High": "high", "Urgent": "critical",
        "Critical": "critical",
    },
    outward={"low": "Low", "medium": "Normal", "high": "High", "critical": "Urgent"},
)  # fmt: skip
IMPACT: Final = FieldMap(
    inward={
        "Affects User": "low", "Affects Group": "medium", "Affects Department": "medium",
        "Affects Business": "high", "Low": "low", "Medium": "medium", "High": "high",
    },
    outward={"low": "Affects User", "medium": "Affects Group", "high": "Affects Business"},
)  # fmt: skip
PRIORITY: Final = FieldMap(
    inward={
        "Low": "low", "Normal": "medium", "Medium": "medium", "High": "high", "Urgent": "critical",
        "Critical": "critical",
    },
    outward={"low": "Low", "medium": "Medium", "high": "High", "critical": "High"},
)  # fmt: skip
SUBJECT: Final = FieldMap(limit=250)
MAPS: Final = {
    "subject": SUBJECT, "status": STATUS, "urgency": URGENCY, "impact": IMPACT,
    "priority": PRIORITY,
}  # fmt: skip
# Each side computes the priority by its own matrix.
OWNERS: Final = {"priority": Owner.APART}
SOLVED: Final = "Resolved"
CLOSED: Final = "Closed"
