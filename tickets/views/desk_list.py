"""A view's list: beside a ticket, or as a table."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.choices import Priority, Source
from tickets.desk_selectors import (
    SORTS,
    Group,
    by_day,
    by_due,
    filter_categories,
    filter_chips,
    list_page,
    wanted_filter,
)
from tickets.models import Ticket
from tickets.selectors import View, desk_views
from tickets.views.desk_frame import LAST_VIEW
from tickets.views.frame import desk_page, part_wanted

LAYOUT = "desk_layout"
LAYOUTS = ("split", "table")


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


def list_context(request: DeskRequest, view: View, *, layout: str = "") -> dict[str, Any]:
    """Everything the list pane shows. Queries: 3 (count, rows, clocks)."""
    query = request.GET
    sort = query.get("sort", "activity")
    sort = sort if sort in SORTS else "activity"
    wanted = wanted_filter(query)
    page = list_page(request.user, view, wanted, sort=sort, number=query.get("page", "1"))
    kept = query.copy()
    for name in ("page", "layout"):
        kept.pop(name, None)
    return {
        "view": view,
        "page": page,
        "groups": _groups(list(page.object_list), sort),
        "sort": sort,
        "wanted": wanted,
        "chips": filter_chips(query),
        "layout": layout or _layout(request),
        "query": kept.urlencode(),
        "categories": filter_categories(request.user),
        "priorities": Priority.choices,
        "sources": Source.choices,
        "view_live": " ".join(f"org:{o}" for o in sorted(request.user.staffed_organization_ids())),
        "nav_key": view.key,
    }


def _groups(rows: Sequence[Ticket], sort: str) -> list[Group]:
    """Headings that fit the order."""
    grouped = {"activity": by_day, "due": by_due}.get(sort)
    return grouped(rows) if grouped else []


def _layout(request: DeskRequest) -> str:
    chosen = request.GET.get("layout", "")
    if chosen in LAYOUTS:
        _remember(request, LAYOUT, chosen)
    return str(request.session.get(LAYOUT, LAYOUTS[0]))


def _remember(request: DeskRequest, key: str, value: str) -> None:
    """Keep a choice in the session, written only when it changed."""
    if request.session.get(key) != value:
        request.session[key] = value
