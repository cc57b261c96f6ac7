"""What clients send to rag/ and what they get."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from ai.actions.chat import LONGEST_QUESTION
from ai.api.serializers import KINDS, LONGEST_TEXT
from omnidesk.core.api.serializers import StrictSerializer, Text
from tickets.api.inputs import Reference

MOST_PASSAGES = 50


class RetrieveInput(StrictSerializer):
    """A question, and where to look."""

    query = Text(max_length=LONGEST_TEXT)
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_PASSAGES, default=10
    )
    kinds = serializers.ListField(
        required=False, child=serializers.ChoiceField(choices=KINDS), allow_empty=False
    )
    language = Text(required=False, max_length=8)
    organization = Reference(required=False)


class QuestionInput(StrictSerializer):
    """A ticket by its number, or a text."""

    ticket = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    subject = Text(required=False, allow_blank=True, max_length=300)
    description = Text(required=False, max_length=LONGEST_TEXT)
    language = Text(required=False, max_length=8)
    organization = Reference(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both."""
        if ("ticket" in attrs) == ("description" in attrs):
            raise serializers.ValidationError({"ticket": [_("Name a ticket or send a text.")]})
        return attrs


class ChatInput(StrictSerializer):
    """A question, in a conversation of one's own or a new one."""

    message = Text(max_length=LONGEST_QUESTION)
    conversation = serializers.IntegerField(required=False, min_value=1)
    ticket = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text=gettext_lazy("For the desk: what a new conversation is about."),
    )
    organization = Reference(required=False)


class CitationSchema(serializers.Serializer[Any]):
    """A numbered source."""

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.IntegerField()
    title = serializers.CharField()
    place = serializers.CharField(help_text=gettext_lazy("page:3, sheet:Prices, slide:2 or empty."))
    text = serializers.CharField()
    url = serializers.CharField()


class SentenceSchema(serializers.Serializer[Any]):
    """A sentence with its sources' numbers."""

    text = serializers.CharField()
    citations = serializers.ListField(child=serializers.IntegerField())
    step = serializers.IntegerField()


class AnswerSchema(serializers.Serializer[Any]):
    """An answer, or why there is none."""

    answerable = serializers.BooleanField()
    reason = serializers.CharField()
    language = serializers.CharField()
    confidence = serializers.FloatField()
    model = serializers.CharField()
    text = serializers.CharField()
    sentences = SentenceSchema(many=True)
    citations = CitationSchema(many=True)


class ChatSchema(AnswerSchema):
    """An answer and its conversation."""

    conversation = serializers.IntegerField()


class GeneratedSchema(AnswerSchema):
    """A reply with greeting and closing."""


class StepSchema(serializers.Serializer[Any]):
    """One step of a solution."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    citations = serializers.ListField(child=serializers.IntegerField())


class SolutionSchema(AnswerSchema):
    """Steps that solve it."""

    steps = StepSchema(many=True)


class PassageSchema(serializers.Serializer[Any]):
    """A passage that may answer."""

    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.IntegerField()
    title = serializers.CharField()
    place = serializers.CharField()
    text = serializers.CharField()
    score = serializers.FloatField()
    language = serializers.CharField()
    url = serializers.CharField()


class HealthSchema(serializers.Serializer[Any]):
    """Reachability of the parts."""

    status = serializers.ChoiceField(choices=["ok", "degraded"])
    vector_store = serializers.DictField()
    models = serializers.DictField()
    services = serializers.DictField()
