"""Search over tickets and knowledge: the page, and the palette's live results."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import desk_tickets, readable_articles
from tickets.desk_lists import PAGE_SIZE
from tickets.desk_selectors import with_turn
from tickets.portal_selectors import search_articles
from tickets.selectors import search_tickets
from tickets.views.frame import desk_page, part_wanted

IN_PALETTE = 6


@require_GET
@desk_page
def search(request: DeskRequest) -> HttpResponse:
    """Tickets and articles for `?q=`. Queries: 3 (count, tickets, articles)."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    tickets = with_turn(desk_tickets(request.user).with_row_relations())
    found = search_tickets(tickets, words) if words else tickets.none()
    articles = search_articles(readable_articles(request.user), words)[:5]
    context = {"words": words, "articles": articles, "nav_key": "search"}
    if part_wanted(request) == "palette-results":
        context["tickets"] = found[:IN_PALETTE]
        return render(request, "desk/_palette_results.html", context)
    context["page"] = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "desk/search.html", context)
