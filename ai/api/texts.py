"""ai/classify/, analyze/, ai/embeddings/batch/: what the models say of a text."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import client
from ai.api.common import AiView, organization_of
from ai.api.serializers import (
    AnalyzeInput,
    AnalyzeSchema,
    ClassifyInput,
    ClassifySchema,
    EmbeddingsInput,
    EmbeddingsSchema,
)
from omnidesk.accounts.api.authentication import caller
from tickets.choices import Impact, priority_of

# Embedding 256 long texts on two cores takes seconds; still bounded.
EMBED_SECONDS = 15.0


class ClassifyView(AiView):
    """POST ai/classify/."""

    @extend_schema(
        operation_id="ai_classify",
        tags=["ai"],
        request=ClassifyInput,
        responses={200: ClassifySchema},
    )
    def post(self, request: Request) -> Response:
        """Category, urgency, team and language of a text; nothing is kept."""
        given = self.read(ClassifyInput)
        organization_id = organization_of(caller(request), given.get("organization"))
        answer = client.classify(organization_id, given["subject"], given["description"])
        return Response(answer)


class AnalyzeView(AiView):
    """POST analyze/."""

    @extend_schema(
        operation_id="analyze", tags=["ai"], request=AnalyzeInput, responses={200: AnalyzeSchema}
    )
    def post(self, request: Request) -> Response:
        """The same in the form of older clients."""
        given = self.read(AnalyzeInput)
        organization_id = organization_of(caller(request), given.get("company_id"))
        answer = client.classify(organization_id, "", given["description"])
        urgency = answer["urgency"]
        return Response(
            {
                "category": answer["category"] and answer["category"]["value"],
                "priority": urgency and priority_of(urgency["value"], Impact.LOW),
                "team": answer["team"] and answer["team"]["value"],
            }
        )


class EmbeddingsView(AiView):
    """POST ai/embeddings/batch/."""

    @extend_schema(
        operation_id="ai_embeddings",
        tags=["ai"],
        request=EmbeddingsInput,
        responses={200: EmbeddingsSchema},
    )
    def post(self, request: Request) -> Response:
        """Vectors of at most 256 texts."""
        given = self.read(EmbeddingsInput)
        return Response(client.embed(given["texts"], timeout=EMBED_SECONDS))
