"""Serializers that take exactly what they name: no unknown field, no guessed type."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

DEEPEST_JSON = 8
LARGEST_JSON = 50_000


class Text(serializers.CharField):
    """Text only: a number or a boolean is a mistake of the caller's, not text."""

    def to_internal_value(self, data: Any) -> str:
        """The text, or a field error."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class JSONObject(serializers.DictField):
    """A JSON object of bounded depth and size that PostgreSQL can store."""

    default_error_messages = {
        "too_deep": _("Nested too deeply."),
        "too_large": _("At most %(limit)d characters of JSON.") % {"limit": LARGEST_JSON},
        "unstorable": _("Contains characters that cannot be stored."),
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object, or a field error."""
        value = super().to_internal_value(data)
        if _depth(value) > DEEPEST_JSON:
            self.fail("too_deep")
        text = json.dumps(value, ensure_ascii=False)
        if len(text) > LARGEST_JSON:
            self.fail("too_large")
        if not all(map(_is_storable, _texts(value))):
            self.fail("unstorable")
        return dict(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_storable(text: str) -> bool:
    return not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


def _depth(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, by name, together with every other error."""

    def to_internal_value(self, data: Any) -> Any:
        """Validated values; `ValidationError` names every wrong or unknown field."""
        unknown: dict[str, list[str]] = {}
        if isinstance(data, Mapping):
            known = {field.field_name for field in self._writable_fields}
            unknown = {str(n): [str(_("Unknown field."))] for n in data if n not in known}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise serializers.ValidationError({**unknown, **error.detail}) from None
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return values


class OneOrMany(serializers.ListField):
    """A query parameter that may be repeated, or hold several values between commas."""

    child = Text(max_length=200)

    def __init__(self, **options: Any) -> None:
        self.split = bool(options.pop("split", True))
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> list[Any]:
        """The values, each checked by `child`."""
        given = data if isinstance(data, list) else [data]
        parts = [part for value in given for part in (value.split(",") if self.split else [value])]
        return super().to_internal_value([part.strip() for part in parts if part.strip()])


class PageQuery(StrictSerializer):
    """Query parameters of every list."""

    # Parameters that begin with this are a family of their own, which a subclass reads.
    family: ClassVar[str] = ""

    cursor = Text(required=False, help_text=_("From `next` or `previous` of the page before."))
    page_size = serializers.IntegerField(
        required=False, min_value=1, help_text=_("1 to 100, 25 by default.")
    )
    ordering = Text(required=False, help_text=_("A field to sort by; `-` in front: descending."))

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The request's query, validated; raises `ValidationError`."""
        query = request.query_params
        fields = cls().fields
        many = {name for name, field in fields.items() if isinstance(field, OneOrMany)}
        names = [name for name in query if not cls.family or not name.startswith(cls.family)]
        data = {name: query.getlist(name) if name in many else query[name] for name in names}
        serializer = cls(data=data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class ProblemSchema(serializers.Serializer[Any]):
    """RFC 9457 problem details, as every error is told."""

    type = serializers.CharField(help_text="urn:omnidesk:problem:<kind>")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )
    correlation_id = serializers.CharField()
