"""Several tickets at once: try out, change, take back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.bulk import Changed, begin_undo, keep_bulk_change
from tickets.choices import Priority
from tickets.desk_selectors import listing
from tickets.models import BulkChange, Ticket
from tickets.setup_selectors import desk_setups
from tickets.views.desk_list import find_view
from tickets.views.desk_values import SETTERS, apply_value, value_now
from tickets.views.frame import back, desk_page, told, with_events

MOST_AT_ONCE = 200
MOST_NAMED = 6
Work = Callable[[Ticket], object]


@dataclass(slots=True)
class Outcome:
    """What became of each ticket: those that were (or would be) changed, and why others not."""

    done: list[Changed] = field(default_factory=list)
    # Sentence -> numbers.
    refused: dict[str, list[int | str]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The whole in one line."""
        text = ngettext("%d ticket changed", "%d tickets changed", len(self.done)) % len(self.done)
        return " · ".join([text, *self.reasons])

    @property
    def reasons(self) -> list[str]:
        """Why some cannot, the same reason once."""
        found = []
        for words, numbers in self.refused.items():
            named = ", ".join(map(str, numbers[:MOST_NAMED]))
            if len(numbers) > MOST_NAMED:
                named += " …"
            found.append(f"{words} ({named})")
        return found

    @property
    def refused_count(self) -> int:
        """How many cannot."""
        return sum(len(numbers) for numbers in self.refused.values())

    def refuse(self, number: int | str, words: str) -> None:
        """Note why one cannot."""
        # A refusal begins with the number where it names the ticket.
        self.refused.setdefault(words, []).append(number)


def each(request: DeskRequest, numbers: Iterable[str], name: str, work: Work) -> Outcome:
    """Do `work` to every ticket, each in its own savepoint; `name` is the field that it sets."""
    outcome = Outcome()
    for number in numbers:
        try:
            with transaction.atomic():
                ticket = access_ticket(request.user, number, need="work")
                before = value_now(ticket, name)
                work(ticket)
                fresh = access_ticket(request.user, number, need="work")
                after = value_now(fresh, name)
        except InvalidChange as refusal:
            outcome.refuse(number, str(refusal))
        except (Http404, PermissionDenied) as absent:
            outcome.refuse(number, str(absent) or _("It is not there."))
        else:
            outcome.done.append(Changed(ticket.number, ticket.organization_id, before, after))
    return outcome


def rehearse(request: DeskRequest, numbers: Iterable[str], name: str, work: Work) -> Outcome:
    """What `each` would do: done in full, then undone with everything it would have announced."""
    with transaction.atomic():
        outcome = each(request, numbers, name, work)
        transaction.set_rollback(True)
    return outcome


def wanted_numbers(request: DeskRequest, given: QueryDict) -> list[str]:
    """The ticked tickets, or all of the view they were ticked in. Queries: 0 or 1."""
    if given.get("all") and given.get("view"):
        view = find_view(request, given.get("view", ""))
        shown = listing(request.user, view, QueryDict(given.get("query", "")))
        rows = shown.rows(request.user).values_list("number", flat=True)
        return [str(number) for number in rows[:MOST_AT_ONCE]]
    return list(dict.fromkeys(given.getlist("number")))[:MOST_AT_ONCE]


@require_POST
@desk_page
def bulk(request: DeskRequest) -> HttpResponse:
    """Set one property of several tickets, or say what that would do (`rehearse`)."""
    name, _colon, value = request.POST.get("do", "").partition(":")
    numbers = wanted_numbers(request, request.POST)
    if name not in SETTERS:
        return _form(request, numbers, None, _("Choose what to change."))
    actor = Actor.person(request.user)

    def work(ticket: Ticket) -> None:
        apply_value(ticket, actor, name, value)

    if request.POST.get("rehearse"):
        return _form(request, numbers, rehearse(request, numbers, name, work))
    outcome = each(request, numbers, name, work)
    kept = keep_bulk_change(
        user=request.user, field=name, changed=[c for c in outcome.done if c.before != c.after]
    )
    undo = ""
    if kept:
        undo = undo_url("desk:bulk_undo", kept)
    return done(request, outcome.words, undo)


