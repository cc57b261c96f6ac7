"""What clients may send about tickets."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from omnidesk.core.api.parsers import MOST_FILES
from omnidesk.core.api.serializers import JSONObject, StrictSerializer, Text
from tickets.actions.intake import LONGEST_TEXT
from tickets.choices import Impact, Priority, Source, Urgency

MOST_TAGS = 20
# What may stand for a row in a body: its name, its id, or the object a GET shows.
REFERENCE = {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "object"}]}
NULLABLE_REFERENCE = {"oneOf": [*REFERENCE["oneOf"], {"type": "null"}]}


@extend_schema_field(REFERENCE)
class Reference(serializers.Field[Any, Any, Any, Any]):
    """A row by name or id, or the object that a GET shows for it: then its id, slug or email."""

    default_error_messages = {"invalid": _("A name, an id, or null.")}

    def to_internal_value(self, data: Any) -> str | int:
        """The name or id; what it refers to is looked up later, in the right organization."""
        if isinstance(data, dict):
            data = next((data[n] for n in ("id", "slug", "email", "name") if data.get(n)), None)
        if isinstance(data, str) and data.strip() and len(data) <= 254:
            return str(serializers.CharField().run_validation(data))
        if not isinstance(data, int) or isinstance(data, bool) or not 0 < data < 2**63:
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        """Never shown: inputs are read only."""
        return value


@extend_schema_field(NULLABLE_REFERENCE)
class NullableReference(Reference):
    """A reference that may be null."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)


class TicketFieldsInput(StrictSerializer):
    """Fields that creating and changing share."""

    type = Reference(required=False, help_text=_("By key: incident, request, problem, change."))
    category = NullableReference(required=False, help_text=_("By name."))
    urgency = serializers.ChoiceField(choices=Urgency.choices, required=False)
    impact = serializers.ChoiceField(choices=Impact.choices, required=False)
    team = NullableReference(required=False, help_text=_("By short name or name."))
    tags = serializers.ListField(child=Text(max_length=50), max_length=MOST_TAGS, required=False)
    custom_fields = JSONObject(
        required=False, help_text=_("By key; what is left out stays, null removes a value.")
    )


class NewTicketInput(TicketFieldsInput):
    """A ticket to open."""

    subject = Text(max_length=300)
    description = Text(max_length=LONGEST_TEXT, trim_whitespace=False)
    requester_email = serializers.EmailField(
        max_length=254,
        required=False,
        help_text=_("For whom; agents only. Without it the ticket is the caller's own."),
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=Source.choices, required=False, default=Source.API.value
    )
    organization = Text(
        max_length=60,
        required=False,
        help_text=_("Short name; for people of several organizations."),
    )


class TicketInput(TicketFieldsInput):
    """A change; what is left out stays as it is. `subject` is required by PUT."""

    subject = Text(max_length=300)
    status = Text(max_length=60, required=False, help_text=_("A status key, or a stage."))
    pending_reason = NullableReference(
        required=False, help_text=_("By key: what a pending ticket waits for.")
    )
    priority = serializers.ChoiceField(choices=Priority.choices, required=False)
    assignee = NullableReference(required=False, help_text=_("By address or id."))
    language = Text(max_length=8, allow_blank=True, required=False)


class ResponseInput(StrictSerializer):
    """A message to write; `attachments` are ids of files uploaded to the ticket before."""

    text = Text(max_length=LONGEST_TEXT, trim_whitespace=False)
    visibility = serializers.ChoiceField(
        choices=[("public", _("Public reply")), ("internal", _("Internal note"))],
        required=False,
        default="public",
    )
    attachments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=20,
        required=False,
        default=list,
    )


class UploadInput(serializers.Serializer[Any]):
    """multipart/form-data: one or more parts named `file`."""

    file = serializers.ListField(
        child=extend_schema_field(OpenApiTypes.BINARY)(serializers.FileField)(),
        max_length=MOST_FILES,
    )


class NoInput(StrictSerializer):
    """A body without fields."""
