"""A view's list: beside a ticket, as a table, or as a board."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.board_selectors import board_of
from tickets.choices import Priority
from tickets.desk_lists import COLUMNS
from tickets.desk_selectors import (
    LAYOUTS,
    Group,
    Listing,
    Rows,
    by_day,
    by_due,
    list_rows,
    listing,
)
from tickets.filters.reading import PLACES, WHERE, chips
from tickets.models import Ticket
from tickets.view_selectors import View, desk_views, may_change
from tickets.views.desk_frame import LAST_VIEW
from tickets.views.frame import desk_page, part_wanted

LAYOUT = "desk_layout"
# What makes a saved view differ from how it was saved.
SHAPE = (WHERE, "sort", "columns", "density")


@require_GET
@desk_page
def view(request: DeskRequest, view: str) -> HttpResponse:
    """The list of a view; its rows alone for a live refresh."""
    context = list_context(request, find_view(request, view))
    _remember(request, LAST_VIEW, view)
    if part_wanted(request) == "rows":
        return render(request, f"desk/_{context['layout']}_rows.html", context)
    return render(request, "desk/list.html", context)


def find_view(request: DeskRequest, key: str) -> View:
    """The agent's view called `key`, or 404. Queries: 0."""
    for found in desk_views(request.user):
        if found.key == key:
            return found
    raise Http404


def list_context(
    request: DeskRequest, view: View, *, layout: str = "", total: int | None = None
) -> dict[str, Any]:
    """Everything the list pane shows.

    Queries: 3 (count, rows, clocks), 2 with the `total`; 4 as a board.
    """
    query = request.GET
    shown = listing(request.user, view, query)
    layout = layout or _layout(request, view)
    extra: dict[str, Any] = {}
    if layout == "board":
        extra["board"] = board = board_of(request.user, shown)
        page = Rows(board.tickets, board.total, more=False)
    else:
        page = list_rows(request.user, shown, query, total=total)
    kept = query.copy()
    for name in (*PLACES, "layout"):
        kept.pop(name, None)
    own = view.saved is not None
    return {
        "view": view,
        "page": page,
        "groups": _groups(page.tickets, shown),
        "sort": shown.sort.key,
        "columns": shown.columns,
        "all_columns": COLUMNS.values(),
        "density": shown.density,
        "problems": shown.problems,
        "chips": chips(query, shown.wanted, shown.fields, keep=own),
        "changed": shown.wanted.given or any(name in query for name in SHAPE),
        "may_change": view.saved is not None and may_change(request.user, view.saved),
        "layout": layout,
        "board_url": request.get_full_path(),
        **extra,
        "query": kept.urlencode(),
        "kept": [
            (name, value)
            for name, values in kept.lists()
            if name not in ("columns", "density")
            for value in values
        ],
        "priorities": Priority.choices,
        "view_live": " ".join(f"org:{o}" for o in sorted(request.user.staffed_organization_ids())),
        "nav_key": view.key,
    }


def _groups(rows: Sequence[Ticket], shown: Listing) -> list[Group]:
    """Headings that fit the order."""
    grouped = {"-activity": by_day, "due": by_due}.get(shown.sort.key)
    return grouped(rows) if grouped else []


def _layout(request: DeskRequest, view: View) -> str:
    chosen = request.GET.get("layout", "")
    if chosen in LAYOUTS:
        _remember(request, LAYOUT, chosen)
    elif view.saved is not None:
        return view.saved.layout
    return str(request.session.get(LAYOUT, LAYOUTS[0]))


def _remember(request: DeskRequest, key: str, value: str) -> None:
    """Keep a choice in the session, written only when it changed."""
    if request.session.get(key) != value:
        request.session[key] = value
