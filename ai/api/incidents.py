"""incidents/: surges that were noticed, and the incidents made of them."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ai.actions import incidents as actions
from ai.actions.surges import dismiss_surge
from ai.api.common import staff
from ai.models import Surge, SurgeMember
from ai.surge_selectors import access_surge, incident_of, surges_of
from omnidesk.accounts.models import User
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery, StrictSerializer, Text
from omnidesk.core.api.views import ApiView

ORDERINGS = {"raised_at": Ordering("raised_at")}


class DeclareInput(StrictSerializer):
    """The words of the parent ticket; with `ask`, everybody affected is asked in the same step."""

    subject = Text(max_length=300)
    text = Text(max_length=200_000)
    ask = serializers.BooleanField(required=False, default=False)


class UpdateInput(StrictSerializer):
    """What everybody affected reads; the same `key` is sent once."""

    text = Text(max_length=200_000)
    key = Text(max_length=64)


class IncidentQuery(PageQuery):
    """Query parameters of the list."""

    state = serializers.ChoiceField(required=False, choices=Surge.State.choices)


class IncidentSerializer(serializers.ModelSerializer[Surge]):
    """A surge, or the incident made of it (`ticket` is its parent's number then)."""

    organization = serializers.IntegerField(source="organization_id")
    ticket = serializers.IntegerField(source="ticket.number", default=None, allow_null=True)
    words = serializers.ListField(child=serializers.CharField())
    tickets = serializers.IntegerField()
    people = serializers.IntegerField()

    class Meta:
        model = Surge
        fields = (
            "id", "state", "title", "language", "words", "usual", "organization", "ticket",
            "tickets", "people", "first_at", "last_at", "raised_at", "decided_at",
        )  # fmt: skip
        read_only_fields = fields


class MemberSerializer(serializers.ModelSerializer[SurgeMember]):
    """One ticket of it, and what its requester answered."""

    ticket = serializers.IntegerField(source="ticket.number")
    subject = serializers.CharField(source="ticket.subject")

    class Meta:
        model = SurgeMember
        fields = ("id", "ticket", "subject", "is_linked", "asked_at", "answer", "answered_at")
        read_only_fields = fields


class IncidentDetailSerializer(IncidentSerializer):
    """The same with its tickets."""

    members = serializers.SerializerMethodField()

    class Meta:
        model = Surge
        fields = (*IncidentSerializer.Meta.fields, "members")
        read_only_fields = fields

    def get_members(self, row: Surge) -> list[dict[str, Any]]:
        """Its tickets in the order they came."""
        return [dict(MemberSerializer(one).data) for one in incident_of(row).members]


class IncidentsView(ApiView):
    """GET incidents/."""

    @extend_schema(
        operation_id="incidents_list",
        tags=["ai"],
        parameters=[IncidentQuery],
        responses={200: page_of(IncidentSerializer)},
    )
    def get(self, request: Request) -> Response:
        """What was noticed and what became of it; for the desk."""
        asked = IncidentQuery.read(request)
        rows = surges_of(staff(request))
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        return Page(request, rows, ORDERINGS, "-raised_at").response(IncidentSerializer)


class IncidentView(ApiView):
    """GET incidents/{id}/."""

    @extend_schema(
        operation_id="incidents_read", tags=["ai"], responses={200: IncidentDetailSerializer}
    )
    def get(self, request: Request, incident_id: int) -> Response:
        """One of them with its tickets."""
        row = access_surge(staff(request), incident_id)
        return Response(IncidentDetailSerializer(row).data)


class _Step(ApiView):
    """One step with an incident; answers with how it stands then."""

    def _do(
        self, request: Request, incident_id: int, act: Callable[[Surge, User], object]
    ) -> Response:
        user = staff(request)
        act(access_surge(user, incident_id), user)
        return Response(IncidentDetailSerializer(access_surge(user, incident_id)).data)


class DeclareView(_Step):
    """POST incidents/{id}/declare/."""

    @extend_schema(
        operation_id="incidents_declare",
        tags=["ai"],
        request=DeclareInput,
        responses={200: IncidentDetailSerializer},
    )
    def post(self, request: Request, incident_id: int) -> Response:
        """Make it an incident: a parent ticket, its tickets the children."""
        given = self.read(DeclareInput)

        def act(surge: Surge, user: User) -> None:
            actions.declare_incident(
                surge=surge, user=user, subject=given["subject"], text=given["text"]
            )
            if given["ask"]:
                actions.ask_affected(surge=surge, user=user)

        return self._do(request, incident_id, act)


class DismissView(_Step):
    """POST incidents/{id}/dismiss/."""

    @extend_schema(
        operation_id="incidents_dismiss",
        tags=["ai"],
        request=None,
        responses={200: IncidentDetailSerializer},
    )
    def post(self, request: Request, incident_id: int) -> Response:
        """Say that it is none."""
        return self._do(
            request, incident_id, lambda surge, user: dismiss_surge(surge=surge, user=user)
        )


class IncidentUpdateView(_Step):
    """POST incidents/{id}/updates/."""

    @extend_schema(
        operation_id="incidents_update",
        tags=["ai"],
        request=UpdateInput,
        responses={200: IncidentDetailSerializer},
    )
    def post(self, request: Request, incident_id: int) -> Response:
        """Tell everybody affected what is new, each once."""
        given = self.read(UpdateInput)
        return self._do(
            request,
            incident_id,
            lambda surge, user: actions.broadcast(surge=surge, user=user, **given),
        )
