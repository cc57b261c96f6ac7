"""Around the desk's pages: the way in, the live navigation, the phone's "More", the theme."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.actions import set_theme
from omnidesk.accounts.requests import DeskRequest
from tickets.templatetags.desk import nav_context
from tickets.views.frame import desk_page, person_page

LAST_VIEW = "desk_view"
FIRST_VIEW = "open"


@require_GET
@desk_page
def home(request: DeskRequest) -> HttpResponse:
    """To the view the agent used last."""
    return redirect("desk:view", view=request.session.get(LAST_VIEW, FIRST_VIEW))


@require_GET
@desk_page
def nav(request: DeskRequest) -> HttpResponse:
    """The navigation's inside, refetched when something changed."""
    context = nav_context(request.user, request.GET.get("at", ""))
    return render(request, "desk/_nav_items.html", context)


@require_GET
@desk_page
def more(request: DeskRequest) -> HttpResponse:
    """Everything the phone's tab bar has no room for."""
    context = {**nav_context(request.user, "more"), "nav_key": "more"}
    return render(request, "desk/more.html", context)


@require_POST
@person_page
def theme(request: DeskRequest) -> HttpResponse:
    """Keep the person's choice of light, dark or the system's."""
    set_theme(user=request.user, theme=request.POST.get("theme", ""))
    return HttpResponse(status=204)
