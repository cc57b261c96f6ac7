"""The ledger of calls to models outside: for a file, and of one ticket."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, OuterRef

from ai.engine.redact import count_tokens
from ai.engine.together import part_of
from ai.models import ModelCall
from tickets.models import Ticket


class StandsIn(Func):
    """Whether a value stands in an array; written so that the value's index finds it."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


# Newest calls of one file: some 100 MB where every ticket is long.
MOST_CALLS = 20_000
FIELDS = (
    "at", "ticket", "tickets", "operation", "provider", "model", "status", "error", "tokens_in",
    "tokens_out", "cost_usd", "milliseconds", "masked_values", "sent_bytes", "sent",
    "received_bytes", "received",
)  # fmt: skip


def calls_of(organization_id: int) -> Iterator[dict[str, str | int]]:
    """The newest calls, newest first, with the ticket's number ("" without one), and the numbers
    of all where one call was for several. Queries: 1."""
    named = {"ticket": "ticket__number", "tickets": "numbers"}
    names = [named.get(name, name) for name in FIELDS]
    together = Ticket.objects.filter(StandsIn(F("pk"), OuterRef("tickets"))).order_by("number")
    rows = ModelCall.objects.filter(organization_id=organization_id).order_by("-at", "-pk")
    rows = rows.annotate(numbers=ArraySubquery(together.values("number")))
    for row in rows.values_list(*names)[:MOST_CALLS].iterator(chunk_size=500):
        yield {name: _plain(value) for name, value in zip(FIELDS, row, strict=True)}


# Newest calls on a ticket's page: each may hold some 60 kB.
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A call with the numbers of the other tickets it was for."""

    call: ModelCall
    others: list[int]


def calls_on(ticket: Ticket) -> tuple[list[Shown], int]:
    """The ticket's newest calls with all that was said, and how many there are. Queries: 1-3."""
    rows = ModelCall.objects.all().about(ticket).order_by("-at", "-pk")
    found = list(rows[:MOST_SHOWN])
    together = {pk for call in found for pk in call.tickets}
    known = Ticket.objects.alive().filter(pk__in=together).values_list("pk", "number")
    numbers = dict(known) if together else {}
    shown = [
        Shown(call, [numbers[pk] for pk in call.tickets if pk in numbers and pk != ticket.pk])
        for call in found
    ]
    return shown, rows.count() if len(found) == MOST_SHOWN else len(found)


@dataclass(frozen=True, slots=True)
class OwnPart:
    """What one ticket has in a call: its words, the answer to them, its share of the cost (US
    dollars), and how many other tickets the call was for."""

    asked: str
    answered: str
    masked: int
    cost: Decimal
    others: int


def part_in(call: ModelCall, ticket: Ticket) -> OwnPart:
    """The ticket's part in a call that is for it, alone or among others."""
    asked, answered, masked = call.asked, call.answered, call.masked_values
    if ticket.pk in call.tickets:
        asked, answered = part_of(asked, answered, call.tickets.index(ticket.pk))
        masked = count_tokens(asked)
    others = max(0, len(call.tickets) - 1)
    return OwnPart(asked, answered, masked, call.share_usd, others)


def _plain(value: object) -> str | int:
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return "" if value is None else str(value)
