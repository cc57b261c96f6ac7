"""Search over tickets and knowledge: the page, and what the palette finds while one types."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.palette_selectors import palette
from tickets.search_selectors import Hits, near_tickets, search_desk
from tickets.views.frame import desk_page, part_wanted

IN_PALETTE = 6
MOST_NUMBERS = 200
LONGEST = 200


def words_of(request: DeskRequest) -> str:
    """What was typed."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]


@require_GET
@desk_page
def search(request: DeskRequest) -> HttpResponse:
    """Tickets and articles for `?q=`, by words and meaning. Queries: 4 or 5."""
    words = words_of(request)
    if part_wanted(request) == "palette-results":
        return _palette(request, words)
    hits = search_desk(request.user, words) if words else Hits([], [], by_meaning=True)
    context = {"words": words, "hits": hits, "nav_key": "search"}
    return render(request, "desk/search.html", context)


def _palette(request: DeskRequest, words: str) -> HttpResponse:
    numbers = request.GET.getlist("number")[:MOST_NUMBERS]
    found = palette(request.user, words, numbers)
    context = {"words": words, "found": found, "numbers": numbers}
    return render(request, "desk/_palette_results.html", context)


@require_GET
@desk_page
def near(request: DeskRequest) -> HttpResponse:
    """What means something like `?q=`; the palette asks while words are already shown."""
    words = words_of(request)
    hits = Hits([], [], by_meaning=True)
    if words:
        hits = near_tickets(request.user, words, IN_PALETTE)
    context = {"tickets": hits.tickets, "hits": hits}
    return render(request, "desk/_palette_near.html", context)
