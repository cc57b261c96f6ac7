"""The requester's own tickets, and those of the organization where one may read them."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.choices import StatusCategory
from tickets.portal_selectors import HELD, own_counts, own_ticket_rows
from tickets.views.frame import part_wanted, person_page

PAGE_SIZE = 25


@require_GET
@person_page
def tickets(request: DeskRequest) -> HttpResponse:
    """Open or solved ones, searchable; everybody's for whom may read them.

    Queries: 4 (counts, waiting, count, rows).
    """
    reads_all = bool(request.user.read_organization_ids())
    everybodys = reads_all and request.GET.get("whose") == "all"
    settled = request.GET.get("show") == "solved"
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    rows = own_ticket_rows(request.user, settled=settled, words=words, everybodys=everybodys)
    waiting = own_ticket_rows(request.user, settled=False)
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": own_counts(request.user, everybodys=everybodys),
        "reads_all": reads_all,
        "everybodys": everybodys,
        "waiting": waiting.filter(status_category=StatusCategory.PENDING).exclude(
            status__key__in=HELD
        )[:1],
        "settled": settled,
        "words": words,
        "nav_key": "tickets",
    }
    part = part_wanted(request) == "ticket-rows"
    return render(request, "portal/_ticket_rows.html" if part else "portal/tickets.html", context)
