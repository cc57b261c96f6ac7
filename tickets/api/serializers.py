"""Tickets and what hangs on them, as the API shows them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from omnidesk.core.clock import now
from tickets.access import works_on
from tickets.choices import (
    ActorKind,
    AiState,
    DeliveryState,
    Impact,
    MessageKind,
    Priority,
    Source,
    StatusCategory,
    Urgency,
)
from tickets.field_selectors import field_rules, readable_values
from tickets.fields import FieldRule
from tickets.models import Attachment, Change, Message, Ticket
from tickets.sla import SlaState, sla_state


class PersonSerializer(serializers.Serializer[Any]):
    """Somebody, as far as others may know."""

    id = serializers.IntegerField()
    name = serializers.CharField(source="display_name")
    email = serializers.EmailField()


class NamedSerializer(serializers.Serializer[Any]):
    """A team or organization."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class SlaSerializer(serializers.Serializer[Any]):
    """Agreed times; `none` where no agreement covers the ticket."""

    first_response_due = serializers.DateTimeField(allow_null=True)
    next_response_due = serializers.DateTimeField(
        allow_null=True, help_text=_("While a message of the requester waits for an answer.")
    )
    resolution_due = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=SlaState.choices)


class VerdictSerializer(serializers.Serializer[Any]):
    """What the AI thinks of one field."""

    value = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    band = serializers.CharField(allow_null=True, help_text="very_likely, likely or unsure")
    state = serializers.CharField(
        allow_null=True, help_text="proposed, accepted, corrected or rejected"
    )


