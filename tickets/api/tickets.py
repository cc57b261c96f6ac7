"""tickets/: list, open, read, change, delete, restore, have the AI read again."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from omnidesk.core.api.conditional import check_unchanged
from omnidesk.core.api.pagination import Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket, visible_tickets
from tickets.actions.base import Actor
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.actions.lifecycle import delete_ticket, restore_ticket
from tickets.actions.triage import request_reprocess
from tickets.api.changes import apply_change
from tickets.api.filters import DEFAULT_ORDERING, ORDERINGS, TicketQuery, filtered, wanted_fields
from tickets.api.inputs import NewTicketInput, NoInput, TicketInput
from tickets.api.lookups import category_of, organization_of, team_of, type_of
from tickets.api.serializers import TicketSerializer
from tickets.choices import Source
from tickets.field_selectors import filter_by_fields
from tickets.models import Ticket
from tickets.selectors import whole_ticket, whole_tickets


def shown(request: Request, ticket: Ticket) -> dict[str, Any]:
    """The ticket as its GET answers it."""
    return dict(TicketSerializer(whole_ticket(ticket), context={"request": request}).data)


class TicketsView(ApiView):
    """GET, POST tickets/."""

    @extend_schema(
        operation_id="tickets_list",
        tags=["tickets"],
        parameters=[TicketQuery],
        responses={200: page_of(TicketSerializer)},
    )
    def get(self, request: Request) -> Response:
        """Tickets of the organizations the caller works for, and the caller's own."""
        user = caller(request)
        query = TicketQuery.read(request)
        seen = filter_by_fields(visible_tickets(user), wanted_fields(request), user)
        tickets = filtered(whole_tickets(seen), query, user.pk)
        return Page(request, tickets, ORDERINGS, DEFAULT_ORDERING).response(TicketSerializer)

    @extend_schema(
        operation_id="tickets_create",
        tags=["tickets"],
        request=NewTicketInput,
        responses={201: TicketSerializer},
    )
    def post(self, request: Request) -> Response:
        """Open a ticket. The AI reads it afterwards: `ai.state` is `pending`."""
        ticket = open_given(caller(request), self.read(NewTicketInput))
        body = shown(request, ticket)
        self.version = body["version"]
        location = request.build_absolute_uri(f"/api/v1/tickets/{body['number']}/")
        return Response(body, status=201, headers={"Location": location})


def open_given(user: User, given: dict[str, Any]) -> Ticket:
    """Open a ticket from what `NewTicketInput` let through, as far as `user` may."""
    organization = organization_of(user, given.get("organization", ""))
    return open_ticket(
        organization_id=organization.pk,
        requester=_requester(user, organization, given.get("requester_email", "")),
        subject=given["subject"],
        body=Body(text=given["description"]),
        source=Source(given["source"]),
        actor=Actor.person(user),
        triage=_triage(organization.pk, given),
    )


def _requester(user: User, organization: Organization, email: str) -> User:
    if not email or email.lower() == user.email:
        return user
    if not user.has_role(organization.pk, Role.AGENT):
        raise PermissionDenied(_("Only the service desk opens tickets for other people."))
    return find_or_create_requester(organization_id=organization.pk, email=email)


def _triage(organization_id: int, given: dict[str, Any]) -> Triage:
    return Triage(
        type=type_of(organization_id, given["type"]) if "type" in given else None,
        category=category_of(organization_id, given.get("category")),
        urgency=given.get("urgency", ""),
        impact=given.get("impact", ""),
        team=team_of(organization_id, given.get("team")),
        tags=given.get("tags", ()),
        custom_fields=given.get("custom_fields", {}),
        asks_fields=True,
    )


class TicketView(ApiView):
    """GET, PUT, PATCH, DELETE tickets/{number}/."""

    @extend_schema(operation_id="tickets_read", tags=["tickets"], responses={200: TicketSerializer})
    def get(self, request: Request, number: str) -> Response:
        """One ticket."""
        return self._answer_with(request, access_ticket(caller(request), number))

    @extend_schema(
        operation_id="tickets_replace",
        tags=["tickets"],
        request=TicketInput,
        responses={200: TicketSerializer},
    )
    def put(self, request: Request, number: str) -> Response:
        """Change a ticket; optional fields that are left out stay as they are.

        What a GET showed may be sent back whole: fields that nobody can set are accepted as
        long as their values are unchanged.
        """
        return self._change(request, number, partial=False)

    @extend_schema(
        operation_id="tickets_update",
        tags=["tickets"],
        request=TicketInput,
        responses={200: TicketSerializer},
    )
    def patch(self, request: Request, number: str) -> Response:
        """Change some fields. Requesters may set the status to solved or closed."""
        return self._change(request, number, partial=True)

    @extend_schema(operation_id="tickets_delete", tags=["tickets"], responses={204: None})
    def delete(self, request: Request, number: str) -> Response:
        """Put the ticket into the bin; administrators only, restorable."""
        user = caller(request)
        ticket = access_ticket(user, number, need="manage", lock=True)
        check_unchanged(request, version=ticket.version)
        delete_ticket(ticket=ticket, actor=Actor.person(user))
        return Response(status=204)

    def _change(self, request: Request, number: str, *, partial: bool) -> Response:
        user = caller(request)
        ticket = access_ticket(user, number, need="write", lock=True)
        check_unchanged(request, version=ticket.version)
        apply_change(user, ticket, request.data, current=shown(request, ticket), partial=partial)
        return self._answer_with(request, ticket)

    def _answer_with(self, request: Request, ticket: Ticket) -> Response:
        body = shown(request, ticket)
        self.version = body["version"]
        return Response(body)


class RestoreView(ApiView):
    """POST tickets/{number}/restore/."""

    @extend_schema(
        operation_id="tickets_restore",
        tags=["tickets"],
        request=None,
        responses={200: TicketSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Take the ticket out of the bin; administrators only."""
        self.read(NoInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="manage", lock=True, deleted=True)
        restore_ticket(ticket=ticket, actor=Actor.person(user))
        body = shown(request, ticket)
        self.version = body["version"]
        return Response(body)


class ReprocessView(ApiView):
    """POST tickets/{number}/reprocess/."""

    @extend_schema(
        operation_id="tickets_reprocess",
        tags=["tickets"],
        request=None,
        responses={202: TicketSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Have the AI read the ticket again; it answers later."""
        self.read(NoInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        request_reprocess(ticket=ticket, actor=Actor.person(user))
        return Response(shown(request, ticket), status=202)