def done(request: DeskRequest, words: str, undo: str = "") -> HttpResponse:
    """Say what became of it; the dialog goes and the list is fetched again."""
    if not request.htmx:
        return told(request, back(request, reverse("desk:home")), words)
    toast: dict[str, Any] = {"text": words, "undo": undo}
    return with_events(HttpResponse(""), toast=toast, **{"live:resync": {}, "bulk:done": {}})


def undo_url(name: str, kept: Iterable[BulkChange]) -> str:
    """Where what was kept is taken back."""
    return reverse(name) + "?" + urlencode([("id", row.pk) for row in kept])


def wanted_ids(request: DeskRequest, name: str = "id") -> list[int]:
    """The kept changes that the address names."""
    return [int(key) for key in request.GET.getlist(name)[:20] if key.isdigit() and len(key) < 19]


@require_GET
@desk_page
def edit(request: DeskRequest) -> HttpResponse:
    """The form that changes several tickets."""
    return _form(request, wanted_numbers(request, request.GET), None)


def _form(
    request: DeskRequest, numbers: list[str], outcome: Outcome | None, problem: str = ""
) -> HttpResponse:
    context = {
        "numbers": numbers,
        "most": MOST_AT_ONCE,
        "outcome": outcome,
        "chosen": request.POST.get("do", ""),
        "groups": _choices(request),
        "problem": problem,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "nav_key": "",
    }
    return render(request, template_for(request, "bulk"), context, status=422 if problem else 200)


def template_for(request: DeskRequest, name: str) -> str:
    """The whole page, the dialog, or the form inside it."""
    if not request.htmx:
        return f"desk/{name}.html"
    inside = request.htmx.target == f"{name}-form"
    return f"desk/_{name}_form.html" if inside else f"desk/_{name}_dialog.html"


def _choices(request: DeskRequest) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be set, by property. Queries: 0."""
    setups = desk_setups(request.user)
    people = {a.pk: a.display_name for setup in setups for a in setup.agents}
    return [
        (_("Assignee"), [("assignee:me", _("me")), ("assignee:", _("Nobody")),
                         *((f"assignee:{pk}", name) for pk, name in people.items())]),
        (_("Status"), [(f"status:{s.pk}", _(s.name)) for setup in setups for s in setup.statuses]),
        (_("Priority"), [(f"priority:{key}", str(name)) for key, name in Priority.choices]),
        (_("Team"), [("team:", _("No team")),
                     *((f"team:{t.pk}", t.name) for setup in setups for t in setup.teams)]),
        (_("Category"), [(f"category:{c.pk}", c.name) for s in setups for c in s.categories]),
        (_("Type"), [(f"type:{t.pk}", str(t)) for setup in setups for t in setup.types]),
    ]  # fmt: skip


@require_POST
@desk_page
def undo(request: DeskRequest) -> HttpResponse:
    """Set back what a change of several did, each ticket only if nobody changed it since."""
    actor, many = Actor.person(request.user), 0
    for pk in wanted_ids(request):
        row = begin_undo(user=request.user, pk=pk)
        if row is None:
            continue
        for number, before in row.before.items():
            many += _set_back(request, actor, row.field, number, before, row.after.get(number))
    words = ngettext("%d ticket taken back", "%d tickets taken back", many) % many
    return done(request, words)


def _set_back(
    request: DeskRequest, actor: Actor, name: str, number: str, before: str, after: str | None
) -> int:
    try:
        with transaction.atomic():
            ticket = access_ticket(request.user, number, need="work", lock=True)
            if value_now(ticket, name) != after:
                return 0
            apply_value(ticket, actor, name, unquote(before))
    except (InvalidChange, Http404, PermissionDenied):
        return 0
    return 1
