"""Drafts of the composer: saved while somebody types, with the files they drop into it.

What is refused is answered with 200 and a `problem`, as the composer's other answers are: a
browser would log an error for anything else, and there is none.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.errors import BadInput
from tickets.access import access_ticket
from tickets.actions.attach import NewFile, check_size
from tickets.actions.drafts import (
    DraftChanged,
    add_draft_files,
    discard_draft,
    drop_draft_file,
    save_draft,
)
from tickets.choices import MessageKind
from tickets.copies import complete_copies
from tickets.draft_selectors import own_drafts
from tickets.models import Draft, Ticket
from tickets.views.frame import desk_page


def _kind(request: HttpRequest) -> MessageKind:
    internal = request.POST.get("kind") == "internal"
    return MessageKind.INTERNAL if internal else MessageKind.PUBLIC


def _revision(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def _told(draft: Draft | None, **more: str) -> dict[str, str]:
    return {"revision": str(draft.revision) if draft else "", **more}


@require_POST
@desk_page
def save(request: DeskRequest, number: int) -> HttpResponse:
    """Keep what is written; answers with the other text where another window saved since."""
    ticket = access_ticket(request.user, number, need="work")
    kind = _kind(request)
    try:
        draft = save_draft(
            ticket=ticket,
            user=request.user,
            kind=kind,
            text=request.POST.get("text", ""),
            cc=_copies(request, ticket) if kind == MessageKind.PUBLIC else None,
            revision=_revision(request.POST.get("revision", "")),
        )
    except DraftChanged as other:
        text = other.draft.text if other.draft else ""
        return JsonResponse(_told(other.draft, clash=str(other), text=text))
    except BadInput as refusal:
        return JsonResponse({"problem": str(refusal)})
    return JsonResponse(_told(draft))


def _copies(request: DeskRequest, ticket: Ticket) -> list[str] | None:
    if "cc" not in request.POST:
        return None
    return complete_copies(request.POST["cc"], requester=ticket.requester.email)


@require_POST
@desk_page
def add_files(request: DeskRequest, number: int) -> HttpResponse:
    """Put uploaded files into the draft; answers with its files."""
    ticket = access_ticket(request.user, number, need="work")
    uploads = request.FILES.getlist("attachments")
    try:
        for one in uploads:
            check_size(one.name or "", one.size or 0)
        files = [NewFile(one.name or "", one.read()) for one in uploads]
        draft = add_draft_files(ticket=ticket, user=request.user, kind=_kind(request), files=files)
    except BadInput as refusal:
        return JsonResponse({"problem": str(refusal)})
    answer = _files(request, ticket, draft.kind)
    answer["X-Draft-Revision"] = str(draft.revision)
    return answer


@require_POST
@desk_page
def drop_file(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    """Take a file out of the draft; answers with those that are left."""
    ticket = access_ticket(request.user, number, need="work")
    drop_draft_file(user=request.user, ticket=ticket, attachment_id=pk)
    return _files(request, ticket, _kind(request).value)


def _files(request: DeskRequest, ticket: Ticket, kind: str) -> HttpResponse:
    drafts = own_drafts(request.user, ticket)
    found = next((one for one in drafts if one.kind == kind and one.send_at is None), None)
    context = {"ticket": ticket, "draft": found}
    return render(request, "desk/_draft_files.html", context)


@require_POST
@desk_page
def discard(request: DeskRequest, number: int) -> HttpResponse:
    """Throw the draft away."""
    ticket = access_ticket(request.user, number, need="work")
    discard_draft(ticket=ticket, user=request.user, kind=_kind(request))
    return JsonResponse({"text": _("Draft deleted"), "revision": ""})
