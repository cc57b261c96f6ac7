"""Surges and incidents: the card on every page, the list, one incident and what is done with it."""

from collections.abc import Callable
from uuid import uuid4

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from ai import incident_words
from ai.actions import incidents as actions
from ai.actions.surges import dismiss_surge
from ai.models import Surge
from ai.surge_selectors import (
    Incident,
    access_surge,
    incident_lists,
    incident_of,
    proposed_surges,
)
from omnidesk.accounts.requests import DeskRequest
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.incident_news import Told
from tickets.models import StatusNotice
from tickets.strips import has_place, keep_place
from tickets.views.frame import back, desk_page, told


@require_GET
@desk_page
def strip(request: DeskRequest) -> HttpResponse:
    """The card on top of the desk's pages; empty where nothing waits. Queries: 1."""
    surges = proposed_surges(request.user)
    keep_place(request, "incidents", shown=bool(surges))
    return render(
        request, "ai/_surge_strip.html", {"surges": surges, "has_place": has_place(request)}
    )


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """What is under way, and what was. Queries: 2."""
    current, past = incident_lists(request.user)
    context = {"current": current, "past": past, "nav_key": "incidents"}
    return render(request, "ai/incidents.html", context)


@require_GET
@desk_page
def page(request: DeskRequest, surge_id: int) -> HttpResponse:
    """One surge or incident. Queries: 4."""
    return _page(request, incident_of(access_surge(request.user, surge_id)))


def _page(
    request: DeskRequest, incident: Incident, refusal: InvalidChange | None = None
) -> HttpResponse:
    surge = incident.surge
    context = {
        "incident": incident,
        "surge": surge,
        "problem": str(refusal or ""),
        "wrong": refusal.field if refusal else "",
        "subject": request.POST.get("subject", surge.title),
        "text": request.POST.get("text", _proposal(incident)),
        # One update leaves once, however often its button is pressed.
        "key": request.POST.get("key") or uuid4().hex,
        "stages": StatusNotice.Stage.choices,
        "stage": request.POST.get("stage") or (incident.notice and incident.notice.stage),
        "nav_key": "incidents",
    }
    return render(request, "ai/incident.html", context, status=422 if refusal else 200)


def _proposal(incident: Incident) -> str:
    if incident.surge.ticket is None:
        return incident_words.proposed_text(incident.surge, incident.members)
    has_update = any(update.verb == "update" for update in incident.updates)
    return "" if has_update else incident_words.proposed_update(incident.surge)


@require_POST
@desk_page
def declare(request: DeskRequest, surge_id: int) -> HttpResponse:
    """Make it an incident; with `ask`, ask everybody affected in the same step."""

    def act(surge: Surge) -> str:
        parent = actions.declare_incident(
            surge=surge,
            user=request.user,
            subject=request.POST.get("subject", ""),
            text=request.POST.get("text", ""),
        )
        said = _("Incident %(number)d is open") % {"number": parent.number}
        if request.POST.get("ask"):
            said += ". " + _asked(actions.ask_affected(surge=surge, user=request.user))
        return said

    return _do(request, surge_id, act)


@require_POST
@desk_page
def dismiss(request: DeskRequest, surge_id: int) -> HttpResponse:
    """Say that it is no incident."""

    def act(surge: Surge) -> str:
        dismiss_surge(surge=surge, user=request.user)
        return _("Noted: no incident")

    return _do(request, surge_id, act)


@require_POST
@desk_page
def add(request: DeskRequest, surge_id: int) -> HttpResponse:
    """Take in what was noticed later."""

    def act(surge: Surge) -> str:
        count = actions.link_new_members(surge=surge, user=request.user)
        return ngettext("%(n)d ticket added", "%(n)d tickets added", count) % {"n": count}

    return _do(request, surge_id, act)


@require_POST
@desk_page
def ask(request: DeskRequest, surge_id: int) -> HttpResponse:
    """Ask whoever was not asked yet."""

    def act(surge: Surge) -> str:
        return _asked(actions.ask_affected(surge=surge, user=request.user))

    return _do(request, surge_id, act)


@require_POST
@desk_page
def update(request: DeskRequest, surge_id: int) -> HttpResponse:
    """Tell everybody affected what is new."""

    def act(surge: Surge) -> str:
        sent = actions.broadcast(
            surge=surge,
            user=request.user,
            text=request.POST.get("text", ""),
            key=request.POST.get("key", ""),
            stage=request.POST.get("stage", ""),
        )
        said = ngettext("Sent to %(n)d person", "Sent to %(n)d people", sent.people)
        said %= {"n": sent.people}
        return f"{said}. {_('It stands on the status page.')}" if sent.on_page else said

    return _do(request, surge_id, act)


@require_POST
@desk_page
def show(request: DeskRequest, surge_id: int) -> HttpResponse:
    """Tell of it on the status page."""

    def act(surge: Surge) -> str:
        actions.show_on_status_page(surge=surge, user=request.user)
        return _("It is on the status page now.")

    return _do(request, surge_id, act)


@require_POST
@desk_page
def member(request: DeskRequest, surge_id: int, member_id: int) -> HttpResponse:
    """The desk itself says whether a ticket belongs."""

    def act(surge: Surge) -> str:
        row = surge.members.filter(pk=member_id).first()
        if row is None:
            raise Http404
        same = request.POST.get("belongs") == "yes"
        actions.answer_membership(member=row, same=same, actor=Actor.person(request.user))
        words = _("%(number)d belongs to it") if same else _("%(number)d does not belong to it")
        return words % {"number": row.ticket.number}

    return _do(request, surge_id, act)


def _asked(done: Told) -> str:
    return ngettext("%(n)d person was asked", "%(n)d people were asked", done.people) % {
        "n": done.people
    }


def _do(request: DeskRequest, surge_id: int, act: Callable[[Surge], str]) -> HttpResponse:
    surge = access_surge(request.user, surge_id)
    try:
        with transaction.atomic():
            text = act(surge)
    except InvalidChange as refusal:
        fresh = access_surge(request.user, surge_id)
        return _page(request, incident_of(fresh), refusal)
    return told(request, back(request, reverse("incidents:page", args=[surge_id])), text)
