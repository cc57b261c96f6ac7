"""Rating how one was helped: what the form shows, and the signed link of a mail."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from omnidesk.core.tenancy import organization_scope
from tickets.actions.base import InvalidChange
from tickets.actions.ratings import rate, read_token, requester_by_link
from tickets.fields import in_words
from tickets.models import Rating, RatingSettings, Ticket


def rating_context(ticket: Ticket) -> dict[str, Any]:
    """What the form shows; nothing where it is not asked. Queries: 1, and 1 where it is on."""
    settings = RatingSettings.objects.filter(
        organization_id=ticket.organization_id, is_on=True
    ).first()
    if settings is None or not ticket.is_settled:
        return {}
    rating = Rating.objects.filter(ticket=ticket).first()
    language = get_language() or "en"
    words = {5: _("Good"), 1: _("Bad")} if settings.scale == "two" else {}
    return {
        "rating": rating,
        "rating_open": rating is None or rating.is_open,
        "rating_scores": [(n, words.get(n, str(n))) for n in settings.scores],
        "rating_reasons": [
            (one["value"], in_words(one["label"], language, one["value"]))
            for one in settings.reasons
        ],
    }


def given_rating(request: HttpRequest) -> dict[str, Any]:
    """What was chosen and written, as `rate` takes it."""
    score = request.POST.get("score", "")
    return {
        "score": int(score) if score in {"1", "2", "3", "4", "5"} else None,
        "reasons": request.POST.getlist("reasons")[:50],
        "comment": request.POST.get("comment", "")[:10_000],
    }


@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The mail's link: GET shows and records nothing (a scanner may follow it), POST records."""
    found = read_token(token)
    if found is None:
        return render(
            request, "portal/rate.html", {"problem": _("This link is not valid.")}, status=404
        )
    place, pk = found
    with organization_scope(place):
        rating = Rating.objects.select_related("ticket").filter(pk=pk).first()
        if rating is None or rating.ticket.deleted_at is not None:
            return render(
                request, "portal/rate.html", {"problem": _("This link is not valid.")}, status=404
            )
        return _answer(request, rating.ticket)


def _answer(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    context: dict[str, Any] = {"ticket": ticket, "rate_url": request.path}
    typed: dict[str, Any] = {}
    if request.method == "POST":
        try:
            rate(ticket=ticket, actor=requester_by_link(ticket), **given_rating(request))
            context["done"] = True
        except InvalidChange as refusal:
            typed = {"rating_problem": str(refusal), "rating": given_rating(request)}
    context |= rating_context(ticket) | typed
    status = 422 if typed else 200
    return render(request, "portal/rate.html", context, status=status)
