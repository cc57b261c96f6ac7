"""The portal's front page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import home_id
from tickets.form_selectors import catalogue
from tickets.portal_selectors import helpful_articles, own_counts, own_ticket_rows
from tickets.status_selectors import open_problems
from tickets.views.frame import person_page

SHOWN = 4


@require_GET
@person_page
def home(request: DeskRequest) -> HttpResponse:
    """Search, tiles, my open tickets, often helpful. Queries: 5."""
    context = {
        "tickets": own_ticket_rows(request.user, settled=False)[:SHOWN],
        "counts": own_counts(request.user),
        "articles": helpful_articles(request.user, get_language() or "en"),
        "groups": catalogue(request.user, home_id(request.user)),
        "problems": open_problems(request.user)[:2],
        "nav_key": "home",
    }
    return render(request, "portal/home.html", context)
