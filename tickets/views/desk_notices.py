"""The desk's side of the status page: notices, their updates, when they are shown."""

from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.clock import now
from tickets.access import access_ticket, readable_articles
from tickets.actions.base import InvalidChange
from tickets.actions.incident_news import tell_incident
from tickets.actions.status_page import post_update, publish_notice, save_notice, withdraw_notice
from tickets.forms import show_refusal
from tickets.models import Article, StatusNotice, Ticket
from tickets.status_selectors import access_notice, desk_notices, people_behind
from tickets.views.frame import desk_page, told


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class NoticeForm(forms.Form):
    """What a notice says."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=StatusNotice.Kind.choices)
    title = forms.CharField(
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("In the words of those who are affected"),
        max_length=200,
        error_messages={"required": gettext_lazy("Enter a title.")},
    )
    text = forms.CharField(
        label=gettext_lazy("What happens"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    advice = forms.CharField(
        label=gettext_lazy("What people can do now"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    affected = forms.CharField(
        label=gettext_lazy("Who is affected"), required=False, max_length=300
    )
    article = forms.ModelChoiceField(
        label=gettext_lazy("Article with the steps"),
        queryset=Article.objects.none(),
        required=False,
    )
    starts_at = forms.DateTimeField(label=gettext_lazy("Begins"), widget=_moment())
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Ends"),
        help_text=gettext_lazy("Where it is planned"),
        required=False,
        widget=_moment(),
    )


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """Notices, those that go on first. Queries: 1."""
    rows = list(desk_notices(request.user)[:200])
    context = {
        "open": [row for row in rows if row.is_open],
        "over": [row for row in rows if not row.is_open],
        "nav_key": "notices",
    }
    return render(request, "desk/notices.html", context)


@require_GET
@desk_page
def one(request: DeskRequest, pk: int) -> HttpResponse:
    """One notice with its updates and the form for the next. Queries: 3."""
    return _page(request, access_notice(request.user, pk, work=True), {})


def _page(request: DeskRequest, notice: StatusNotice, more: dict[str, Any]) -> HttpResponse:
    context = {
        "notice": notice,
        "updates": list(notice.updates.select_related("author")),
        "stages": StatusNotice.Stage.choices,
        "behind": people_behind(notice),
        # One update leaves once, however often its button is pressed.
        "key": request.POST.get("key") or uuid4().hex,
        "nav_key": "notices",
        **more,
    }
    status = 422 if "problem" in more else 200
    return render(request, "desk/notice.html", context, status=status)


@require_http_methods(["GET", "POST"])
@desk_page
def edit(request: DeskRequest, pk: int = 0) -> HttpResponse:
    """Write a notice (for a ticket with `?ticket=`), or change what one says."""
    row = access_notice(request.user, pk, work=True) if pk else None
    ticket = _ticket(request) if row is None else row.ticket
    place = row or ticket
    organization_id = (
        place.organization_id if place else min(request.user.staffed_organization_ids())
    )
    form = NoticeForm(request.POST or None, initial=_start(row, ticket))
    articles = readable_articles(request.user).filter(
        organization_id=organization_id, state=Article.State.PUBLISHED, is_public=True
    )
    form.fields["article"].queryset = articles  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_notice(
                organization_id=organization_id,
                author=request.user,
                values=form.cleaned_data,
                notice=row,
                ticket=ticket,
            )
        except InvalidChange as refusal:
            show_refusal(form, refusal)
        else:
            return told(request, redirect("desk:notice", pk=saved.pk), _("Saved"))
    context = {"form": form, "notice": row, "ticket": ticket, "nav_key": "notices"}
    status = 422 if form.is_bound else 200
    return render(request, "desk/notice_edit.html", context, status=status)


def _ticket(request: DeskRequest) -> Ticket | None:
    number = request.GET.get("ticket", "")
    return access_ticket(request.user, number, need="work") if number else None


def _start(row: StatusNotice | None, ticket: Ticket | None) -> dict[str, Any]:
    if row is not None:
        return {name: getattr(row, name) for name in NoticeForm.base_fields}
    return {"title": ticket.subject if ticket else "", "starts_at": now()}


@require_POST
@desk_page
def act(request: DeskRequest, pk: int) -> HttpResponse:
    """Publish, take off, or say what is new."""
    notice = access_notice(request.user, pk, work=True)
    wish = request.POST.get("do", "")
    try:
        if wish == "publish":
            publish_notice(notice=notice, author=request.user)
            text = _("It is on the status page now.")
        elif wish == "withdraw":
            withdraw_notice(notice=notice)
            text = _("It is off the status page.")
        else:
            text = _tell(request, notice)
    except InvalidChange as refusal:
        typed = {name: request.POST.get(name, "") for name in ("text", "stage", "answer")}
        return _page(request, notice, {"problem": str(refusal), "typed": typed})
    return told(request, redirect("desk:notice", pk=pk), text)


def _tell(request: DeskRequest, notice: StatusNotice) -> str:
    """Write an update, and where it is wished answer the tickets behind it; what to say of it."""
    stage, words = request.POST.get("stage", ""), request.POST.get("text", "")
    if notice.ticket is None or not request.POST.get("answer"):
        post_update(notice=notice, author=request.user, stage=stage, text=words)
        return _("Update written")
    told_now = tell_incident(
        ticket=access_ticket(request.user, notice.ticket.number, need="work"),
        author=request.user,
        key=request.POST.get("key", ""),
        notice=notice,
        stage=stage,
        text=words,
    )
    return ngettext(
        "Update written, %(n)d person answered",
        "Update written, %(n)d people answered",
        told_now.people,
    ) % {"n": told_now.people}
