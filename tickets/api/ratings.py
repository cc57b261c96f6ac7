"""ratings/ for those who work there, tickets/{number}/rating/ for the requester as well."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery, StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket, desk_tickets
from tickets.actions.base import Actor
from tickets.actions.ratings import MOST_COMMENT, rate
from tickets.fields import in_words
from tickets.models import Rating, RatingSettings, Ticket

ORDERINGS = {"rated_at": Ordering("rated_at")}


class RatingQuery(PageQuery):
    """Filters of the list."""

    score = serializers.IntegerField(required=False, min_value=1, max_value=5)
    rated_after = serializers.DateTimeField(required=False)


class RatingSerializer(serializers.Serializer[Rating]):
    """What a requester said; 5 is best, and where one only says good or bad these are 5 and 1."""

    ticket = serializers.IntegerField(source="ticket.number")
    subject = serializers.CharField(source="ticket.subject")
    score = serializers.IntegerField()
    reasons = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField()
    rated_at = serializers.DateTimeField()


class ReasonSerializer(serializers.Serializer[Any]):
    """A reason that may be given."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class TicketRatingSerializer(serializers.Serializer[Any]):
    """A ticket's rating as it stands; `open` says whether it may be given or changed now."""

    score = serializers.IntegerField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField()
    asked_at = serializers.DateTimeField(allow_null=True)
    rated_at = serializers.DateTimeField(allow_null=True)
    open = serializers.BooleanField()
    scores = serializers.ListField(child=serializers.IntegerField())
    offered_reasons = ReasonSerializer(many=True)


class RatingInput(StrictSerializer):
    """What the requester says. `score` is one of `scores`."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    reasons = serializers.ListField(child=Text(max_length=80), max_length=50, required=False)
    comment = Text(max_length=MOST_COMMENT, required=False, default="", allow_blank=True)


class RatingsView(ApiView):
    """GET ratings/."""

    @extend_schema(
        operation_id="ratings_list",
        tags=["ratings"],
        parameters=[RatingQuery],
        responses={200: page_of(RatingSerializer)},
    )
    def get(self, request: Request) -> Response:
        """What requesters said where the caller works, the latest first."""
        wanted = RatingQuery.read(request)
        user = caller(request)
        if not user.is_agent:
            raise PermissionDenied(_("Only the service desk can do this."))
        rows = Rating.objects.filter(
            rated_at__isnull=False, ticket__in=desk_tickets(user).values("pk")
        ).select_related("ticket")
        if "score" in wanted:
            rows = rows.filter(score=wanted["score"])
        if "rated_after" in wanted:
            rows = rows.filter(rated_at__gt=wanted["rated_after"])
        page = Page(request, rows.defer("ticket__search"), ORDERINGS, "-rated_at")
        return page.response(RatingSerializer)


class TicketRatingView(ApiView):
    """GET, POST tickets/{number}/rating/."""

    @extend_schema(
        operation_id="rating_read", tags=["ratings"], responses={200: TicketRatingSerializer}
    )
    def get(self, request: Request, number: str) -> Response:
        """What the requester said, and what may be said."""
        return Response(_shown(access_ticket(caller(request), number)))

    @extend_schema(
        operation_id="rating_create",
        tags=["ratings"],
        request=RatingInput,
        responses={200: TicketRatingSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Rate one's own solved ticket; within a week again."""
        given = self.read(RatingInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="write", lock=True)
        if ticket.requester_id != user.pk:
            raise PermissionDenied(_("Only the requester rates a ticket."))
        rate(
            ticket=ticket,
            actor=Actor.person(user),
            score=given["score"],
            reasons=given.get("reasons", []),
            comment=given["comment"],
        )
        return Response(_shown(ticket))


def _shown(ticket: Ticket) -> dict[str, Any]:
    """Queries: 2."""
    settings = RatingSettings.objects.filter(
        organization_id=ticket.organization_id, is_on=True
    ).first()
    rating = Rating.objects.filter(ticket=ticket).first() or Rating(ticket=ticket)
    language = get_language() or "en"
    reasons = settings.reasons if settings else []
    row = {
        "score": rating.score,
        "reasons": rating.reasons,
        "comment": rating.comment,
        "asked_at": rating.asked_at,
        "rated_at": rating.rated_at,
        "open": bool(settings and ticket.is_settled and rating.is_open),
        "scores": settings.scores if settings else [],
        "offered_reasons": [
            {"value": one["value"], "label": in_words(one["label"], language, one["value"])}
            for one in reasons
        ],
    }
    return dict(TicketRatingSerializer(row).data)
