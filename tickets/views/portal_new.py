"""Reporting a problem, with answers while typing."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from omnidesk.accounts.requests import DeskRequest
from tickets.access import home_organization
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.actions.keeping import forget_form
from tickets.choices import Source
from tickets.deflection_selectors import LONGEST, deflection, near_answers, words_of_form
from tickets.duplicate_selectors import told_already
from tickets.field_selectors import asked_rules, facts_about, is_member
from tickets.forms import ProblemForm, new_files, show_refusal
from tickets.models import Ticket
from tickets.views.frame import person_page, told
from tickets.views.portal_kept import NEW, kept_context

# What the tiles of the front page ask for: name of the place, title of the form.
KINDS = {
    "": (_lazy("Something is broken"), _lazy("Report a problem")),
    "access": (_lazy("Access and passwords"), _lazy("Access and passwords")),
    "software": (_lazy("Order software"), _lazy("Order software")),
    "device": (_lazy("Order a device"), _lazy("Order a device")),
    "colleague": (_lazy("New colleague"), _lazy("New colleague")),
    "question": (_lazy("Ask a question"), _lazy("Ask a question")),
}


@require_http_methods(["GET", "POST"])
@person_page
def new(request: DeskRequest) -> HttpResponse:
    """The form, and the ticket it opens."""
    start = {"subject": request.GET.get("subject", "")[:300]}
    home = home_organization(request.user)
    form = ProblemForm(
        request.POST or None,
        request.FILES or None,
        initial=start,
        rules=asked_rules(home.pk),
        facts=facts_about(None),
        is_person=lambda email: is_member(home.pk, email),
    )
    if request.method == "POST" and form.is_valid():
        try:
            ticket = _open(request, home.pk, form)
        except InvalidChange as refusal:
            show_refusal(form, refusal)
        else:
            answer = redirect("portal:ticket", number=ticket.number)
            return told(request, answer, _("We received it. Your number is %d.") % ticket.number)
    kind_name, form_title = KINDS.get(request.GET.get("kind", ""), KINDS[""])
    context = {
        "form": form,
        "kind_name": kind_name,
        "form_title": form_title,
        "nav_key": "new",
        **kept_context(request, home.pk, NEW, form),
    }
    return render(request, "portal/new.html", context, status=422 if form.is_bound else 200)


def _open(request: DeskRequest, organization_id: int, form: ProblemForm) -> Ticket:
    values = form.cleaned_data
    forget_form(person=request.user, organization_id=organization_id, form=NEW)
    return open_ticket(
        organization_id=organization_id,
        requester=request.user,
        subject=values["subject"],
        body=Body(text=values["text"], files=new_files(values["attachments"])),
        source=Source.PORTAL,
        actor=Actor.person(request.user),
        triage=Triage(
            urgency=values["urgency"],
            impact=values["impact"],
            custom_fields=form.values(),
            asks_fields=True,
        ),
    )


@require_GET
@person_page
def answers(request: DeskRequest) -> HttpResponse:
    """The person's own tickets that say the same, known problems, articles. Queries: 3."""
    words = words_of_form(request.GET)
    context = deflection(request.user, words) | {"told": told_already(request.user, words)}
    return render(request, "portal/_answers.html", context)


@require_GET
@person_page
def near(request: DeskRequest) -> HttpResponse:
    """Articles close in meaning to `?words=`, fetched once the words' answers stand. Queries: 2."""
    words = request.GET.get("words", "").replace("\x00", "").strip()[:LONGEST]
    context = near_answers(request.user, words) if words else {}
    return render(request, "portal/_near.html", context)
