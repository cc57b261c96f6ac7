"""tickets/{number}/links/, .../merge/, .../split/ and .../solve-children/."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.core.api.serializers import StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket, readable_messages
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.children import solve_children
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.links import link_tickets, unlink_tickets
from tickets.actions.merge import FIELDS, MERGE_SIDES, merge_tickets, undo_merge
from tickets.actions.split import split_ticket
from tickets.api.serializers import TicketSerializer
from tickets.api.tickets import shown
from tickets.choices import StatusCategory
from tickets.link_selectors import Linked, linked_tickets, standing_merge
from tickets.linking import Relation
from tickets.models import TicketLink

LARGEST = 2**63 - 1


class LinkInput(StrictSerializer):
    """A link to make: what the ticket is to another one."""

    ticket = serializers.IntegerField(min_value=1, max_value=LARGEST)
    relation = serializers.ChoiceField(choices=Relation.choices)


class LinkedTicketSerializer(serializers.Serializer[Any]):
    """The other end of a link."""

    number = serializers.IntegerField()
    subject = serializers.CharField()
    status = serializers.CharField(source="status.key")
    status_category = serializers.ChoiceField(choices=StatusCategory.choices)


class LinkSerializer(serializers.Serializer[Linked]):
    """A link as the ticket in the path sees it."""

    id = serializers.IntegerField()
    relation = serializers.ChoiceField(choices=Relation.choices)
    ticket = LinkedTicketSerializer()


class LinksSerializer(serializers.Serializer[Any]):
    """All links of a ticket."""

    results = LinkSerializer(many=True)


class LinksView(ApiView):
    """GET, POST tickets/{number}/links/."""

    @extend_schema(operation_id="links_list", tags=["tickets"], responses={200: LinksSerializer})
    def get(self, request: Request, number: str) -> Response:
        """What hangs together with the ticket; for the service desk."""
        ticket = access_ticket(caller(request), number, need="work")
        return Response(LinksSerializer({"results": linked_tickets(ticket)}).data)

    @extend_schema(
        operation_id="links_create",
        tags=["tickets"],
        request=LinkInput,
        responses={201: LinkSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Link two tickets of one organization; the same link again answers the first one."""
        given = self.read(LinkInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        other = access_ticket(user, given["ticket"], need="work")
        link = link_tickets(
            ticket=ticket, actor=Actor.person(user), other=other, relation=given["relation"]
        )
        row = Linked(link.pk, Relation(given["relation"]), other)
        return Response(LinkSerializer(row).data, status=201)


class LinkView(ApiView):
    """DELETE tickets/{number}/links/{id}/."""

    @extend_schema(operation_id="links_delete", tags=["tickets"], responses={204: None})
    def delete(self, request: Request, number: str, link_id: int) -> Response:
        """Take a link away."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        unlink_tickets(ticket=ticket, actor=Actor.person(user), link=TicketLink(pk=link_id))
        return Response(status=204)


class MergeInput(StrictSerializer):
    """Where a ticket goes, and whose value stays, field by field."""

    into = serializers.IntegerField(min_value=1, max_value=LARGEST)
    fields_from = serializers.DictField(
        child=serializers.ChoiceField(choices=[(side, side) for side in MERGE_SIDES]),
        required=False,
        default=dict,
        help_text=f"{', '.join(FIELDS)}: winner or loser.",
    )


class MergeView(ApiView):
    """POST, DELETE tickets/{number}/merge/."""

    @extend_schema(
        operation_id="tickets_merge",
        tags=["tickets"],
        request=MergeInput,
        responses={200: TicketSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Merge the ticket into another one, which is answered; undone by DELETE."""
        given = self.read(MergeInput)
        user = caller(request)
        loser = access_ticket(user, number, need="work")
        winner = access_ticket(user, given["into"], need="work")
        merge_tickets(
            loser=loser, winner=winner, actor=Actor.person(user), fields=given["fields_from"]
        )
        return Response(shown(request, winner))

    @extend_schema(
        operation_id="tickets_unmerge", tags=["tickets"], responses={200: TicketSerializer}
    )
    def delete(self, request: Request, number: str) -> Response:
        """Take a merged ticket out of the one it was merged into."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        merge = standing_merge(ticket)
        if merge is None:
            words = _("%(number)d is not merged into another ticket.")
            raise InvalidChange(words % {"number": ticket.number})
        undo_merge(merge=merge, actor=Actor.person(user))
        return Response(shown(request, ticket))


class SplitInput(StrictSerializer):
    """The message that a new ticket begins with."""

    message = serializers.IntegerField(min_value=1, max_value=LARGEST)
    subject = Text(max_length=300, required=False, allow_blank=True, default="")
    following = serializers.BooleanField(required=False, default=True)


class SplitView(ApiView):
    """POST tickets/{number}/split/."""

    @extend_schema(
        operation_id="tickets_split",
        tags=["tickets"],
        request=SplitInput,
        responses={201: TicketSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Make a ticket of its own out of a message and what follows it."""
        given = self.read(SplitInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        message = readable_messages(user, ticket).filter(pk=given["message"]).first()
        if message is None:
            raise InvalidChange(_("This message is not on this ticket any more."), "message")
        fresh = split_ticket(
            ticket=ticket,
            actor=Actor.person(user),
            message=message,
            subject=given["subject"],
            following=given["following"],
        )
        return Response(shown(request, fresh), status=201)


class ChildrenInput(StrictSerializer):
    """A public message for everybody, or none."""

    text = Text(
        max_length=LONGEST_TEXT,
        trim_whitespace=False,
        required=False,
        allow_blank=True,
        default="",
    )


class SolvedSerializer(serializers.Serializer[Any]):
    """What became of each ticket that hangs on one."""

    solved = serializers.ListField(child=serializers.IntegerField())
    refused = serializers.DictField(child=serializers.CharField(), help_text="Number: why.")


class SolveChildrenView(ApiView):
    """POST tickets/{number}/solve-children/."""

    @extend_schema(
        operation_id="tickets_solve_children",
        tags=["tickets"],
        request=ChildrenInput,
        responses={200: SolvedSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Solve what is part of the ticket or caused by this problem, as far as allowed."""
        given = self.read(ChildrenInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        done = solve_children(ticket=ticket, actor=Actor.person(user), text=given["text"])
        refused = {str(child): why for child, why in done.refused.items()}
        return Response(SolvedSerializer({"solved": done.numbers, "refused": refused}).data)
