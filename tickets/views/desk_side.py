"""Beside a ticket: who follows it, and what else waits on people."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.approve import ask_approval, withdraw_approval
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.watch import follow, unfollow
from tickets.approval_selectors import approvals_on, policies_of
from tickets.models import Approval, Ticket
from tickets.notice_selectors import followers
from tickets.runbook_selectors import runbooks_of, runs_on
from tickets.views.frame import back, desk_page, told

LONGEST_ID = 19


def side_context(request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """What the part shows.

    Queries: 7 (followers, approvals, their answers, definitions, runs, their steps, runbooks).
    """
    people = list(followers(ticket))
    return {
        "approvals": list(approvals_on(ticket)),
        "policies": list(policies_of(ticket.organization_id)),
        "me": request.user,
        "runs": list(runs_on(ticket)),
        "runbooks": list(runbooks_of(ticket.organization_id)),
        "ticket": ticket,
        "followers": people,
        "i_follow": any(one.pk == request.user.pk for one in people),
    }


@require_GET
@desk_page
def side(request: DeskRequest, number: int) -> HttpResponse:
    """The part of the context panel that is fetched by itself; a page of its own without script."""
    return _side(request, access_ticket(request.user, number, need="work"))


def _side(request: DeskRequest, ticket: Ticket, **wrong: Any) -> HttpResponse:
    """With why a question was refused, and what it was, where one was."""
    template = "desk/_side.html" if request.htmx else "desk/side.html"
    context = side_context(request, ticket) | wrong
    return render(request, template, context, status=422 if wrong else 200)


@require_POST
@desk_page
def follow_ticket(request: DeskRequest, number: int) -> HttpResponse:
    """Follow the ticket, or no longer."""
    ticket = access_ticket(request.user, number, need="work")
    act = unfollow if request.POST.get("do") == "unfollow" else follow
    act(ticket=ticket, actor=Actor.person(request.user), user=request.user)
    text = _("You follow this ticket") if act is follow else _("You no longer follow this ticket")
    return answer_with_side(request, ticket, text)


def answer_with_side(request: DeskRequest, ticket: Ticket, text: str) -> HttpResponse:
    """The part as it is now with a toast, or back to the ticket without script."""
    if request.htmx:
        part = render(request, "desk/_side.html", side_context(request, ticket))
        return told(request, part, text)
    return told(request, back(request, reverse("desk:ticket", args=[ticket.number])), text)


@require_POST
@desk_page
def ask(request: DeskRequest, number: int) -> HttpResponse:
    """Ask for an approval on the ticket."""
    ticket = access_ticket(request.user, number, need="work")
    chosen = request.POST.get("policy", "")
    policies = policies_of(ticket.organization_id)
    policy = policies.filter(pk=int(chosen)).first() if is_id(chosen) else None
    try:
        if policy is None:
            raise InvalidChange(_("Choose one of the list."), "policy")
        ask_approval(
            ticket=ticket,
            actor=Actor.person(request.user),
            policy=policy,
            question=request.POST.get("question", ""),
        )
    except InvalidChange as refusal:
        problem = {"ask_problem": str(refusal), "ask_field": refusal.field}
        return _side(request, ticket, **problem, ask_given=request.POST)
    return answer_with_side(request, ticket, _("Approval asked for"))


@require_POST
@desk_page
def withdraw(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Take a question back."""
    ticket = access_ticket(request.user, number, need="work")
    approval = Approval.objects.filter(ticket=ticket, pk=pk).first()
    if approval is None:
        raise Http404
    try:
        withdraw_approval(approval=approval, actor=Actor.person(request.user))
    except InvalidChange as refusal:
        return answer_with_side(request, ticket, str(refusal))
    return answer_with_side(request, ticket, _("Question taken back"))


def is_id(value: str) -> bool:
    """Whether `value` could be a row's id: digits only, and no more than a column holds."""
    return value.isascii() and value.isdigit() and len(value) < LONGEST_ID
