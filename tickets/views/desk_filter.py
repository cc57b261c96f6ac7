"""The filter builder: a form that also works without script, and opens as a dialog with it."""

from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.errors import BadInput
from tickets.access import desk_tickets
from tickets.conditions import parse
from tickets.filters.building import Builder, from_condition, from_form
from tickets.filters.compiling import compiled
from tickets.filters.reading import WHERE, as_text, wanted
from tickets.view_selectors import MOST_COUNTED, View, fields_for, reader_of
from tickets.views.desk_list import find_view
from tickets.views.frame import desk_page

# What stays as it is while the filter changes.
KEPT = ("sort", "columns", "density", "layout")
MOMENTS = ("today", "yesterday", "-1h", "-1d", "-7d", "-30d", "+1h", "+2h", "+1d", "+7d")


@require_GET
@desk_page
def build(request: DeskRequest, view: str) -> HttpResponse:
    """Show the rows, take a step in them, or apply them: then on to the list."""
    place, query = find_view(request, view), request.GET
    fields = fields_for(request.user)
    if "m" in query:
        builder = from_form(query, fields)
    else:
        builder = from_condition(wanted(query, fields, place.stored).condition.root, fields)
        if not builder.rows and not builder.rest:
            builder = from_form(_one_row(), fields)
    sound = builder.check(fields) if query.get("act") in ("apply", "refresh") else True
    if query.get("act") == "apply" and sound:
        return _applied(request, place, builder)
    context = {
        "view": place,
        "builder": builder,
        "fields": list(fields.catalogue.values()),
        "moments": MOMENTS,
        "kept": [(name, value) for name in KEPT for value in query.getlist(name)],
        "count": _count(request, place, builder),
        "most": MOST_COUNTED,
        "nav_key": place.key,
    }
    status = 200 if sound else 422
    return render(request, _template(request), context, status=status)


def _one_row() -> QueryDict:
    return QueryDict("m=all&act=add-0")


def _template(request: DeskRequest) -> str:
    if not request.htmx:
        return "desk/filter.html"
    inside = request.htmx.target == "filter-form"
    return "desk/_filter_form.html" if inside else "desk/_filter_dialog.html"


def _count(request: DeskRequest, place: View, builder: Builder) -> int | None:
    """How many tickets the rows would find now, None where they cannot be asked. Queries: 1."""
    try:
        condition = parse(builder.data(), fields_for(request.user).catalogue)
        asked = compiled(condition, reader_of(request.user))
    except BadInput:
        return None
    rows = desk_tickets(request.user).filter(place.base & asked).order_by()
    return rows.values("pk")[: MOST_COUNTED + 1].count()


def _applied(request: DeskRequest, place: View, builder: Builder) -> HttpResponse:
    kept = [(name, value) for name in KEPT for value in request.GET.getlist(name)]
    data = builder.data()
    if data or place.stored is not None:
        kept.append((WHERE, as_text(data)))
    url = reverse("desk:view", args=[place.key]) + ("?" + urlencode(kept) if kept else "")
    if not request.htmx:
        return redirect(url)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = url
    return answer
