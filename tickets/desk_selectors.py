"""Reads of the desk's lists: filters from the URL, order, groups, whose turn it is."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, F, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.functions import Left
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from omnidesk.accounts.models import User
from tickets.choices import MessageKind, Priority, Source
from tickets.models import ChecklistItem, Message, SlaForecast, Ticket, TicketQuerySet
from tickets.selectors import TicketFilter, View, ticket_rows
from tickets.setup_selectors import category_names, desk_setups
from tickets.sla_selectors import put_time_left

PAGE_SIZE = 50
SORTS = {
    "activity": ("-last_activity_at", "-pk"),
    "oldest": ("created_at", "pk"),
    "newest": ("-created_at", "-pk"),
    "priority": ("-weight", "-last_activity_at", "-pk"),
    "due": ("next_due", "-last_activity_at", "-pk"),
    "risk": (F("risk").desc(nulls_last=True), "-last_activity_at", "-pk"),
}
_WEIGHTS = {Priority.LOW: 0, Priority.MEDIUM: 1, Priority.HIGH: 2, Priority.CRITICAL: 3}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is set: its field, its value in words, and the query without it."""

    field: str
    value: str
    without: str


def wanted_filter(query: QueryDict) -> TicketFilter:
    """The filters that stand in a list's URL."""
    return TicketFilter(
        category=[v for v in query.getlist("category") if v],
        priority=[v for v in query.getlist("priority") if v in Priority.values],
        source=[v for v in query.getlist("source") if v in Source.values],
        tag=[v for v in query.getlist("tag") if v],
        q=query.get("q", "")[:200].replace("\x00", ""),
    )


def filter_chips(query: QueryDict) -> list[Chip]:
    """The filters of a list as chips, each with the way back out of it."""
    labels: dict[str, dict[Any, Any]] = {
        "priority": dict(Priority.choices),
        "source": dict(Source.choices),
    }
    names = {
        "category": _("Category"),
        "priority": _("Priority"),
        "source": _("Channel"),
        "tag": _("Tag"),
        "q": _("Words"),
    }
    chips = []
    for field, name in names.items():
        values = [value for value in query.getlist(field) if value]
        if not values:
            continue
        rest = query.copy()
        rest.pop(field)
        rest.pop("page", None)
        shown = ", ".join(str(labels.get(field, {}).get(value, value)) for value in values)
        chips.append(Chip(name, shown, rest.urlencode()))
    return chips


class CountedPages(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Pages of rows whose number the caller may know already."""

    def __init__(self, rows: TicketQuerySet, per_page: int, total: int | None) -> None:
        super().__init__(rows, per_page)
        self._total = total

    @cached_property
    def count(self) -> int:
        """The known number of rows. Queries: 1 where nobody knows it."""
        return super().count if self._total is None else self._total


def list_page(
    user: User,
    view: View,
    wanted: TicketFilter,
    *,
    sort: str,
    number: str,
    total: int | None = None,
) -> "Page[Ticket]":
    """One page of a view's rows with whose turn it is and what time is left.

    `total` is the number of rows where the caller counted them. Queries: 3 (count, rows, clocks).
    """
    rows = ordered(with_progress(with_turn(ticket_rows(user, view, wanted))), sort)
    # A description may be a megabyte of mail; a row shows its first words.
    rows = rows.defer("description", "search", "type__workflow").annotate(
        beginning=Left("description", 200)
    )
    page = CountedPages(rows, PAGE_SIZE, total).get_page(number)
    page.object_list = list(page.object_list)
    put_time_left(page.object_list)
    return page


def ordered(tickets: TicketQuerySet, sort: str) -> TicketQuerySet:
    """`tickets` in one of the orders of `SORTS`; unknown names mean newest activity first."""
    weight = Case(
        *(When(priority=level, then=Value(value)) for level, value in _WEIGHTS.items()),
        output_field=IntegerField(),
    )
    if sort == "priority":
        tickets = tickets.annotate(weight=weight)
    if sort == "risk":
        tickets = with_risk(tickets)
    return tickets.order_by(*SORTS.get(sort, SORTS["activity"]))


def with_risk(tickets: TicketQuerySet) -> TicketQuerySet:
    """`risk`: how likely the worst of its running clocks fails. Adds a subquery, no query."""
    worst = SlaForecast.objects.filter(
        ticket=OuterRef("pk"), clock__met_at=None, clock__stopped_at=None, clock__paused_at=None
    )
    return tickets.annotate(risk=Subquery(worst.order_by("-risk").values("risk")[:1]))


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


def filter_categories(user: User) -> list[str]:
    """Category names for the filter menu. Queries: 0."""
    return category_names(desk_setups(user))
