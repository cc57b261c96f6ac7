"""tickets/{number}/runbooks/, tickets/{number}/runbook-runs/."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.core.api.serializers import JSONObject, StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.runbook import decline_run, propose_run, rehearse, start_run, undo_run
from tickets.models import Runbook, RunbookRun, RunState, Ticket
from tickets.runbook_selectors import inputs_of, runbooks_of, runs_on

ACTS = {"start": start_run, "decline": decline_run, "undo": undo_run}


class RunbookInputSerializer(serializers.Serializer[Any]):
    """One value that a run is asked for."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=["text", "number", "choice", "yes_no", "email"])
    required = serializers.BooleanField()  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.CharField())


class RunbookSerializer(serializers.Serializer[Any]):
    """Something that can be run on the ticket."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    needs_approval = serializers.SerializerMethodField()
    inputs = serializers.SerializerMethodField()

    def get_needs_approval(self, row: Runbook) -> bool:
        """Whether somebody must agree before it runs."""
        return row.policy_id is not None

    def get_inputs(self, row: Runbook) -> list[dict[str, Any]]:
        """What it is asked for."""
        return list(RunbookInputSerializer(inputs_of(row), many=True).data)


class RunStepSerializer(serializers.Serializer[Any]):
    """One line of a run's log."""

    what = serializers.CharField()
    ok = serializers.BooleanField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class RunSerializer(serializers.Serializer[Any]):
    """One run."""

    id = serializers.IntegerField()
    runbook = serializers.CharField(source="runbook.name")
    state = serializers.ChoiceField(choices=RunState.choices)
    preview = serializers.CharField()
    values = serializers.JSONField()
    error = serializers.CharField()
    proposed_by = serializers.CharField(source="proposed_label")
    approval = serializers.IntegerField(source="approval_id", allow_null=True)
    may_be_undone = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    steps = RunStepSerializer(many=True)


class RunInput(StrictSerializer):
    """What to run, with which values; `dry_run` only says what it would do."""

    runbook = Text(max_length=120)
    values = JSONObject(required=False, default=dict)
    dry_run = serializers.BooleanField(required=False, default=False)


class ActInput(StrictSerializer):
    """What to do with a run."""

    do = serializers.ChoiceField(choices=list(ACTS))


class RunbooksView(ApiView):
    """GET tickets/{number}/runbooks/."""

    @extend_schema(
        operation_id="runbooks_list",
        tags=["runbooks"],
        responses={200: RunbookSerializer(many=True)},
    )
    def get(self, request: Request, number: str) -> Response:
        """What can be run on the ticket."""
        ticket = access_ticket(caller(request), number, need="work")
        rows = runbooks_of(ticket.organization_id)
        return Response(RunbookSerializer(rows, many=True).data)


class RunsView(ApiView):
    """GET, POST tickets/{number}/runbook-runs/."""

    @extend_schema(
        operation_id="runbook_runs_list",
        tags=["runbooks"],
        responses={200: RunSerializer(many=True)},
    )
    def get(self, request: Request, number: str) -> Response:
        """What was run on the ticket, newest first."""
        ticket = access_ticket(caller(request), number, need="work")
        return Response(RunSerializer(runs_on(ticket), many=True).data)

    @extend_schema(
        operation_id="runbook_runs_create",
        tags=["runbooks"],
        request=RunInput,
        responses={201: RunSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Run something, or with `dry_run` only say what it would do (200)."""
        given = self.read(RunInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        runbook = _runbook(ticket, given["runbook"])
        if given["dry_run"]:
            words = rehearse(ticket=ticket, runbook=runbook, values=given["values"])
            return Response({"preview": words})
        run = propose_run(
            ticket=ticket, actor=Actor.person(user), runbook=runbook, values=given["values"]
        )
        return Response(_shown(ticket, run), status=201)


def _runbook(ticket: Ticket, name: str) -> Runbook:
    rows = runbooks_of(ticket.organization_id)
    found = rows.filter(name=name).first()
    if found is None:
        known = ", ".join(rows.values_list("name", flat=True)[:50]) or _("(there are none yet)")
        raise InvalidChange(_("Not known here. One of: %(known)s.") % {"known": known}, "runbook")
    return found


def _shown(ticket: Ticket, run: RunbookRun) -> dict[str, Any]:
    return dict(RunSerializer(runs_on(ticket).get(pk=run.pk)).data)


class RunView(ApiView):
    """POST tickets/{number}/runbook-runs/{id}/."""

    @extend_schema(
        operation_id="runbook_runs_act",
        tags=["runbooks"],
        request=ActInput,
        responses={200: RunSerializer},
    )
    def post(self, request: Request, number: str, run_id: int) -> Response:
        """Start or decline a proposal, or take back what was done."""
        given = self.read(ActInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        rows = RunbookRun.objects.select_related("ticket").filter(ticket=ticket)
        run = rows.filter(pk=run_id).first() if run_id < 2**63 else None
        if run is None:
            raise Http404
        ACTS[given["do"]](run=run, actor=Actor.person(user))
        return Response(_shown(ticket, run))