class AiSerializer(serializers.Serializer[Any]):
    """How far the AI is, and its latest verdict."""

    state = serializers.ChoiceField(choices=AiState.choices)
    category = VerdictSerializer(allow_null=True)
    urgency = VerdictSerializer(allow_null=True)
    team = VerdictSerializer(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    sources = serializers.ListField(
        child=serializers.JSONField(), help_text=_("Shown to the service desk only.")
    )
    autonomy = serializers.CharField(allow_null=True)
    draft = serializers.BooleanField(help_text=_("Whether a draft answer waits."))


class TicketSerializer(serializers.Serializer[Ticket]):
    """A ticket. Wants `with_row_relations`, the organization and the tags loaded."""

    number = serializers.IntegerField()
    subject = serializers.CharField()
    description = serializers.CharField()
    type = serializers.CharField(source="type.key", default=None, allow_null=True)
    status = serializers.CharField(source="status.key")
    status_category = serializers.ChoiceField(choices=StatusCategory.choices)
    pending_reason = serializers.CharField(
        source="pending_reason.key",
        default=None,
        allow_null=True,
        help_text=_("What a pending ticket waits for."),
    )
    category = serializers.CharField(source="category.name", default=None, allow_null=True)
    urgency = serializers.ChoiceField(choices=Urgency.choices)
    impact = serializers.ChoiceField(choices=Impact.choices)
    priority = serializers.ChoiceField(choices=Priority.choices)
    requester = PersonSerializer()
    assignee = PersonSerializer(allow_null=True)
    team = NamedSerializer(allow_null=True)
    organization = NamedSerializer()
    source = serializers.ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    tags = serializers.SerializerMethodField()
    custom_fields = serializers.SerializerMethodField()
    language = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    last_activity_at = serializers.DateTimeField()
    first_response_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    message_count = serializers.IntegerField()
    merged_into = serializers.IntegerField(
        source="merged_into_number",
        default=None,
        allow_null=True,
        help_text=_("Number of the ticket that this one was merged into."),
    )
    sla = serializers.SerializerMethodField()
    ai = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    def get_tags(self, ticket: Ticket) -> list[str]:
        """Names, sorted."""
        return sorted(tag.name for tag in ticket.tags.all())

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_custom_fields(self, ticket: Ticket) -> dict[str, Any]:
        """Values by key; what is the desk's alone is left out for requesters."""
        request = self.context["request"]
        works = works_on(request.user, ticket)
        rules = {} if works else _rules_of(request, ticket.organization_id)
        return readable_values(rules, ticket, works=works)

    @extend_schema_field(SlaSerializer)
    def get_sla(self, ticket: Ticket) -> dict[str, Any]:
        """Agreed times and how they stand."""
        shown = {
            "first_response_due": ticket.first_response_due,
            "next_response_due": ticket.next_response_due,
            "resolution_due": ticket.resolution_due,
            "state": sla_state(ticket, now()).value,
        }
        return dict(SlaSerializer(shown).data)

    @extend_schema_field(AiSerializer)
    def get_ai(self, ticket: Ticket) -> dict[str, Any]:
        """The verdict; other people's tickets among its sources are for the desk alone."""
        verdict = ticket.ai_verdict
        works = works_on(self.context["request"].user, ticket)
        return {
            "state": ticket.ai_state,
            **{name: _verdict(verdict.get(name)) for name in ("category", "urgency", "team")},
            "confidence": verdict.get("confidence"),
            "sources": verdict.get("sources", []) if works else [],
            "autonomy": verdict.get("autonomy"),
            "draft": bool(verdict.get("draft")) and works,
        }


def _rules_of(request: Any, organization_id: int) -> dict[str, FieldRule]:
    """An organization's definitions, read once a request."""
    known: dict[int, dict[str, FieldRule]] = getattr(request, "field_rules", {})
    if organization_id not in known:
        known[organization_id] = {rule.key: rule for rule in field_rules(organization_id)}
        request.field_rules = known
    return known[organization_id]


def _verdict(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return None
    return {name: given.get(name) for name in ("value", "confidence", "band", "state")}


class AttachmentSerializer(serializers.Serializer[Attachment]):
    """A file; `url` answers its bytes. Wants `number` in the context."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField(help_text=_("Read from the bytes, not from the name."))
    size = serializers.IntegerField(help_text=_("Bytes."))
    sha256 = serializers.CharField()
    response = serializers.IntegerField(source="message_id", allow_null=True)
    created_at = serializers.DateTimeField()
    url = serializers.SerializerMethodField()

    def get_url(self, row: Attachment) -> str:
        """Where the bytes are."""
        path = reverse("api-attachment-content", args=[self.context["number"], row.pk])
        return str(self.context["request"].build_absolute_uri(path))


class DeliverySerializer(serializers.Serializer[Any]):
    """What became of an outgoing message; `none` for what no channel has to deliver."""

    state = serializers.ChoiceField(choices=DeliveryState.choices)
    detail = serializers.CharField()


class ResponseSerializer(serializers.Serializer[Message]):
    """One message of the conversation."""

    id = serializers.IntegerField()
    visibility = serializers.ChoiceField(choices=MessageKind.choices, source="kind")
    text = serializers.CharField()
    html = serializers.CharField()
    quoted = serializers.CharField(help_text=_("The folded rest of a mail."))
    author = PersonSerializer(allow_null=True)
    from_requester = serializers.BooleanField()
    is_opening = serializers.BooleanField()
    is_ai_response = serializers.BooleanField(source="is_ai")
    source = serializers.ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    delivery = serializers.SerializerMethodField()
    attachments = AttachmentSerializer(many=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field(DeliverySerializer)
    def get_delivery(self, message: Message) -> dict[str, str]:
        """What became of it."""
        return {"state": message.delivery_state, "detail": message.delivery_detail}


class ActorSerializer(serializers.Serializer[Any]):
    """Whose hand made a change."""

    kind = serializers.ChoiceField(choices=ActorKind.choices)
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()


class ChangeSerializer(serializers.Serializer[Change]):
    """One line of the change log."""

    id = serializers.IntegerField()
    verb = serializers.CharField()
    field = serializers.CharField()
    old = serializers.JSONField(help_text=_("Null where there was none."))
    new = serializers.JSONField(help_text=_("Null where there is none."))
    actor = serializers.SerializerMethodField()
    at = serializers.DateTimeField()
    correlation_id = serializers.CharField()

    @extend_schema_field(ActorSerializer)
    def get_actor(self, change: Change) -> dict[str, Any]:
        """A person, or a machine by its label."""
        person = change.actor
        return {
            "kind": change.actor_kind,
            "id": change.actor_id,
            "name": person.display_name if person else change.actor_label,
        }
