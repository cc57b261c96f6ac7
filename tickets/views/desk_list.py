"""A view's list: beside a ticket, as a table, or as a board."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.board_selectors import board_of
from tickets.choices import Priority
from tickets.desk_lists import COLUMNS, PAGE_SIZE
from tickets.desk_selectors import (
    LAYOUTS,
    Group,
    Listing,
    Rows,
    by_day,
    by_due,
    list_rows,
    listing,
    rows_of,
)
from tickets.filters.reading import PLACES, WHERE, chips
from tickets.models import Ticket
from tickets.view_selectors import View, desk_view, may_change, view_counts
from tickets.views.desk_frame import LAST_VIEW
from tickets.views.frame import desk_page, part_wanted

LAYOUT = "desk_layout"
# What makes a saved view differ from how it was saved.
SHAPE = (WHERE, "sort", "columns", "density")


@require_GET
@desk_page
def view(request: DeskRequest, view: str) -> HttpResponse:
    """The list of a view; for a live refresh its rows alone, or those of `?rows=` numbers."""
    live = part_wanted(request) == "rows"
    some = _some(request) if live else None
    found = find_view(request, view)
    context = list_context(request, found, total=_known_total(request, found), some=some)
    _remember(request, LAST_VIEW, view)
    if live:
        return render(request, f"desk/_{context['layout']}_rows.html", context)
    return render(request, "desk/list.html", context)


def find_view(request: DeskRequest, key: str) -> View:
    """The agent's view called `key`, or 404. Queries: 0."""
    found = desk_view(request.user, key)
    if found is None:
        raise Http404
    return found


def list_context(
    request: DeskRequest,
    view: View,
    *,
    layout: str = "",
    total: int | None = None,
    some: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Everything the list pane shows, of `some` tickets alone where only they are asked for.

    Queries: 3 (count, rows, clocks), 2 with the `total` or of `some`; 4 as a board.
    """
    query = request.GET
    shown = listing(request.user, view, query)
    layout = layout or _layout(request, view)
    extra: dict[str, Any] = {}
    if layout == "board":
        extra["board"] = board = board_of(request.user, shown)
        page = Rows(board.tickets, board.total, more=False)
    elif some is not None:
        page = rows_of(request.user, shown, some)
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


def _known_total(request: DeskRequest, view: View) -> int | None:
    """The number that the navigation counts anyway, where the list is not narrowed further.

    None too where a few rows are asked for: they are not counted.
    """
    if "rows" in request.GET or not view.counted or WHERE in request.GET:
        return None
    if set(request.GET) - {*SHAPE, *PLACES, "layout"}:
        return None
    return view_counts(request.user).get(view.key)


def _some(request: DeskRequest) -> list[int] | None:
    """The numbers of `?rows=`, None without; what is none, or too many, is left out."""
    if "rows" not in request.GET:
        return None
    given = request.GET["rows"].split(",")[:PAGE_SIZE]
    return [int(number) for number in given if number.isascii() and number.isdigit()]


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
