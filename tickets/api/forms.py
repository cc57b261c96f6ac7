"""fields/, forms/: what may be filled in, and sending a form."""

from typing import Any
from uuid import uuid4

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.api.serializers import JSONObject, StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.actions.request_forms import Request as FormRequest
from tickets.actions.request_forms import submit_form
from tickets.api.lookups import organization_of
from tickets.choices import Source
from tickets.field_selectors import field_rules
from tickets.fields import FieldKind, FieldRule, in_words
from tickets.form_selectors import access_form, form_items, form_rules, visible_forms
from tickets.models import RequestForm


class PlaceQuery(StrictSerializer):
    """Whose fields or forms."""

    organization = Text(
        max_length=60, required=False, default="",
        help_text=_("Short name; for people of several organizations."),
    )  # fmt: skip


class OptionSerializer(serializers.Serializer[Any]):
    """One entry of a list."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class FieldSerializer(serializers.Serializer[Any]):
    """A custom field as the caller may fill it in; words in the caller's language."""

    key = serializers.CharField()
    type = serializers.ChoiceField(choices=FieldKind.choices, source="kind")
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    help = serializers.SerializerMethodField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    options = serializers.SerializerMethodField()
    unit = serializers.CharField()
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    pattern = serializers.CharField()
    on_every_ticket = serializers.BooleanField()
    shown_when = serializers.SerializerMethodField()

    def get_label(self, rule: FieldRule) -> str:
        """The field's name."""
        return rule.name(get_language() or "en")

    def get_help(self, rule: FieldRule) -> str:
        """The text beside it."""
        return in_words(rule.help, get_language() or "en")

    def get_options(self, rule: FieldRule) -> list[dict[str, str]]:
        """The entries of a list."""
        language = get_language() or "en"
        return [
            {"value": o.value, "label": in_words(o.label, language, o.value)} for o in rule.options
        ]

    def get_shown_when(self, rule: FieldRule) -> list[dict[str, Any]]:
        """Conditions: all must hold."""
        return [{"field": c.field, "values": list(c.values)} for c in rule.shown_when]


class FormSerializer(serializers.Serializer[Any]):
    """A form of the catalogue."""

    key = serializers.CharField()
    title = serializers.SerializerMethodField()
    summary = serializers.CharField(source="summary_words")
    group = serializers.SerializerMethodField()

    def get_title(self, form: RequestForm) -> str:
        """In the caller's language."""
        return str(form)

    def get_group(self, form: RequestForm) -> str:
        """The heading it stands under."""
        return str(form.group) if form.group else ""


class FormDetailSerializer(FormSerializer):
    """A form with what it asks."""

    asks = serializers.SerializerMethodField()

    @extend_schema_field(FieldSerializer(many=True))
    def get_asks(self, form: RequestForm) -> Any:
        """The fields, in the form's order."""
        return FieldSerializer(self.context["rules"], many=True).data


class SubmissionInput(StrictSerializer):
    """What is filled in."""

    values = JSONObject(required=False, default=dict)
    note = Text(max_length=20_000, required=False, default="", allow_blank=True)
    token = serializers.UUIDField(
        required=False, help_text=_("Sending the same token again opens nothing new.")
    )


class SubmissionSerializer(serializers.Serializer[Any]):
    """The tickets that were opened."""

    ticket = serializers.IntegerField()
    further = serializers.ListField(child=serializers.IntegerField())


def _place(request: Request, user: User) -> int:
    query = PlaceQuery(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return organization_of(user, query.validated_data["organization"]).pk


class FieldsView(ApiView):
    """GET fields/."""

    @extend_schema(
        operation_id="fields_list",
        tags=["forms"],
        parameters=[PlaceQuery],
        responses={200: FieldSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The organization's custom fields that the caller may fill in."""
        user = caller(request)
        place = _place(request, user)
        works = user.has_role(place, Role.AGENT)
        rules = [rule for rule in field_rules(place) if works or not rule.desk_only]
        return Response(FieldSerializer(rules, many=True).data)


class FormsView(ApiView):
    """GET forms/."""

    @extend_schema(
        operation_id="forms_list",
        tags=["forms"],
        parameters=[PlaceQuery],
        responses={200: FormSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The request catalogue as the caller sees it."""
        user = caller(request)
        forms = visible_forms(user, _place(request, user))
        return Response(FormSerializer(forms, many=True).data)


class FormView(ApiView):
    """GET, POST forms/{key}/."""

    @extend_schema(
        operation_id="forms_read",
        tags=["forms"],
        parameters=[PlaceQuery],
        responses={200: FormDetailSerializer},
    )
    def get(self, request: Request, key: str) -> Response:
        """One form with its fields."""
        user = caller(request)
        form = access_form(user, _place(request, user), key)
        by_desk = user.has_role(form.organization_id, Role.AGENT)
        rules = form_rules(form_items(form), by_desk=by_desk)
        return Response(FormDetailSerializer(form, context={"rules": rules}).data)

    @extend_schema(
        operation_id="forms_submit",
        tags=["forms"],
        parameters=[PlaceQuery],
        request=SubmissionInput,
        responses={201: SubmissionSerializer},
    )
    def post(self, request: Request, key: str) -> Response:
        """Send the form: its tickets are opened for the caller."""
        user = caller(request)
        form = access_form(user, _place(request, user), key)
        given = self.read(SubmissionInput)
        sent = FormRequest(
            token=given.get("token") or uuid4(), values=given["values"], note=given["note"]
        )
        ticket = submit_form(form=form, person=user, request=sent, source=Source.API)
        links = ticket.submission.ticket_links.order_by("pk")
        further = links.values_list("ticket__number", flat=True)
        return Response({"ticket": ticket.number, "further": list(further)}, status=201)
