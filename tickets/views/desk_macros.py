"""Macros in the composer: which there are, what one would write and do, taking one back."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.macros import preview_macro, undo_macro
from tickets.macro_selectors import macro_for, offered_macros
from tickets.models import MacroUse
from tickets.views.desk_ticket import render_part
from tickets.views.frame import back, desk_page, part_wanted, told


@require_GET
@desk_page
def picker(request: DeskRequest, number: int) -> HttpResponse:
    """The dialog, or its list again while words are typed. The first one is shown filled in."""
    ticket = access_ticket(request.user, number, need="work")
    macros = list(offered_macros(request.user, ticket, request.GET.get("q", "")))
    shown = None
    if macros:
        shown = preview_macro(macro=macros[0], ticket=ticket, user=request.user)
    context = {"ticket": ticket, "macros": macros, "preview": shown}
    name = "_macro_list" if part_wanted(request) == "macro-choice" else "_macros"
    return render(request, f"desk/{name}.html", context)


@require_GET
@desk_page
def preview(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """One macro, filled in for this ticket."""
    ticket = access_ticket(request.user, number, need="work")
    macro = macro_for(request.user, ticket, pk)
    shown = preview_macro(macro=macro, ticket=ticket, user=request.user)
    return render(request, "desk/_macro_preview.html", {"ticket": ticket, "preview": shown})


@require_POST
@desk_page
def undo(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Set back what a macro changed, as far as nobody changed it since."""
    ticket = access_ticket(request.user, number, need="work")
    use = MacroUse.objects.filter(pk=pk, ticket=ticket, actor=request.user).first()
    if use is None:
        raise Http404
    done = undo_macro(use=use, user=request.user)
    text = _("Taken back") if done else _("There was nothing to take back")
    if not request.htmx:
        return told(request, back(request, reverse("desk:ticket", args=[number])), text)
    ticket = access_ticket(request.user, number, need="work")
    return told(request, render_part(request, ticket, "head"), text)
