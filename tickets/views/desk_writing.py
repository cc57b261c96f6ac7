"""Help with writing: what is offered at the caret, and how a text will look."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.text import clean_text, render_markdown
from tickets.access import access_ticket
from tickets.actions.intake import LONGEST_TEXT
from tickets.insert_selectors import insertions
from tickets.views.frame import desk_page

# The headings of the lists; a kind that is not here is not there.
KINDS = {"snippet": _("Macros"), "article": _("Knowledge"), "person": _("People")}


@require_GET
@desk_page
def inserts(request: DeskRequest, number: int, kind: str) -> HttpResponse:
    """Rows for `?q=` at the caret. Queries: those of the gate, and 0 or 1."""
    if kind not in KINDS:
        raise Http404
    ticket = access_ticket(request.user, number, need="work")
    internal = request.GET.get("mode") == "note"
    words = request.GET.get("q", "")
    rows = insertions(request.user, ticket, kind, words, internal=internal)
    context = {"rows": rows, "heading": KINDS[kind]}
    return render(request, "desk/_inserts.html", context)


@require_POST
@desk_page
def preview(request: DeskRequest, number: int) -> HttpResponse:
    """The text as it will stand in the conversation: made and made safe as sending does it."""
    ticket = access_ticket(request.user, number, need="work")
    text = clean_text(request.POST.get("text", ""), LONGEST_TEXT)
    context = {
        "ticket": ticket,
        "html": render_markdown(text),
        "internal": request.POST.get("kind") == "internal",
    }
    return render(request, "desk/_preview.html", context)
