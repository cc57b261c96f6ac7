"""What clients send to the AI's endpoints and what they get."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ai.models import Training
from omnidesk.core.api.serializers import StrictSerializer, Text
from tickets.api.inputs import Reference

LONGEST_TEXT = 200_000
MOST_TEXTS = 256
MOST_HITS = 100
KINDS = ("ticket", "article", "document", "response")


class OrganizationInput(StrictSerializer):
    """Base of inputs that may name an organization; by default it is the caller's own."""

    organization = Reference(required=False)


class ClassifyInput(OrganizationInput):
    """A text to sort."""

    subject = Text(required=False, allow_blank=True, max_length=300, default="")
    description = Text(max_length=LONGEST_TEXT)


class AnalyzeInput(StrictSerializer):
    """The form of older clients."""

    description = Text(max_length=LONGEST_TEXT)
    company_id = Reference(required=False, allow_null=True)


class SearchFilters(StrictSerializer):
    """Narrows the tickets found; other kinds stay."""

    status_category = serializers.ListField(
        required=False,
        child=serializers.ChoiceField(choices=["open", "pending", "solved", "closed"]),
    )
    category = serializers.ListField(required=False, child=Text(max_length=80))
    team = serializers.ListField(required=False, child=Text(max_length=80))
    organization = serializers.ListField(
        required=False, child=serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    )


class SearchInput(StrictSerializer):
    """A question in one's own words."""

    query = Text(max_length=LONGEST_TEXT)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MOST_HITS, default=10)
    kinds = serializers.ListField(
        required=False, child=serializers.ChoiceField(choices=KINDS), allow_empty=False
    )
    filters = SearchFilters(required=False)


class EmbeddingsInput(StrictSerializer):
    """Texts to embed."""

    texts = serializers.ListField(
        child=Text(max_length=LONGEST_TEXT, allow_blank=True, trim_whitespace=False),
        min_length=1,
        max_length=MOST_TEXTS,
    )


class TrainInput(OrganizationInput):
    """Which organization's models shall learn."""


class LabelSchema(serializers.Serializer[Any]):
    """A value with its calibrated probability."""

    value = serializers.CharField()
    confidence = serializers.FloatField()
    alternatives = serializers.ListField(child=serializers.DictField())


class ClassifySchema(serializers.Serializer[Any]):
    """What the AI says of a text."""

    language = serializers.CharField()
    category = LabelSchema(allow_null=True)
    urgency = LabelSchema(allow_null=True)
    team = LabelSchema(allow_null=True)
    evidence = serializers.ListField(child=serializers.DictField())
    models = serializers.ListField(child=serializers.CharField())


class AnalyzeSchema(serializers.Serializer[Any]):
    """The answer of older clients."""

    category = serializers.CharField(allow_null=True)
    priority = serializers.CharField(allow_null=True)
    team = serializers.CharField(allow_null=True)


class SimilarSchema(serializers.Serializer[Any]):
    """A ticket that tells the same story."""

    number = serializers.IntegerField()
    subject = serializers.CharField()
    score = serializers.FloatField()
    level = serializers.CharField(help_text=_("near_identical, close, related, or empty."))
    status_category = serializers.CharField()
    resolution = serializers.CharField(
        allow_null=True, help_text=_("The desk's last public answer, once settled.")
    )


class HitSchema(serializers.Serializer[Any]):
    """One search result."""

    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.CharField(help_text=_("A ticket's number, an article's short name."))
    title = serializers.CharField()
    score = serializers.FloatField()
    level = serializers.CharField(help_text=_("near_identical, close, related, or empty."))


class SearchSchema(serializers.Serializer[Any]):
    """Search results, best first."""

    degraded = serializers.BooleanField(
        help_text=_("True when the AI was away and only words were compared.")
    )
    results = HitSchema(many=True)


class EmbeddingsSchema(serializers.Serializer[Any]):
    """Vectors in the order of the texts."""

    model = serializers.CharField()
    dimensions = serializers.IntegerField()
    embeddings = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class ModelSchema(serializers.Serializer[Any]):
    """One model: the embedding model of the installation, or a learned one."""

    name = serializers.CharField()
    kind = serializers.CharField()
    organization = serializers.CharField(allow_null=True)
    version = serializers.CharField(allow_null=True)
    device = serializers.CharField(allow_null=True)
    precision = serializers.CharField(allow_null=True)
    loaded = serializers.BooleanField()
    last_trained = serializers.DateTimeField(allow_null=True)
    trained_on = serializers.IntegerField(allow_null=True)
    quality = serializers.DictField(allow_null=True)


class ServiceSchema(serializers.Serializer[Any]):
    """A service outside that is asked for a purpose; `model` is empty for its usual one."""

    purpose = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()


class ModelsStatusSchema(serializers.Serializer[Any]):
    """All models, and how busy they are."""

    reachable = serializers.BooleanField()
    models = ModelSchema(many=True)
    services = ServiceSchema(many=True)
    queue_length = serializers.IntegerField()
    mean_batch_size = serializers.FloatField(allow_null=True)
    largest_batch_size = serializers.IntegerField(allow_null=True)
    cache_hit_rate = serializers.FloatField(allow_null=True)


class TrainingSerializer(serializers.ModelSerializer[Training]):
    """A training run."""

    class Meta:
        model = Training
        fields = (
            "id",
            "organization",
            "state",
            "progress",
            "error",
            "report",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields
