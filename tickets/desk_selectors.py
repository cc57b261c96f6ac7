"""Reads of the desk's lists: filters from the URL, order, groups, whose turn it is."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Left
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from omnidesk.accounts.models import User
from tickets.access import desk_tickets
from tickets.choices import MessageKind
from tickets.conditions import ConditionError
from tickets.desk_lists import (
    PAGE_SIZE,
    USUAL_COLUMNS,
    USUAL_SORT,
    Column,
    Place,
    Sort,
    behind,
    columns_of,
    ordered,
    place_text,
    read_place,
    sort_of,
)
from tickets.draft_selectors import with_draft
from tickets.filters.compiling import compiled
from tickets.filters.fields import FilterFields
from tickets.filters.reading import Wanted, stale, wanted
from tickets.models import ChecklistItem, Message, Ticket, TicketQuerySet, TicketTag
from tickets.row_selectors import lean_rows, put_relations
from tickets.selectors import ticket_rows
from tickets.sla_selectors import put_time_left
from tickets.view_selectors import MOST_COUNTED, NOTHING, View, fields_for, reader_of

LAYOUTS = ("split", "table", "board")
DENSITIES = ("normal", "dense")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows and how: a view, the filter of its URL, order, columns, row height."""

    view: View
    fields: FilterFields
    wanted: Wanted
    condition: Q
    sort: Sort
    columns: list[Column]
    density: str
    # Sentences about what cannot be asked or is gone.
    problems: list[str]

    def rows(self, user: User) -> TicketQuerySet:
        """Its tickets in their order. Queries: 1 when read."""
        return ordered(ticket_rows(user, self.condition), self.sort)


def listing(user: User, view: View, query: QueryDict) -> Listing:
    """A view as its URL wants to see it. Queries: 0."""
    fields, saved = fields_for(user), view.saved
    found = wanted(query, fields, view.stored)
    kept = saved.columns if saved else None
    problem = found.problem
    try:
        asked = NOTHING if problem else compiled(found.condition, reader_of(user))
    except ConditionError as error:
        asked, problem = NOTHING, str(error)
    return Listing(
        view=view,
        fields=fields,
        wanted=found,
        condition=view.base & asked,
        sort=sort_of(query.get("sort", ""), saved.sort if saved else USUAL_SORT),
        columns=columns_of(",".join(query.getlist("columns")), kept or USUAL_COLUMNS),
        density=_one_of(DENSITIES, query.get("density"), saved.density if saved else "normal"),
        problems=[problem] if problem else stale(found.condition, fields),
    )


def _one_of(known: Sequence[str], wanted_one: str | None, fallback: str) -> str:
    return wanted_one if wanted_one is not None and wanted_one in known else fallback


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a list. `total` ends at `MOST_COUNTED`, `more` says that there are more."""

    tickets: list[Ticket]
    total: int
    more: bool
    following: str = ""
    previous: str = ""

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self.tickets)


def list_rows(user: User, shown: Listing, query: QueryDict, *, total: int | None = None) -> Rows:
    """One page of a list with whose turn it is and what time is left.

    `total` is the number of rows where the caller counted them. Queries: 3 (count, rows, clocks).
    """
    page, places = _page_of(shown.rows(user), shown.sort, query)
    tickets, earlier, later = places.read(_dressed(page, shown, user))
    _completed(user, tickets)
    counted = _counted(user, shown) if total is None else total
    return Rows(
        tickets,
        min(counted, MOST_COUNTED),
        counted > MOST_COUNTED,
        following=place_text(tickets[-1], shown.sort) if later else "",
        previous=place_text(tickets[0], shown.sort) if earlier else "",
    )


def rows_of(user: User, shown: Listing, numbers: Sequence[int]) -> Rows:
    """Those of the tickets `numbers` that the list has, on whichever page, not counted.

    What changed is read alone: a page of fifty rows costs ten times as much. Queries: 2.
    """
    tickets = list(_dressed(shown.rows(user).filter(number__in=numbers), shown, user))
    _completed(user, tickets)
    return Rows(tickets, total=0, more=False)


def _dressed(page: TicketQuerySet, shown: Listing, user: User) -> TicketQuerySet:
    """With all that a row shows, but for what `_completed` adds."""
    columns = {column.key for column in shown.columns}
    rows = lean_rows(with_draft(with_progress(with_turn(page)), user))
    # A description may be a megabyte of mail; a row shows its first words.
    rows = rows.annotate(beginning=Left("description", 200))
    if "tags" in columns:
        rows = with_tags(rows)
    if "organization" in columns:
        rows = rows.annotate(organization_name=F("organization__name"))
    return rows


def _completed(user: User, tickets: Sequence[Ticket]) -> None:
    """Give the rows that were read their relations and what time is left. Queries: 1."""
    put_relations(user, tickets)
    put_time_left(tickets)


def _counted(user: User, shown: Listing) -> int:
    rows = desk_tickets(user).filter(shown.condition).order_by()
    return rows.values("pk")[: MOST_COUNTED + 1].count()


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a page begins: behind nothing, behind a row, or before one (then read backwards)."""

    after: Place | None
    before: Place | None

    def read(self, rows: TicketQuerySet) -> tuple[list[Ticket], bool, bool]:
        """The rows, and whether there are some before and after them. Queries: 1."""
        found = list(rows[: PAGE_SIZE + 1])
        more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
        if self.before is not None:
            return found[::-1], more, bool(found)
        return found, self.after is not None and bool(found), more


