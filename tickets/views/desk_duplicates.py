"""What may be the same: while an agent opens a ticket, and on one that nobody has answered."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.links import link_tickets
from tickets.duplicate_selectors import Likelies, likely_duplicates, likely_while_typing
from tickets.linking import Relation
from tickets.models import Ticket
from tickets.views.frame import desk_page

MOST_CHOSEN = 4


def chosen_numbers(given: list[str]) -> list[int]:
    """Numbers of tickets that were ticked; nonsense is left out."""
    return [int(one) for one in given if one.isascii() and one.isdigit() and len(one) < 19][
        :MOST_CHOSEN
    ]


@require_GET
@desk_page
def while_typing(request: DeskRequest) -> HttpResponse:
    """Below the form of a new ticket. Queries: 2."""
    given, staffed = request.GET, request.user.staffed_organization_ids()
    asked = given.get("organization", "")
    places = [one for one in staffed if str(one) == asked or (not asked and len(staffed) == 1)]
    chosen = chosen_numbers(given.getlist("duplicate_of"))
    likely = Likelies()
    if places:
        likely = likely_while_typing(
            request.user,
            places[0],
            email=given.get("requester", "").replace("\x00", "")[:254],
            subject=given.get("subject", ""),
            text=given.get("text", ""),
            chosen=chosen,
        )
    context = {"likely": likely, "chosen": chosen}
    return render(request, "desk/_duplicates_typed.html", context)


@require_GET
@desk_page
def of_ticket(request: DeskRequest, number: int) -> HttpResponse:
    """The strip on a ticket. Queries: 4 (ticket, and what its selector says)."""
    ticket = access_ticket(request.user, number, need="work")
    context = {"ticket": ticket, "likely": likely_duplicates(request.user, ticket)}
    return render(request, "desk/_duplicates.html", context)


def link_chosen(request: DeskRequest, ticket: Ticket) -> None:
    """Link a ticket that was just opened with those that were ticked. Raises `InvalidChange`."""
    for number in chosen_numbers(request.POST.getlist("duplicate_of")):
        link_tickets(
            ticket=ticket,
            actor=Actor.person(request.user),
            other=access_ticket(request.user, number, need="work"),
            relation=Relation.DUPLICATE_OF,
        )
