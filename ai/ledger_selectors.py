"""The ledger of calls to models outside: for a file, and of one ticket."""

from collections.abc import Iterator

from ai.models import ModelCall
from tickets.models import Ticket

# Newest calls of one file: some 100 MB where every ticket is long.
MOST_CALLS = 20_000
FIELDS = (
    "at", "ticket", "operation", "provider", "model", "status", "error", "tokens_in", "tokens_out",
    "cost_usd", "milliseconds", "masked_values", "sent_bytes", "sent", "received_bytes", "received",
)  # fmt: skip


def calls_of(organization_id: int) -> Iterator[dict[str, str | int]]:
    """The newest calls, newest first, with the ticket's number ("" without one). Queries: 1."""
    names = ["ticket__number" if name == "ticket" else name for name in FIELDS]
    rows = ModelCall.objects.filter(organization_id=organization_id).order_by("-at", "-pk")
    for row in rows.values_list(*names)[:MOST_CALLS].iterator(chunk_size=500):
        yield {name: _plain(value) for name, value in zip(FIELDS, row, strict=True)}


# Newest calls on a ticket's page: each may hold some 60 kB.
MOST_SHOWN = 20


def calls_on(ticket: Ticket) -> tuple[list[ModelCall], int]:
    """The ticket's newest calls with all that was said, and how many there are. Queries: 1-2."""
    rows = ModelCall.objects.filter(ticket=ticket).order_by("-at", "-pk")
    found = list(rows[:MOST_SHOWN])
    return found, rows.count() if len(found) == MOST_SHOWN else len(found)


def _plain(value: object) -> str | int:
    if isinstance(value, int):
        return value
    return "" if value is None else str(value)
