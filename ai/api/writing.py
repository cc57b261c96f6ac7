"""tickets/{number}/summary/ and .../translations/: by the ticket's own words, or by a model."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ai.api.common import AiView
from ai.engine.mood import MOODS
from ai.engine.summary import Point
from ai.summing import Summed, summed_up, translated
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.serializers import StrictSerializer
from tickets.access import access_ticket, readable_messages


class LanguageInput(StrictSerializer):
    """In which language; by default the caller's."""

    language = serializers.ChoiceField(required=False, choices=settings.LANGUAGES)


class TranslationInput(LanguageInput):
    """Which message of the ticket."""

    message = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class PointSchema(serializers.Serializer[Any]):
    """A sentence word for word, with the message it stands in."""

    text = serializers.CharField()
    message = serializers.IntegerField()
    who = serializers.ChoiceField(choices=["requester", "desk", "note"])


class WrittenSchema(serializers.Serializer[Any]):
    """What a model wrote; `reason` says why there is nothing: no_service, policy, budget, away,
    failed."""

    reason = serializers.CharField()
    points = serializers.ListField(child=serializers.CharField())
    questions = serializers.ListField(child=serializers.CharField())
    mood = serializers.CharField(allow_blank=True)
    step = serializers.CharField()
    model = serializers.CharField()
    written_at = serializers.DateTimeField(allow_null=True)
    stale = serializers.ListField(child=serializers.CharField())


class MoodSchema(serializers.Serializer[Any]):
    """How the requester seems to feel, and their own words that tell it ("" for calm)."""

    name = serializers.ChoiceField(choices=MOODS)
    words = serializers.CharField(allow_blank=True)


class SummarySchema(serializers.Serializer[Any]):
    """A ticket summed up in its own words, and by a model where one wrote."""

    points = PointSchema(many=True)
    questions = PointSchema(many=True)
    mood = MoodSchema()
    step = serializers.ChoiceField(choices=["answer", "wait_answer", "wait", "settled"])
    written = WrittenSchema(allow_null=True)


class TranslationSchema(serializers.Serializer[Any]):
    """A message in another language, or the reason why not."""

    reason = serializers.CharField()
    text = serializers.CharField()
    model = serializers.CharField()
    language = serializers.CharField()


class SummaryView(AiView):
    """GET, POST tickets/{number}/summary/."""

    @extend_schema(
        operation_id="tickets_summary",
        tags=["ai"],
        parameters=[LanguageInput],
        responses={200: SummarySchema},
    )
    def get(self, request: Request, number: str) -> Response:
        """The ticket in its own words, and what a model wrote before; nothing is asked outside."""
        query = LanguageInput(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return Response(self._summary(request, number, query.validated_data, by_model=False))

    @extend_schema(
        operation_id="tickets_summary_write",
        tags=["ai"],
        request=LanguageInput,
        responses={200: SummarySchema},
    )
    def post(self, request: Request, number: str) -> Response:
        """Have a model sum it up, unless what it wrote before still stands; for the desk."""
        given = self.read(LanguageInput)
        return Response(self._summary(request, number, given, by_model=True))

    def _summary(
        self, request: Request, number: str, given: dict[str, Any], *, by_model: bool
    ) -> dict[str, Any]:
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        found = summed_up(user, ticket, _language(user, given), by_model=by_model)
        return {
            "points": [_point(one) for one in found.own.points],
            "questions": [_point(one) for one in found.own.questions],
            "mood": {"name": found.own.mood.name, "words": found.own.mood.words},
            "step": found.own.step,
            "written": _told(found),
        }


class TranslationsView(AiView):
    """POST tickets/{number}/translations/."""

    @extend_schema(
        operation_id="tickets_translate",
        tags=["ai"],
        request=TranslationInput,
        responses={200: TranslationSchema},
    )
    def post(self, request: Request, number: str) -> Response:
        """One message in another language, by a model; kept, so that it is paid once."""
        given = self.read(TranslationInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        message = readable_messages(user, ticket).filter(pk=given["message"]).first()
        if message is None:
            raise Http404(_("There is no such message here."))
        language = _language(user, given)
        found = translated(ticket, message, language)
        text, model = found.get("text", ""), found.get("model", "")
        return Response(
            {"reason": found["reason"], "text": text, "model": model, "language": language}
        )


def _language(user: User, given: dict[str, Any]) -> str:
    return str(given.get("language") or user.language or "en")[:2]


def _point(point: Point) -> dict[str, Any]:
    return {"text": point.text, "message": point.key, "who": point.who}


def _told(found: Summed) -> dict[str, Any] | None:
    if found.written is None:
        return None
    nothing: dict[str, Any] = {"points": [], "questions": [], "mood": "", "step": "", "model": ""}
    return {
        **nothing,
        **found.written,
        "written_at": found.kept.written_at if found.kept else None,
        "stale": [doubt.words for doubt in found.doubts],
    }
