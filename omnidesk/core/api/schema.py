"""OpenAPI 3.1: what every operation has in common."""

from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from omnidesk.core.api.problems import CONTENT_TYPE
from omnidesk.core.api.serializers import ProblemSchema

S = TypeVar("S", bound=serializers.BaseSerializer[Any])

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A retry with the same key gets the first answer and does nothing twice.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag you have: 304 when nothing changed.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag your change is based on: 412 when somebody was faster.",
)
_HEADERS = {
    "GET": [IF_NONE_MATCH],
    "POST": [IDEMPOTENCY_KEY],
    "PUT": [IF_MATCH],
    "PATCH": [IF_MATCH],
}


class Schema(AutoSchema):
    """Adds to every operation the problem answer and the conditional headers."""

    def get_override_parameters(self) -> list[Any]:
        """Headers by method; an idempotency key only where answers are kept."""
        own = list(super().get_override_parameters())
        if not hasattr(self.view, "keeps_answers"):
            return own
        if self.method == "POST" and not self.view.keeps_answers:
            return own
        return [*own, *_HEADERS.get(self.method, [])]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if direction == "response" and hasattr(self.view, "keeps_answers"):
            problem = OpenApiResponse(ProblemSchema, _("A problem (RFC 9457)"))
            bodies["default"] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                problem, "default", [CONTENT_TYPE]
            )
        return bodies


def page_of(serializer: type[S]) -> Any:
    """The schema of a cursor page of `serializer`."""
    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page",
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )
