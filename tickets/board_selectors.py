"""A view as a board: its tickets by status. Reads alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from omnidesk.accounts.models import User
from tickets.access import desk_tickets
from tickets.choices import StatusCategory
from tickets.desk_lists import ordered
from tickets.desk_selectors import Listing, with_progress, with_turn
from tickets.models import Status, Ticket
from tickets.row_selectors import lean_rows, put_relations
from tickets.setup_selectors import Setup, desk_setups
from tickets.sla_selectors import put_time_left

# Of a column so many cards are shown; its head says how many there are.
MOST_CARDS = 30


@dataclass(slots=True)
class BoardColumn:
    """One status with its first cards; statuses of several organizations meet by their key."""

    key: str
    status: Status
    ids: list[int]
    count: int = 0
    cards: list[Ticket] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Board:
    """The columns in the order of the menus, and how many tickets there are in all."""

    columns: list[BoardColumn]
    total: int

    @property
    def tickets(self) -> list[Ticket]:
        """Every card."""
        return [card for column in self.columns for card in column.cards]


def board_of(user: User, shown: Listing) -> Board:
    """Queries: 4 (counts, which cards, the cards, their clocks)."""
    columns = {column.key: column for column in _columns(desk_setups(user))}
    tickets = desk_tickets(user).filter(shown.condition).order_by()
    for key, count in tickets.values_list("status__key").annotate(Count("pk")):
        if key in columns:
            columns[key].count = count
    filled = [column for column in columns.values() if column.count]
    for card in _cards(user, shown, filled):
        columns[card.status.key].cards.append(card)
    kept = [c for c in columns.values() if c.count or c.status.category != StatusCategory.CLOSED]
    return Board(kept, sum(column.count for column in columns.values()))


def _columns(setups: Sequence[Setup]) -> list[BoardColumn]:
    found: dict[str, BoardColumn] = {}
    for setup in setups:
        for status in setup.statuses:
            found.setdefault(status.key, BoardColumn(status.key, status, [])).ids.append(status.pk)
    return list(found.values())


def _cards(user: User, shown: Listing, columns: Sequence[BoardColumn]) -> list[Ticket]:
    if not columns:
        return []
    rows = ordered(desk_tickets(user).filter(shown.condition), shown.sort)
    # Each column reads as many rows as it shows; one query over all would sort the whole view.
    first, *others = (
        rows.filter(status_id__in=column.ids).values_list("pk", flat=True)[:MOST_CARDS]
        for column in columns
    )
    ids = list(first.union(*others, all=True) if others else first)
    cards = with_progress(with_turn(ordered(desk_tickets(user).filter(pk__in=ids), shown.sort)))
    found = list(lean_rows(cards))
    put_relations(user, found)
    put_time_left(found)
    return found
