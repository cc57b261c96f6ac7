"""proposals/: articles that the AI would write or change, for the desk to decide."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ai.actions import proposals as actions
from ai.api.common import staff
from ai.models import ArticleProposal, ProposalTicket
from ai.proposal_selectors import access_proposal, proposals_of
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery, StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.actions.knowledge import VISIBILITIES
from tickets.models import Category

ORDERINGS = {"created_at": Ordering("created_at")}
EDITED = ("title", "body", "language", "category")


class ProposalQuery(PageQuery):
    """Query parameters of the list."""

    state = serializers.ChoiceField(required=False, choices=ArticleProposal.State.choices)


class ProposalInput(StrictSerializer):
    """Another text; what is left out stays as it is."""

    title = Text(required=False, max_length=200)
    body = Text(required=False, max_length=200_000)
    language = Text(required=False, max_length=8)
    category = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class PublishInput(StrictSerializer):
    """`visibility` is a new article's; with `review`, colleagues publish it."""

    visibility = serializers.ChoiceField(
        required=False, choices=sorted(VISIBILITIES), default="agents"
    )
    review = serializers.BooleanField(required=False, default=False)


class RejectInput(StrictSerializer):
    """Why, so that others understand it."""

    reason = Text(max_length=actions.LONGEST_REASON)


class CitedSerializer(serializers.ModelSerializer[ProposalTicket]):
    """A ticket that it rests on, with the words (personal data masked)."""

    ticket = serializers.IntegerField(source="ticket.number")
    subject = serializers.CharField(source="ticket.subject")

    class Meta:
        model = ProposalTicket
        fields = ("ticket", "subject", "quote")
        read_only_fields = fields


class ProposalSerializer(serializers.ModelSerializer[ArticleProposal]):
    """One proposed article. `article` is the one it would change, or became."""

    organization = serializers.IntegerField(source="organization_id")
    article = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    category = serializers.IntegerField(source="category_id", allow_null=True)
    decided_by = serializers.CharField(source="decided_by.display_name", default=None)

    class Meta:
        model = ArticleProposal
        fields = (
            "id", "state", "cause", "title", "language", "organization", "article",
            "base_version", "category", "source", "masked_values", "unhelpful", "created_at",
            "decided_at", "decided_by", "rejection",
        )  # fmt: skip
        read_only_fields = fields


class ProposalDetailSerializer(ProposalSerializer):
    """The same with its text and the tickets it rests on."""

    tickets = CitedSerializer(source="cited", many=True)

    class Meta:
        model = ArticleProposal
        fields = (*ProposalSerializer.Meta.fields, "body", "tickets")
        read_only_fields = fields


class ProposalsView(ApiView):
    """GET proposals/."""

    @extend_schema(
        operation_id="proposals_list",
        tags=["ai"],
        parameters=[ProposalQuery],
        responses={200: page_of(ProposalSerializer)},
    )
    def get(self, request: Request) -> Response:
        """What waits and what became of the others; for the desk. Queries: 1."""
        asked = ProposalQuery.read(request)
        rows = proposals_of(staff(request))
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        return Page(request, rows, ORDERINGS, "-created_at").response(ProposalSerializer)


class ProposalView(ApiView):
    """GET and PATCH proposals/{id}/."""

    @extend_schema(
        operation_id="proposals_read", tags=["ai"], responses={200: ProposalDetailSerializer}
    )
    def get(self, request: Request, proposal_id: int) -> Response:
        """One of them with its text and its tickets."""
        return _answer(request, proposal_id)

    @extend_schema(
        operation_id="proposals_edit",
        tags=["ai"],
        request=ProposalInput,
        responses={200: ProposalDetailSerializer},
    )
    def patch(self, request: Request, proposal_id: int) -> Response:
        """Give it another text before it is taken over."""
        given = self.read(ProposalInput)
        row = access_proposal(staff(request), proposal_id)
        values = {name: given.get(name, getattr(row, name)) for name in EDITED}
        if given.get("category"):
            values["category"] = _category(row, given["category"])
        actions.edit_proposal(proposal=row, by=staff(request), **values)
        return _answer(request, proposal_id)


class PublishProposalView(ApiView):
    """POST proposals/{id}/publish/."""

    @extend_schema(
        operation_id="proposals_publish",
        tags=["ai"],
        request=PublishInput,
        responses={200: ProposalDetailSerializer},
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Make it the article, or its next version; or hand it to review."""
        given = self.read(PublishInput)
        user = staff(request)
        act = actions.hand_to_review if given["review"] else actions.publish_proposal
        act(proposal=access_proposal(user, proposal_id), by=user, visibility=given["visibility"])
        return _answer(request, proposal_id)


class RejectProposalView(ApiView):
    """POST proposals/{id}/reject/."""

    @extend_schema(
        operation_id="proposals_reject",
        tags=["ai"],
        request=RejectInput,
        responses={200: ProposalDetailSerializer},
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Say no: it does not come back for these tickets."""
        given = self.read(RejectInput)
        user = staff(request)
        row = access_proposal(user, proposal_id)
        actions.reject_proposal(proposal=row, by=user, reason=given["reason"])
        return _answer(request, proposal_id)


def _answer(request: Request, proposal_id: int) -> Response:
    return Response(ProposalDetailSerializer(access_proposal(staff(request), proposal_id)).data)


def _category(row: ArticleProposal, pk: int) -> Category:
    own = Category.objects.filter(organization_id=row.organization_id, is_active=True)
    found = own.filter(pk=pk).first()
    if found is None:
        raise ValidationError({"category": [_("There is no such category.")]})
    return found
