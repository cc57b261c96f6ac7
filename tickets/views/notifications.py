"""What a person was told: the bell, the list, and what they want to be told."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.actions.base import InvalidChange
from tickets.actions.notify import mark_read, save_wishes, wishes_of
from tickets.forms import all_errors, show_refusal
from tickets.media import offers_for
from tickets.models import Notification
from tickets.notice_forms import WishesForm
from tickets.notice_selectors import current_zone_of, readable_notifications, unread_count
from tickets.notices import FOR_REQUESTERS, Kind
from tickets.views.frame import back, part_wanted, person_page, told

PAGE_SIZE = 30
IN_BELL = 8


@require_GET
@person_page
def index(request: DeskRequest) -> HttpResponse:
    """All notifications, or the unread ones. Queries: 3 (count, rows, unread)."""
    rows = readable_notifications(request.user)
    unread_only = request.GET.get("show") == "unread"
    if unread_only:
        rows = rows.filter(read_at=None)
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "unread": unread_count(request.user),
        "unread_only": unread_only,
        **_frame(request),
    }
    part = part_wanted(request) == "notification-rows"
    return render(request, f"notifications/{'_rows' if part else 'list'}.html", context)


def _frame(request: DeskRequest) -> dict[str, Any]:
    base = "desk/base.html" if request.user.is_agent else "portal/base.html"
    return {"frame": base, "nav_key": "notifications", "on_desk": request.user.is_agent}


@require_GET
@person_page
def bell(request: DeskRequest) -> HttpResponse:
    """The bell with its badge and the latest lines. Queries: 2."""
    return _bell(request)


def _bell(request: DeskRequest) -> HttpResponse:
    context = {
        "rows": readable_notifications(request.user)[:IN_BELL],
        "unread": unread_count(request.user),
        "on_desk": request.user.is_agent,
    }
    return render(request, "notifications/_bell.html", context)


@require_GET
@person_page
def follow_link(request: DeskRequest, pk: int) -> HttpResponse:
    """To what a notification is about; it counts as read from now on."""
    row = readable_notifications(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404
    mark_read(user=request.user, ids=[row.pk])
    return redirect(_target(request, row))


def _target(request: DeskRequest, row: Notification) -> str:
    if row.kind == Kind.APPROVAL:
        return reverse("portal:approvals")
    if row.kind == Kind.PROPOSAL and (place := _proposals()):
        return place
    works = row.organization_id in request.user.staffed_organization_ids()
    if row.kind == Kind.TEAM_TICKET and row.count > 1 and works:
        return reverse("desk:view", args=[row.about.replace(":", "-")])
    return reverse("desk:ticket" if works else "portal:ticket", args=[row.ticket.number])


def _proposals() -> str:
    try:
        return reverse("proposals:index")
    except NoReverseMatch:
        # The part that proposes articles is not mounted any more.
        return ""


@require_POST
@person_page
def read(request: DeskRequest) -> HttpResponse:
    """Mark one (`id`) or all as read."""
    chosen = [int(one) for one in request.POST.getlist("id") if one.isdigit() and len(one) < 19]
    mark_read(user=request.user, ids=chosen if "id" in request.POST else None)
    if request.htmx:
        return _bell(request)
    return back(request, reverse("portal:notifications"))


@require_http_methods(["GET", "POST"])
@person_page
def wishes(request: DeskRequest) -> HttpResponse:
    """What the person wants to be told, how and when. Queries: 1, and those of the media."""
    user = request.user
    kinds = [kind for kind in Kind if user.is_agent or kind in FOR_REQUESTERS]
    offers = offers_for(user)
    form = WishesForm(
        request.POST or None,
        kinds=kinds,
        wishes=wishes_of([user])[user.pk],
        media=[medium for medium, offer in offers.items() if offer.possible],
    )
    if request.method == "POST" and form.is_valid():
        try:
            save_wishes(user=user, wishes=form.wishes(current_zone_of(user)))
        except InvalidChange as refusal:
            show_refusal(form, refusal)
        else:
            return told(request, redirect("portal:notification_settings"), _("Saved"))
    context = {
        "form": form,
        "rows": form.rows(),
        "offers": [(medium, offer) for medium, offer in offers.items() if offer.words],
        "problem": all_errors(form) if form.is_bound else "",
        "zone": current_zone_of(user),
        **_frame(request),
    }
    status = 422 if form.is_bound else 200
    return render(request, "notifications/settings.html", context, status=status)
