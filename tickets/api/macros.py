"""tickets/{number}/macros/: what is offered, what one would do, doing it, taking it back."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.serializers import StrictSerializer, Text
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.macros import Preview, apply_macro, preview_macro, undo_macro
from tickets.actions.reply import reply
from tickets.choices import Source
from tickets.macro_selectors import macro_for, offered_macros
from tickets.models import Macro, MacroUse, Ticket

MOST_WORDS = 200


class MacroQuery(StrictSerializer):
    """Words that must all be in the name or the text."""

    q = Text(required=False, default="", allow_blank=True, max_length=MOST_WORDS)


class MacroSerializer(serializers.Serializer[Any]):
    """A macro that the caller may use on the ticket."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    language = serializers.CharField()
    team = serializers.CharField(source="team.name", allow_null=True, default=None)
    used_count = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    """A macro filled in for a ticket: its text, and what it also does, in words.

    `problem` says why it cannot be applied; '' where it can.
    """

    id = serializers.IntegerField()
    name = serializers.CharField()
    text = serializers.CharField()
    effects = serializers.ListField(child=serializers.CharField())
    problem = serializers.CharField()


class ApplyInput(StrictSerializer):
    """What is answered beside the effects: usually the preview's text. Left out: no answer."""

    text = Text(required=False, default="", allow_blank=True, max_length=LONGEST_TEXT)


class MacroUseSerializer(serializers.Serializer[Any]):
    """What was done: the fields that changed with their old and new values, the answer's id."""

    id = serializers.IntegerField()
    macro = serializers.IntegerField(source="macro_id", allow_null=True)
    before = serializers.DictField()
    after = serializers.DictField()
    response = serializers.IntegerField(allow_null=True)


class UndoneSerializer(serializers.Serializer[Any]):
    """Names of the fields that were set back."""

    restored = serializers.ListField(child=serializers.CharField())


def _macro(user: User, ticket: Ticket, macro_id: int) -> Macro:
    if macro_id >= 2**63:
        raise Http404
    return macro_for(user, ticket, macro_id)


def _shown(preview: Preview) -> dict[str, Any]:
    row = {
        "id": preview.macro.pk,
        "name": preview.macro.name,
        "text": preview.text,
        "effects": [effect.words for effect in preview.effects],
        "problem": preview.problem,
    }
    return dict(PreviewSerializer(row).data)


class MacrosView(ApiView):
    """GET tickets/{number}/macros/."""

    @extend_schema(
        operation_id="macros_list",
        tags=["macros"],
        parameters=[MacroQuery],
        responses={200: MacroSerializer(many=True)},
    )
    def get(self, request: Request, number: str) -> Response:
        """What the caller may use here: in the ticket's language first, most used first."""
        query = MacroQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        found = offered_macros(user, ticket, query.validated_data["q"])
        return Response(MacroSerializer(found, many=True).data)


class MacroView(ApiView):
    """GET tickets/{number}/macros/{id}/."""

    @extend_schema(
        operation_id="macros_preview", tags=["macros"], responses={200: PreviewSerializer}
    )
    def get(self, request: Request, number: str, macro_id: int) -> Response:
        """The macro filled in for the ticket; nothing happens."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        macro = _macro(user, ticket, macro_id)
        return Response(_shown(preview_macro(macro=macro, ticket=ticket, user=user)))


class MacroApplyView(ApiView):
    """POST tickets/{number}/macros/{id}/apply/."""

    @extend_schema(
        operation_id="macros_apply",
        tags=["macros"],
        request=ApplyInput,
        responses={201: MacroUseSerializer},
    )
    def post(self, request: Request, number: str, macro_id: int) -> Response:
        """Do all that the macro does, and answer with `text`; or, refused, nothing of it."""
        given = self.read(ApplyInput)
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        macro = _macro(user, ticket, macro_id)
        written = None
        if given["text"].strip():
            actor = Actor.person(user)
            message = reply(ticket=ticket, actor=actor, text=given["text"], source=Source.API)
            written = message.pk
        use = apply_macro(macro=macro, ticket=ticket, user=user)
        row = {
            "id": use.pk, "macro_id": use.macro_id, "before": use.before, "after": use.after,
            "response": written,
        }  # fmt: skip
        return Response(MacroUseSerializer(row).data, status=201)


class MacroUndoView(ApiView):
    """POST tickets/{number}/macro-uses/{id}/undo/."""

    @extend_schema(
        operation_id="macros_undo",
        tags=["macros"],
        request=None,
        responses={200: UndoneSerializer},
    )
    def post(self, request: Request, number: str, use_id: int) -> Response:
        """Set back the fields that nobody changed since; answers and notes stay."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work", lock=True)
        uses = MacroUse.objects.filter(ticket=ticket, actor=user)
        use = uses.filter(pk=use_id).first() if use_id < 2**63 else None
        if use is None:
            raise Http404
        return Response({"restored": undo_macro(use=use, user=user)})
