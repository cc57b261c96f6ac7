"""approvals/, approval-policies/ and tickets/{number}/approvals/."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.core.api.serializers import StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket
from tickets.actions.approve import LONGEST_TEXT, answer_approval, ask_approval
from tickets.actions.base import Actor, InvalidChange
from tickets.api.serializers import PersonSerializer
from tickets.approval_selectors import approvals_on, open_votes_of, policies_of, votes_of
from tickets.models import Approval, ApprovalState, Ticket, VoteState


class VoteSerializer(serializers.Serializer[Any]):
    """One person's part."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    person = PersonSerializer()
    instead_of = serializers.CharField()
    state = serializers.ChoiceField(choices=VoteState.choices)
    comment = serializers.CharField()
    answered_at = serializers.DateTimeField(allow_null=True)


class ApprovalSerializer(serializers.Serializer[Any]):
    """A question on a ticket with its answers."""

    id = serializers.IntegerField()
    policy = serializers.CharField(source="policy.name")
    question = serializers.CharField()
    state = serializers.ChoiceField(choices=ApprovalState.choices)
    asked_by = serializers.CharField(source="asked_label")
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    votes = VoteSerializer(many=True)


class AskedSerializer(serializers.Serializer[Any]):
    """A question that waits for the caller."""

    id = serializers.IntegerField()
    policy = serializers.CharField(source="approval.policy.name")
    question = serializers.CharField(source="approval.question")
    ticket = serializers.IntegerField(source="approval.ticket.number")
    subject = serializers.CharField(source="approval.ticket.subject")
    asked_by = serializers.CharField(source="approval.asked_label")
    due_at = serializers.DateTimeField(source="approval.due_at")
    state = serializers.ChoiceField(choices=VoteState.choices)


class PolicySerializer(serializers.Serializer[Any]):
    """A definition that can be asked."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()


class AskInput(StrictSerializer):
    """What to ask, and by which definition."""

    policy = Text(max_length=120)
    question = Text(max_length=LONGEST_TEXT)


class AnswerInput(StrictSerializer):
    """The caller's answer."""

    decision = serializers.ChoiceField(choices=["approve", "reject"])
    comment = Text(max_length=LONGEST_TEXT, required=False, default="", allow_blank=True)


class TicketApprovalsView(ApiView):
    """GET, POST tickets/{number}/approvals/."""

    @extend_schema(
        operation_id="approvals_on_ticket",
        tags=["approvals"],
        responses={200: ApprovalSerializer(many=True)},
    )
    def get(self, request: Request, number: str) -> Response:
        """What was asked on the ticket, newest first."""
        ticket = access_ticket(caller(request), number, need="work")
        return Response(ApprovalSerializer(approvals_on(ticket), many=True).data)

    @extend_schema(
        operation_id="approvals_ask",
        tags=["approvals"],
        request=AskInput,
        responses={201: ApprovalSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Ask for approval."""
        given = self.read(AskInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        policies = policies_of(ticket.organization_id)
        policy = policies.filter(name=given["policy"]).first()
        if policy is None:
            known = ", ".join(policies.values_list("name", flat=True)[:50])
            known = known or _("(there are none yet)")
            raise InvalidChange(
                _("Not known here. One of: %(known)s.") % {"known": known}, "policy"
            )
        actor = Actor.person(user)
        approval = ask_approval(
            ticket=ticket, actor=actor, policy=policy, question=given["question"]
        )
        return Response(_shown(ticket, approval), status=201)


def _shown(ticket: Ticket, approval: Approval) -> dict[str, Any]:
    return dict(ApprovalSerializer(approvals_on(ticket).get(pk=approval.pk)).data)


class ApprovalPoliciesView(ApiView):
    """GET tickets/{number}/approval-policies/."""

    @extend_schema(
        operation_id="approval_policies_list",
        tags=["approvals"],
        responses={200: PolicySerializer(many=True)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The definitions that can be asked on the ticket."""
        ticket = access_ticket(caller(request), number, need="work")
        return Response(PolicySerializer(policies_of(ticket.organization_id), many=True).data)


class AskedView(ApiView):
    """GET approvals/."""

    @extend_schema(
        operation_id="approvals_list",
        tags=["approvals"],
        responses={200: AskedSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """What waits for the caller's answer."""
        return Response(AskedSerializer(open_votes_of(caller(request))[:100], many=True).data)


class AnswerView(ApiView):
    """POST approvals/{id}/answer/."""

    @extend_schema(
        operation_id="approvals_answer",
        tags=["approvals"],
        request=AnswerInput,
        responses={200: AskedSerializer},
    )
    def post(self, request: Request, vote_id: int) -> Response:
        """Agree or refuse, once."""
        given = self.read(AnswerInput)
        user = caller(request)
        vote = votes_of(user).filter(pk=vote_id).first() if vote_id < 2**63 else None
        if vote is None:
            raise Http404
        agrees = given["decision"] == "approve"
        answer_approval(vote=vote, person=user, agrees=agrees, comment=given["comment"], via="api")
        return Response(AskedSerializer(votes_of(user).get(pk=vote.pk)).data)
