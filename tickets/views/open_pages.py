"""Pages of an organization for people without an account: articles, a request, its mailed link."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from omnidesk.accounts.models import Organization
from omnidesk.core.api.limits import client_address, is_trusted, take
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import render_markdown
from tickets.actions.base import InvalidChange
from tickets.actions.guests import ask_as_guest, confirm_guest, guest_actor, read_guest
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import set_status
from tickets.actions.types import stage_status
from tickets.choices import MessageKind, Source, StatusCategory
from tickets.forms import show_refusal
from tickets.models import Article, GuestRequest, Ticket
from tickets.portal_selectors import article_sections, search_articles
from tickets.views.files import serve

HOUR = 3600
PER_ADDRESS, PER_MAILBOX = 10, 3  # requests an hour
OpenView = Callable[..., HttpResponseBase]


class GuestForm(forms.Form):
    """What a guest tells; the same words as behind the sign-in."""

    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("We send a link there; nothing is sent to IT before you open it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": gettext_lazy("Enter your e-mail address."),
            "invalid": gettext_lazy("Enter a full e-mail address, for example jo@nordwerk.example"),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        help_text=gettext_lazy("optional"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    subject = forms.CharField(
        label=gettext_lazy("What is the problem?"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say in a few words what the problem is.")},
    )
    text = forms.CharField(
        label=gettext_lazy("What happens exactly?"),
        help_text=gettext_lazy("Messages on the screen help us most"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Describe what you see and what you tried.")},
    )


def open_page(view: OpenView) -> OpenView:
    """A page of the organization with this short name, in its scope; absent where it has none."""

    @wraps(view)
    def wrapped(request: HttpRequest, place: str, **kwargs: Any) -> HttpResponseBase:
        organization = Organization.objects.filter(slug=place, is_active=True).first()
        if organization is None:
            raise Http404
        request.portal_name = _("%(name)s Help") % {"name": organization.name}  # type: ignore[attr-defined]
        with organization_scope(organization.pk):
            return view(request, organization, **kwargs)

    return wrapped


@require_GET
@open_page
def home(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Open articles, or those that fit `?q=`, and the way to a request. Queries: 2."""
    articles = Article.objects.filter(
        organization=organization, state=Article.State.PUBLISHED, is_public=True, is_open=True
    ).select_related("category")
    if not organization.allows_guest_intake and not articles.exists():
        raise Http404
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    context: dict[str, Any] = {"organization": organization, "words": words}
    if words:
        context["found"] = search_articles(articles, words)
    else:
        context["sections"] = article_sections(articles)
    return render(request, "portal/open_home.html", context)


@require_GET
@open_page
def article(request: HttpRequest, organization: Organization, slug: str) -> HttpResponse:
    """One open article. Queries: 3."""
    found = _open_article(organization, slug)
    context = {"article": found, "body": render_markdown(found.body), "organization": organization}
    return render(request, "portal/open_article.html", context)


@require_GET
@open_page
def file(request: HttpRequest, organization: Organization, slug: str, pk: int) -> HttpResponseBase:
    """A file of an open article. Queries: 3."""
    row = _open_article(organization, slug).files.filter(pk=pk).first()
    if row is None:
        raise Http404
    return serve(row, "view" in request.GET)


def _open_article(organization: Organization, slug: str) -> Article:
    found = Article.objects.filter(
        organization=organization, slug=slug, state=Article.State.PUBLISHED, is_public=True,
        is_open=True,
    ).select_related("category").first()  # fmt: skip
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "POST"])
@open_page
def ask(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The form. What it answers does not depend on whose address it is."""
    if not organization.allows_guest_intake:
        raise Http404
    form = GuestForm(request.POST or None, initial={"subject": request.GET.get("subject", "")})
    context: dict[str, Any] = {"form": form, "organization": organization}
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        if not _passes(request):
            status = HTTPStatus.TOO_MANY_REQUESTS
            form.add_error(None, _("Too many requests from here. Try again in an hour."))
        else:
            try:
                _keep(organization, form.cleaned_data)
            except InvalidChange as refusal:
                show_refusal(form, refusal)
            else:
                context = {"address": form.cleaned_data["email"], "organization": organization}
                return render(request, "portal/guest_sent.html", context)
    if form.is_bound:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if status == HTTPStatus.OK else status
    return render(request, "portal/guest_new.html", context, status=status)


def _passes(request: HttpRequest) -> bool:
    address = client_address(request)
    if is_trusted(address):
        return True
    decision = take(f"guest:address:{address}", PER_ADDRESS, HOUR)
    return decision is None or decision.allowed


def _keep(organization: Organization, values: dict[str, str]) -> None:
    """Over its limit a mailbox gets no further mail; the page says the same as ever."""
    decision = take(f"guest:mailbox:{values['email'].lower()}", PER_MAILBOX, HOUR)
    if decision is not None and not decision.allowed:
        return
    language = (get_language() or organization.language)[:2]
    known = {code for code, _name in settings.LANGUAGES}
    ask_as_guest(
        organization=organization,
        email=values["email"],
        name=values["name"],
        subject=values["subject"],
        text=values["text"],
        language=language if language in known else "en",
    )


@never_cache
@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The mailed link: GET shows, POST sends the request or answers. It opens this one ticket."""
    found = read_guest(token)
    if found is None:
        return _no_link(request)
    place, pk = found
    with organization_scope(place):
        rows = GuestRequest.objects.select_related("organization", "ticket__requester")
        row = rows.filter(pk=pk).first()
        if row is None or (row.ticket and row.ticket.deleted_at is not None):
            return _no_link(request)
        return _answer(request, row, token)


def _no_link(request: HttpRequest) -> HttpResponse:
    context = {"problem": _("This link is not valid.")}
    return render(request, "portal/guest_ticket.html", context, status=404)


def _answer(request: HttpRequest, row: GuestRequest, token: str) -> HttpResponse:
    name = _("%(name)s Help") % {"name": row.organization.name}
    request.portal_name = name  # type: ignore[attr-defined]
    context: dict[str, Any] = {"row": row, "here": reverse("portal:guest_link", args=[token])}
    if request.method == "POST":
        try:
            _act(row, request.POST)
        except InvalidChange as refusal:
            context |= {"problem": str(refusal), "text": request.POST.get("text", "")}
        else:
            return redirect(context["here"])
    if row.ticket is not None:
        context |= {"ticket": row.ticket, "conversation": _conversation(row.ticket)}
    status = 422 if "problem" in context else 200
    return render(request, "portal/guest_ticket.html", context, status=status)


def _act(row: GuestRequest, given: Any) -> None:
    """Send the request, answer on its ticket, or settle it."""
    if row.ticket is None:
        confirm_guest(row=row)
        return
    ticket = row.ticket
    actor = guest_actor(row, ticket.requester.display_name)
    if given.get("do") == "solved":
        status = stage_status(ticket, StatusCategory.SOLVED, actor)
        if status is None:
            raise InvalidChange(_("Only the service desk can settle this ticket."))
        set_status(ticket=ticket, actor=actor, status=status)
        return
    receive_message(
        ticket=ticket,
        author=ticket.requester,
        body=Body(text=given.get("text", "")[:20_000]),
        source=Source.PORTAL,
        actor=actor,
    )


def _conversation(ticket: Ticket) -> list[Any]:
    """What a requester may read, whatever else the address may be elsewhere."""
    rows = ticket.messages.filter(kind=MessageKind.PUBLIC).select_related("author")
    return list(rows.order_by("created_at", "pk"))
