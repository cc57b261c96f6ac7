"""GLPI's codes and our words, as data. Pure."""

from typing import Final

from integrations.federation.merge import FieldMap, Owner

STATUS: Final = FieldMap(
    inward={"1": "new", "2": "open", "3": "open", "4": "waiting", "5": "resolved", "6": "closed"},
    outward={
        "new": "1", "open": "2", "waiting": "4", "on-hold": "4", "resolved": "5", "closed": "6",
    },
)  # fmt: skip
_LEVELS_OUT: Final = {"low": "2", "medium": "3", "high": "4", "critical": "5"}
URGENCY: Final = FieldMap(
    inward={"1": "low", "2": "low", "3": "medium", "4": "high", "5": "critical"},
    outward=_LEVELS_OUT,
)
IMPACT: Final = FieldMap(
    inward={"1": "low", "2": "low", "3": "medium", "4": "high", "5": "high"},
    outward={"low": "2", "medium": "3", "high": "4"},
)
# Computed by GLPI from urgency and impact (6: major): it is read, never written.
PRIORITY: Final = FieldMap(
    inward={
        "1": "low", "2": "low", "3": "medium", "4": "high", "5": "critical", "6": "critical",
    },
    outward=_LEVELS_OUT,
    writable=False,
)  # fmt: skip
SUBJECT: Final = FieldMap(limit=255)
TYPES: Final = {"1": "incident", "2": "request"}
MAPS: Final = {
    "subject": SUBJECT, "status": STATUS, "urgency": URGENCY, "impact": IMPACT,
    "priority": PRIORITY, "type": FieldMap(inward=TYPES, outward={v: k for k, v in TYPES.items()}),
}  # fmt: skip
# Each side computes the priority by its own matrix.
OWNERS: Final = {"priority": Owner.APART}
SOLVED: Final = "5"
