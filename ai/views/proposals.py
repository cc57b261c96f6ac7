"""Proposed articles: what waits, one of them side by side, editing, publishing, rejecting."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ai.actions import proposals as actions
from ai.models import ArticleProposal
from ai.proposal_selectors import (
    LOOK_BACK,
    access_proposal,
    flagged_without_proposal,
    proposal_lists,
    proposal_page,
)
from ai.tasks import look_for_proposals
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from tickets.actions.base import InvalidChange
from tickets.actions.knowledge import VISIBILITIES
from tickets.forms import ArticleForm, show_refusal
from tickets.views.frame import desk_page, told


class ProposalForm(ArticleForm):
    """The proposed text; who may read it and its state are decided when it is taken over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("visibility", "state", "summary"):
            del self.fields[name]


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """What waits, what people flag without one, what was decided. Queries: 2, 5 per desk."""
    waiting, decided = proposal_lists(request.user)
    context = {
        "waiting": waiting,
        "decided": decided,
        "flagged": flagged_without_proposal(request.user, now() - LOOK_BACK),
        "may_look": bool(_led(request)),
        "nav_key": "kb",
    }
    return render(request, "ai/proposals.html", context)


def _led(request: DeskRequest) -> list[int]:
    own = request.user.staffed_organization_ids()
    return sorted(pk for pk in own if request.user.has_role(pk, Role.LEAD))


@require_POST
@desk_page
def look(request: DeskRequest) -> HttpResponse:
    """Have the worker look now; leads and administrators may."""
    organizations = _led(request)
    if not organizations:
        raise PermissionDenied(_("Only a lead can do this."))
    transaction.on_commit(lambda: look_for_proposals.delay(organizations))
    text = _("The AI looks. What it finds appears here.")
    return told(request, redirect("proposals:index"), text)


@require_GET
@desk_page
def page(request: DeskRequest, proposal_id: int) -> HttpResponse:
    """One proposal beside what stands now. Queries: 3."""
    return _page(request, access_proposal(request.user, proposal_id))


def _page(
    request: DeskRequest, proposal: ArticleProposal, refusal: InvalidChange | None = None
) -> HttpResponse:
    context = {
        "page": proposal_page(proposal),
        "proposal": proposal,
        "problem": str(refusal or ""),
        "reason_wrong": refusal is not None and refusal.field == "reason",
        "reason": request.POST.get("reason", ""),
        "nav_key": "kb",
    }
    return render(request, "ai/proposal.html", context, status=422 if refusal else 200)


@require_http_methods(["GET", "POST"])
@desk_page
def edit(request: DeskRequest, proposal_id: int) -> HttpResponse:
    """Give the proposal another text."""
    proposal = access_proposal(request.user, proposal_id)
    if not proposal.is_open:
        raise Http404
    names = ("title", "body", "category", "language")
    form = ProposalForm(
        request.POST or None,
        organization_id=proposal.organization_id,
        initial={name: getattr(proposal, name) for name in names},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_proposal(proposal=proposal, by=request.user, **form.cleaned_data)
            return told(request, redirect("proposals:page", proposal_id), _("Saved"))
        except InvalidChange as refusal:
            show_refusal(form, refusal)
    context = {"form": form, "proposal": proposal, "nav_key": "kb"}
    return render(request, "ai/proposal_edit.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk_page
def decide(request: DeskRequest, proposal_id: int) -> HttpResponse:
    """Publish it, hand it to review, or reject it with a reason."""
    proposal = access_proposal(request.user, proposal_id)
    wish = request.POST.get("do", "")
    visibility = request.POST.get("visibility", "agents")
    if wish not in {"publish", "review", "reject"} or visibility not in VISIBILITIES:
        raise Http404
    asked: dict[str, Any] = {"proposal": proposal, "by": request.user}
    try:
        if wish == "reject":
            actions.reject_proposal(**asked, reason=request.POST.get("reason", ""))
            return told(
                request, redirect(reverse("proposals:index")),
                _("Rejected. It does not come back for these tickets."),
            )  # fmt: skip
        act = actions.publish_proposal if wish == "publish" else actions.hand_to_review
        article = act(**asked, visibility=visibility)
    except InvalidChange as refusal:
        fresh = access_proposal(request.user, proposal_id)
        return _page(request, fresh, refusal)
    text = _("Published") if wish == "publish" else _("Sent to review")
    return told(request, redirect("desk:kb_article", slug=article.slug), text)
