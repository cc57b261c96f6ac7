"""Being asked for approval: the list, the question, the link in a mail."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.tenancy import organization_scope
from tickets.actions.approve import answer_approval
from tickets.actions.base import InvalidChange
from tickets.approval_selectors import open_votes_of, read_token, votes_of
from tickets.models import ApprovalState, ApprovalVote, VoteState
from tickets.views.frame import back, person_page, told

RECENT = 20
LINK_PAGE = "approvals/link.html"


@require_GET
@person_page
def index(request: DeskRequest) -> HttpResponse:
    """What waits for the person's answer, and what they answered lately. Queries: 2."""
    answered = votes_of(request.user).exclude(state=VoteState.ASKED).order_by("-answered_at")
    context = {
        "votes": list(open_votes_of(request.user)),
        "answered": list(answered.exclude(state=VoteState.VOID)[:RECENT]),
        "frame": _frame(request),
        "on_desk": request.user.is_agent,
    }
    return render(request, "approvals/list.html", context)


def _frame(request: DeskRequest) -> str:
    return "desk/base.html" if request.user.is_agent else "portal/base.html"


@require_http_methods(["GET", "POST"])
@person_page
def decide(request: DeskRequest, vote_id: int) -> HttpResponse:
    """One question, and the answer to it."""
    vote = votes_of(request.user).filter(pk=vote_id).first()
    if vote is None:
        raise Http404
    context = {"vote": vote, "frame": _frame(request), "on_desk": request.user.is_agent}
    if request.method == "POST":
        try:
            text = _answer(request, vote, "page" if request.user.is_agent else "portal")
        except InvalidChange as refusal:
            context |= {"problem": str(refusal), "comment": request.POST.get("comment", "")}
            return render(request, "approvals/one.html", context, status=422)
        return told(request, back(request, reverse("portal:approvals")), text)
    return render(request, "approvals/one.html", context | _open(vote))


def _answer(request: HttpRequest, vote: ApprovalVote, via: str) -> str:
    decision = request.POST.get("decision", "")
    if decision not in {"approve", "reject"}:
        raise InvalidChange(_("Choose whether you agree."), "decision")
    comment = request.POST.get("comment", "")
    agrees = decision == "approve"
    answer_approval(vote=vote, person=vote.person, agrees=agrees, comment=comment, via=via)
    return _("You agreed") if agrees else _("You refused")


def _open(vote: ApprovalVote) -> dict[str, Any]:
    waiting = vote.approval.state == ApprovalState.WAITING and vote.state == VoteState.ASKED
    return {"is_open": waiting}


@never_cache
@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The question behind a signed link, without signing in. Only a POST decides, and only once.

    Mail programs and scanners fetch links: a GET changes nothing.
    """
    mark = read_token(token)
    if mark is None:
        return _link_page(request, {"problem": _("This link is not valid any more.")}, 404)
    organization_id, vote_id, nonce = mark
    with organization_scope(organization_id):
        votes = ApprovalVote.objects.select_related(
            "person", "approval__policy", "approval__ticket__requester", "approval__asked_by"
        )
        vote = votes.filter(pk=vote_id, nonce=nonce).first()
        if vote is None:
            return _link_page(request, {"problem": _("This link is not valid any more.")}, 404)
        context = {"vote": vote, **_open(vote)}
        if request.method == "POST":
            try:
                context |= {"done": _answer(request, vote, "mail"), "is_open": False}
            except InvalidChange as refusal:
                typed = {"problem": str(refusal), "comment": request.POST.get("comment", "")}
                return _link_page(request, context | typed, 422)
        return _link_page(request, context)


def _link_page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    page = render(request, LINK_PAGE, context, status=status)
    # The address is the key: it must not leak by a referrer.
    page["Referrer-Policy"] = "no-referrer"
    page["X-Robots-Tag"] = "noindex"
    return page
