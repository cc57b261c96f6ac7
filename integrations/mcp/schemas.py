"""JSON Schema of a serializer: the arguments of a tool, told from what checks them."""

from typing import Any

from rest_framework import serializers

from omnidesk.core.api.serializers import StrictSerializer
from tickets.api.inputs import Reference

_PLAIN: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]], ...] = (
    (serializers.EmailField, {"type": "string", "format": "email"}),
    (serializers.CharField, {"type": "string"}),
    (serializers.IntegerField, {"type": "integer"}),
    (serializers.BooleanField, {"type": "boolean"}),
    (serializers.DictField, {"type": "object"}),
    (Reference, {"type": ["string", "integer"]}),
)
_LIMITS = (
    ("max_length", "maxLength"), ("min_value", "minimum"), ("max_value", "maximum"),
)  # fmt: skip


def schema_of(serializer: type[StrictSerializer]) -> dict[str, Any]:
    """The object that `serializer` takes; nothing beside its fields."""
    fields = serializer().fields
    return {
        "type": "object",
        "properties": {name: _field(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _field(field: Any) -> dict[str, Any]:
    if isinstance(field, serializers.ChoiceField):
        shape: dict[str, Any] = {"type": "string", "enum": list(field.choices)}
    elif isinstance(field, serializers.ListField):
        shape = {"type": "array", "items": _field(field.child)}
        if field.max_length:
            shape["maxItems"] = field.max_length
    else:
        shape = dict(next(plain for kind, plain in _PLAIN if isinstance(field, kind)))
        for ours, theirs in _LIMITS:
            if (limit := getattr(field, ours, None)) is not None:
                shape[theirs] = limit
    if field.help_text:
        shape["description"] = str(field.help_text)
    if not field.required and isinstance(field.default, str | int | bool):
        shape["default"] = field.default
    return shape