def _page_of(rows: TicketQuerySet, sort: Sort, query: QueryDict) -> tuple[TicketQuerySet, _Places]:
    """The rows of one page, not read yet."""
    places = _Places(
        after=read_place(query.get("after", ""), sort),
        before=read_place(query.get("before", ""), sort),
    )
    if places.before is not None:
        rows = rows.filter(behind(sort, places.before, before=True)).reverse()
    elif places.after is not None:
        rows = rows.filter(behind(sort, places.after))
    if sort.is_indexed:
        return rows, places
    # Every ticket of the view has to be sorted: the few that are shown first, with nothing but
    # what they are sorted by, and only those joined with all that a row shows.
    narrow = rows.select_related(None).values("pk")[: PAGE_SIZE + 1]
    return rows.filter(pk__in=narrow), places


def with_tags(tickets: TicketQuerySet) -> TicketQuerySet:
    """`tag_names` of each. Adds a subquery, no query."""
    names = TicketTag.objects.filter(ticket=OuterRef("pk")).order_by("tag__name")
    return tickets.annotate(tag_names=ArraySubquery(names.values("tag__name")))


def with_turn(tickets: TicketQuerySet) -> TicketQuerySet:
    """`our_turn`: whether the requester wrote last. Adds a subquery, no query."""
    last = (
        Message.objects.filter(ticket=OuterRef("pk"), kind=MessageKind.PUBLIC)
        .order_by("-created_at", "-pk")
        .values("from_requester")[:1]
    )
    return tickets.annotate(our_turn=Subquery(last))


def with_progress(tickets: TicketQuerySet) -> TicketQuerySet:
    """`steps` and `steps_done` of the checklist, None without one. Adds subqueries, no query."""
    items = ChecklistItem.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    return tickets.annotate(
        steps=Subquery(items.annotate(n=Count("pk")).values("n")),
        steps_done=Subquery(items.annotate(n=Count("done_at")).values("n")),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    name: str
    rows: list[Ticket]


def by_day(rows: Iterable[Ticket]) -> list[Group]:
    """Rows in their order under today, yesterday, this week and earlier."""
    today = timezone.localdate()
    groups: list[Group] = []
    for ticket in rows:
        name = _day_words(timezone.localtime(ticket.last_activity_at).date(), today)
        if not groups or groups[-1].name != name:
            groups.append(Group(name, []))
        groups[-1].rows.append(ticket)
    return groups


def _day_words(day: dt.date, today: dt.date) -> str:
    if day >= today:
        return _("Today")
    if day == today - dt.timedelta(days=1):
        return _("Yesterday")
    if day > today - dt.timedelta(days=7):
        return _("This week")
    return _("Earlier")


def by_due(rows: Iterable[Ticket]) -> list[Group]:
    """Rows in the order of their due times under late, within an hour, today and later."""
    moment = timezone.now()
    groups: list[Group] = []
    for ticket in rows:
        name = _due_group(ticket.next_due, moment)
        if not groups or groups[-1].name != name:
            groups.append(Group(name, []))
        groups[-1].rows.append(ticket)
    return groups


def _due_group(due: dt.datetime | None, moment: dt.datetime) -> str:
    if due is None:
        return _("No time runs")
    if due < moment:
        return pgettext("group of tickets", "Late")
    if due < moment + dt.timedelta(hours=1):
        return _("Due within 1 h")
    if timezone.localtime(due).date() == timezone.localdate():
        return _("Due today")
    return pgettext("group of tickets", "Later")
