"""tickets/{number}/responses/ and tickets/{number}/history/."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket, readable_messages, works_on
from tickets.actions.base import Actor
from tickets.actions.intake import Body, receive_message
from tickets.actions.reply import add_note, reply
from tickets.api.inputs import ResponseInput
from tickets.api.serializers import ChangeSerializer, ResponseSerializer
from tickets.choices import Source
from tickets.models import Message
from tickets.selectors import history

MESSAGE_ORDERINGS = {"created_at": Ordering("created_at")}
CHANGE_ORDERINGS = {"at": Ordering("at")}


class ResponsesView(ApiView):
    """GET, POST tickets/{number}/responses/."""

    @extend_schema(
        operation_id="responses_list",
        tags=["tickets"],
        parameters=[PageQuery],
        responses={200: page_of(ResponseSerializer)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The conversation, oldest first; internal notes for the service desk only."""
        PageQuery.read(request)
        user = caller(request)
        ticket = access_ticket(user, number)
        messages = readable_messages(user, ticket)
        page = Page(request, messages, MESSAGE_ORDERINGS, "created_at")
        return page.response(ResponseSerializer, number=ticket.number)

    @extend_schema(
        operation_id="responses_create",
        tags=["tickets"],
        request=ResponseInput,
        responses={201: ResponseSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Answer in public, or write an internal note; requesters go on in public."""
        given = self.read(ResponseInput)
        user = caller(request)
        message = write_given(user, number, given)
        # A merged ticket's answer lands on another ticket, a late one opens a new one.
        row = readable_messages(user, message.ticket).get(pk=message.pk)
        context = {"request": request, "number": message.ticket.number}
        return Response(ResponseSerializer(row, context=context).data, status=201)


def write_given(user: User, number: str | int, given: dict[str, Any]) -> Message:
    """Write what `ResponseInput` let through onto a ticket, as far as `user` may."""
    internal = given["visibility"] == "internal"
    ticket = access_ticket(user, number, need="work" if internal else "write", lock=True)
    actor, files = Actor.person(user), given["attachments"]
    if internal:
        return add_note(ticket=ticket, actor=actor, text=given["text"], attachment_ids=files)
    if works_on(user, ticket):
        return reply(
            ticket=ticket,
            actor=actor,
            text=given["text"],
            attachment_ids=files,
            source=Source.API,
        )
    return receive_message(
        ticket=ticket,
        author=user,
        body=Body(text=given["text"], attachment_ids=files),
        source=Source.API,
        actor=actor,
    )


class HistoryView(ApiView):
    """GET tickets/{number}/history/."""

    @extend_schema(
        operation_id="history_list",
        tags=["tickets"],
        parameters=[PageQuery],
        responses={200: page_of(ChangeSerializer)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The change log, oldest first: who, what, old, new, when."""
        PageQuery.read(request)
        user = caller(request)
        ticket = access_ticket(user, number)
        changes = history(user, ticket)
        return Page(request, changes, CHANGE_ORDERINGS, "at").response(ChangeSerializer)
