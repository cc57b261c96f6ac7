"""Solution Manager's words and ours, as data. Pure."""

from typing import Final

from integrations.federation.merge import FieldMap, Owner

# Lists give the status as a text in the logon language, filters want its key: both are known.
STATUS: Final = FieldMap(
    inward={
        "New": "new", "NEW": "new",
        "In Process": "open", "IN_PROC": "open",
        "Customer Action": "waiting", "CUSTACTION": "waiting",
        "Solution Provided": "resolved", "PROP_SOL": "resolved",
        "Withdrawn": "closed", "WITHDRAWN": "closed",
        "Closed": "closed", "Confirmed": "closed", "CONFIRMED": "closed",
    },
    outward={
        "new": "New", "open": "In Process", "waiting": "Customer Action", "on-hold": "In Process",
        "resolved": "Solution Provided", "closed": "Closed",
    },
    # Closing confirms or withdraws; nothing else can be said over there.
    writes=frozenset({"closed"}),
)  # fmt: skip
PRIORITY: Final = FieldMap(
    inward={"1": "critical", "2": "high", "3": "medium", "4": "low"},
    outward={"critical": "1", "high": "2", "medium": "3", "low": "4"},
    writable=False,
)
SUBJECT: Final = FieldMap(limit=40, writable=False)
MAPS: Final = {"subject": SUBJECT, "status": STATUS, "priority": PRIORITY}
OWNERS: Final = {"subject": Owner.APART, "priority": Owner.THEIRS}
TEXT_TYPES: Final = {"SU01": "reply", "SU99": "description", "SU04": "note"}
