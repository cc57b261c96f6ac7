"""tickets/{number}/checklist/ and tickets/{number}/time/: the desk's own work on a ticket."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.core.api.serializers import StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.checklists import add_item, remove_item, tick_item
from tickets.actions.timekeeping import A_DAY, add_time, remove_time
from tickets.api.serializers import PersonSerializer
from tickets.models import ChecklistItem, Ticket, TimeEntry
from tickets.time_selectors import time_spent

LONGEST = 300


class StepSerializer(serializers.Serializer[Any]):
    """One step of a ticket's checklist; `done_at` is empty until it is ticked."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    required = serializers.BooleanField(source="is_required")  # type: ignore[assignment]
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = PersonSerializer(allow_null=True)


class StepInput(StrictSerializer):
    """A step to add at the end."""

    text = Text(max_length=LONGEST)
    required = serializers.BooleanField(required=False, default=False)  # type: ignore[assignment]


class TickInput(StrictSerializer):
    """Whether the step is done."""

    done = serializers.BooleanField()


class ChecklistView(ApiView):
    """GET, POST tickets/{number}/checklist/."""

    @extend_schema(
        operation_id="checklist_list",
        tags=["checklists"],
        responses={200: StepSerializer(many=True)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The steps in their order."""
        ticket = access_ticket(caller(request), number, need="work")
        rows = ticket.checklist.select_related("done_by")
        return Response(StepSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="checklist_add",
        tags=["checklists"],
        request=StepInput,
        responses={201: StepSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Add a step."""
        given = self.read(StepInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        actor = Actor.person(user)
        item = add_item(ticket=ticket, actor=actor, text=given["text"], required=given["required"])
        return Response(StepSerializer(item).data, status=201)


def _step(ticket: Ticket, item_id: int) -> ChecklistItem:
    item = ticket.checklist.filter(pk=item_id).first() if item_id < 2**63 else None
    if item is None:
        raise Http404
    return item


class StepView(ApiView):
    """PATCH, DELETE tickets/{number}/checklist/{id}/."""

    @extend_schema(
        operation_id="checklist_tick",
        tags=["checklists"],
        request=TickInput,
        responses={200: StepSerializer},
    )
    def patch(self, request: Request, number: str, item_id: int) -> Response:
        """Tick a step, or take the tick away; twice is once."""
        given = self.read(TickInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        item = _step(ticket, item_id)
        actor = Actor.person(user)
        ticked = tick_item(ticket=ticket, actor=actor, item_id=item.pk, done=given["done"])
        return Response(StepSerializer(ticked).data)

    @extend_schema(operation_id="checklist_remove", tags=["checklists"], responses={204: None})
    def delete(self, request: Request, number: str, item_id: int) -> Response:
        """Take a step off the list; a required one only a lead may."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        item = _step(ticket, item_id)
        remove_item(ticket=ticket, actor=Actor.person(user), item_id=item.pk)
        return Response(status=204)


class TimeEntrySerializer(serializers.Serializer[TimeEntry]):
    """Minutes that somebody spent on a day."""

    id = serializers.IntegerField()
    person = PersonSerializer()
    minutes = serializers.IntegerField()
    day = serializers.DateField()
    note = serializers.CharField()
    billable = serializers.BooleanField(source="is_billable")
    created_at = serializers.DateTimeField()


class TimeSerializer(serializers.Serializer[Any]):
    """A ticket's time: sums in minutes, and the entries, the latest day first."""

    total = serializers.IntegerField()
    billable = serializers.IntegerField()
    entries = TimeEntrySerializer(many=True)


class TimeInput(StrictSerializer):
    """Time to write down for the caller; without a day it is today's."""

    minutes = serializers.IntegerField(min_value=1, max_value=A_DAY)
    note = Text(max_length=LONGEST, required=False, default="", allow_blank=True)
    billable = serializers.BooleanField(required=False, default=False)
    day = serializers.DateField(required=False)


class TimeView(ApiView):
    """GET, POST tickets/{number}/time/."""

    @extend_schema(operation_id="time_list", tags=["time"], responses={200: TimeSerializer})
    def get(self, request: Request, number: str) -> Response:
        """Who spent how long."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        return Response(TimeSerializer(time_spent(ticket, user, timer=False)).data)

    @extend_schema(
        operation_id="time_add",
        tags=["time"],
        request=TimeInput,
        responses={201: TimeEntrySerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Write down time of the caller's."""
        given = self.read(TimeInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        entry = add_time(
            ticket=ticket,
            person=user,
            minutes=given["minutes"],
            note=given["note"],
            billable=given["billable"],
            day=given.get("day"),
        )
        return Response(TimeEntrySerializer(entry).data, status=201)


class TimeEntryView(ApiView):
    """DELETE tickets/{number}/time/{id}/."""

    @extend_schema(operation_id="time_remove", tags=["time"], responses={204: None})
    def delete(self, request: Request, number: str, entry_id: int) -> Response:
        """Take an entry away: the caller's own; a lead may take anybody's."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        entries = TimeEntry.objects.filter(ticket=ticket)
        if entry_id >= 2**63 or not entries.filter(pk=entry_id).exists():
            raise Http404
        remove_time(ticket=ticket, person=user, entry_id=entry_id)
        return Response(status=204)
