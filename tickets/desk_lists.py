"""How a list is laid out: its columns, what each sorts by, and the place in it (keyset)."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.choices import Priority
from tickets.models import SlaForecast, Ticket, TicketQuerySet

PAGE_SIZE = 50
LONGEST_PLACE = 600
_WEIGHTS = {Priority.LOW: 0, Priority.MEDIUM: 1, Priority.HIGH: 2, Priority.CRITICAL: 3}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: what it is called, and the expression it sorts by."""

    key: str
    name: str | Promise
    by: str
    # Which way round it begins when its head is pressed.
    falls: bool = False
    # Takes its own width on the right side.
    number: bool = False
    # Always there: nobody finds a ticket in a table without them.
    fixed: bool = False

    @property
    def falling(self) -> str:
        """The order from its greatest value, as the URL says it."""
        return f"-{self.key}"

    @property
    def first(self) -> str:
        """The order that its head begins with."""
        return self.falling if self.falls else self.key


COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        Column("number", _("No."), "number", falls=True, number=True, fixed=True),
        Column("status", _("Status"), "status__position"),
        Column("subject", _("Subject"), "subject", fixed=True),
        Column("requester", _("Requester"), "requester__name"),
        Column("organization", _("Organization"), "organization__name"),
        Column("category", _("Category"), "category__name"),
        Column("type", _("Type"), "type__name"),
        Column("tags", _("Tags"), ""),
        Column("team", _("Team"), "team__name"),
        Column("source", _("Channel"), "source"),
        Column("language", _("Language"), "language"),
        Column("priority", _("Prio"), "weight", falls=True),
        Column("assignee", _("Agent"), "assignee__name"),
        Column("messages", _("Messages"), "message_count", falls=True, number=True),
        Column("created", pgettext_lazy("ticket", "Created"), "created_at", falls=True,
               number=True),
        Column("due", pgettext_lazy("column", "Due"), "next_due", number=True),
        Column("risk", pgettext_lazy("column", "Risk"), "risk", falls=True, number=True),
        Column("activity", _("Active"), "last_activity_at", falls=True, number=True),
    )
}  # fmt: skip
USUAL_COLUMNS = (
    "number", "status", "subject", "requester", "category", "priority", "assignee", "due",
    "activity",
)  # fmt: skip
USUAL_SORT = "-activity"
# Names from before columns had them.
_ALIASES = {
    "activity": "-activity", "newest": "-created", "oldest": "created", "priority": "-priority",
    "risk": "-risk",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: a column and its direction."""

    column: Column
    down: bool

    @property
    def key(self) -> str:
        """As the URL says it."""
        return f"-{self.column.key}" if self.down else self.column.key

    @property
    def is_indexed(self) -> bool:
        """Whether an index of tickets gives this order: a page is read without the rest."""
        return self.column.by in _INDEXED


def sort_of(text: str, fallback: str = USUAL_SORT) -> Sort:
    """The order that a URL names; what means nothing is the fallback."""
    text = _ALIASES.get(text, text)
    column = COLUMNS.get(text.removeprefix("-"))
    if column is None or not column.by:
        return sort_of(fallback) if fallback != text else sort_of(USUAL_SORT)
    return Sort(column, text.startswith("-"))


def columns_of(text: str, fallback: Sequence[str] = USUAL_COLUMNS) -> list[Column]:
    """The columns that a URL names, in its order; unknown ones are left out."""
    wanted = [key for key in dict.fromkeys(text.split(",")) if key in COLUMNS]
    if not wanted:
        wanted = [key for key in fallback if key in COLUMNS] or list(USUAL_COLUMNS)
    for key in ("subject", "number"):
        if key not in wanted:
            wanted.insert(0, key)
    return [COLUMNS[key] for key in wanted]


def ordered(tickets: TicketQuerySet, sort: Sort) -> TicketQuerySet:
    """`tickets` in that order, those without a value last, equal ones by their number of row."""
    if sort.column.by == "weight":
        weights = (When(priority=level, then=Value(value)) for level, value in _WEIGHTS.items())
        tickets = tickets.annotate(weight=Case(*weights, output_field=IntegerField()))
    if sort.column.by == "risk":
        tickets = with_risk(tickets)
    by = F(sort.column.by)
    if sort.column.by in _NEVER_NULL:
        # Written as the index is: "nulls last" would keep it from being used.
        first = by.desc() if sort.down else by.asc()
    else:
        first = by.desc(nulls_last=True) if sort.down else by.asc(nulls_last=True)
    return tickets.order_by(first, "-pk" if sort.down else "pk")


def with_risk(tickets: TicketQuerySet) -> TicketQuerySet:
    """`risk`: how likely the worst of its running clocks fails. Adds a subquery, no query."""
    worst = SlaForecast.objects.filter(
        ticket=OuterRef("pk"), clock__met_at=None, clock__stopped_at=None, clock__paused_at=None
    )
    return tickets.annotate(risk=Subquery(worst.order_by("-risk").values("risk")[:1]))


_NEVER_NULL = frozenset(
    {"number", "status__position", "subject", "requester__name", "organization__name", "source",
     "language", "weight", "message_count", "created_at", "last_activity_at"}
)  # fmt: skip


_INDEXED = frozenset({"number", "last_activity_at", "next_due"})


@dataclass(frozen=True, slots=True)
class Place:
    """A ticket's place in an order: its value and its row."""

    value: Any
    pk: int


def place_text(ticket: Ticket, sort: Sort) -> str:
    """A row's place as the URL holds it."""
    value: Any = ticket
    for name in sort.column.by.split("__"):
        value = getattr(value, name, None) if value is not None else None
    if isinstance(value, datetime):
        value = value.isoformat()
    raw = json.dumps([value, ticket.pk], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_place(text: str, sort: Sort) -> Place | None:
    """The place that a URL names, None where it names none."""
    if not text or len(text) > LONGEST_PLACE:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value, pk = json.loads(raw)
        if not isinstance(pk, int) or isinstance(pk, bool) or not 0 < pk < 2**63:
            return None
        return Place(_typed(value, sort), pk)
    except (ValueError, TypeError, RecursionError, ValidationError):
        return None


def _typed(value: Any, sort: Sort) -> Any:
    if value is None and sort.column.by not in _NEVER_NULL:
        return None
    if sort.column.by in _TIMES:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("A place in time carries its offset.")
        return moment
    if sort.column.by in _WHOLE:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
            raise ValueError("A place among numbers is a number.")
        return value
    if sort.column.by == "risk":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError("A place among risks is a share.")
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("A place among names is a name.")
    return value


_TIMES = frozenset({"created_at", "last_activity_at", "next_due"})
_WHOLE = frozenset({"number", "status__position", "weight", "message_count"})


def behind(sort: Sort, place: Place, *, before: bool = False) -> Q:
    """What stands after a place in the order (or `before` it)."""
    by, down = sort.column.by, sort.down != before
    rows = Q(pk__lt=place.pk) if down else Q(pk__gt=place.pk)
    if place.value is None:
        among = Q(**{f"{by}__isnull": True}) & rows
        return among | Q(**{f"{by}__isnull": False}) if before else among
    sign = "lt" if down else "gt"
    # Said twice: the plain bound is what an index can begin at.
    found = Q(**{f"{by}__{sign}e": place.value}) & (Q(**{f"{by}__{sign}": place.value}) | rows)
    if before or by in _NEVER_NULL:
        return found
    return found | Q(**{f"{by}__isnull": True})
