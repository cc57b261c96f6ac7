"""Running something from a ticket: the form with its rehearsal, and what follows."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.runbook import decline_run, propose_run, rehearse, start_run, undo_run
from tickets.models import RunbookRun
from tickets.runbook_selectors import inputs_of, runbooks_of
from tickets.views.desk_side import answer_with_side
from tickets.views.frame import desk_page, told

ACTS = {
    "start": (start_run, gettext_lazy("Started")),
    "decline": (decline_run, gettext_lazy("Declined")),
    "undo": (undo_run, gettext_lazy("It is being taken back")),
}


@require_http_methods(["GET", "POST"])
@desk_page
def prepare(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Enter what a runbook needs, see what it would do, and let it run."""
    ticket = access_ticket(request.user, number, need="work")
    runbook = runbooks_of(ticket.organization_id).filter(pk=pk).first()
    if runbook is None:
        raise Http404
    inputs = inputs_of(runbook)
    values = {one.name: request.POST.get(one.name, "") for one in inputs}
    context: dict[str, Any] = {"ticket": ticket, "runbook": runbook, "nav_key": ""}
    if request.method == "POST":
        try:
            context["preview"] = rehearse(ticket=ticket, runbook=runbook, values=values)
            if request.POST.get("do") == "run":
                actor = Actor.person(request.user)
                propose_run(ticket=ticket, actor=actor, runbook=runbook, values=values)
                answer = redirect("desk:ticket", number=number)
                return told(request, answer, _("“%(name)s” is on its way") % {"name": runbook})
        except InvalidChange as refusal:
            context |= {
                "problem": str(refusal),
                "problem_field": refusal.field in values and refusal.field,
            }
    context["rows"] = [{"input": one, "value": values[one.name]} for one in inputs]
    status = 422 if "problem" in context else 200
    return render(request, "desk/runbook.html", context, status=status)


@require_POST
@desk_page
def act(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Start or decline a proposal, or take back what was done."""
    ticket = access_ticket(request.user, number, need="work")
    run = RunbookRun.objects.select_related("ticket").filter(ticket=ticket, pk=pk).first()
    chosen = ACTS.get(request.POST.get("do", ""))
    if run is None or chosen is None:
        raise Http404
    action, text = chosen[0], str(chosen[1])
    try:
        action(run=run, actor=Actor.person(request.user))
    except InvalidChange as refusal:
        text = str(refusal)
    return answer_with_side(request, ticket, text)
