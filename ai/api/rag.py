"""rag/ and ai/generate-response/: passages, answers with citations, steps, a chat."""

import json
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import chatting, client
from ai.actions import work
from ai.actions.chat import ask, start_conversation
from ai.api.common import AiView, organization_of
from ai.api.rag_serializers import (
    ChatInput,
    ChatSchema,
    GeneratedSchema,
    HealthSchema,
    PassageSchema,
    QuestionInput,
    RetrieveInput,
    SolutionSchema,
)
from ai.asking import DESK_KINDS, PUBLIC_KINDS, audience_in, for_requester, question_of
from ai.chat_selectors import access_conversation, source_links
from ai.client import AiUnavailable
from ai.engine.frames import frame_for
from ai.engine.manner import Manner
from ai.engine.retrieve import ticket_text
from ai.manners import manner_of
from ai.models import Conversation, Turn
from ai.routes import PURPOSES, has_service
from ai.tasks import chat as chat_task
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.views import ApiView
from tickets.access import access_ticket
from tickets.models import Ticket

OVERSAMPLING = 3


class RetrieveView(AiView):
    """POST rag/retrieve/."""

    @extend_schema(
        operation_id="rag_retrieve",
        tags=["ai"],
        request=RetrieveInput,
        responses={200: PassageSchema(many=True)},
    )
    def post(self, request: Request) -> Response:
        """Passages of tickets, articles, what solved tickets, and documents, best first."""
        given = self.read(RetrieveInput)
        user = caller(request)
        organization_id = organization_of(user, given.get("organization"))
        audience = audience_in(user, organization_id)
        kinds = given.get("kinds") or (
            ["ticket", *DESK_KINDS] if audience.staffed else PUBLIC_KINDS
        )
        asked = question_of(
            organization_id=organization_id, audience=audience, text=given["query"], kinds=kinds
        )
        asked["filters"] = {"language": given["language"]} if given.get("language") else None
        found = client.retrieve(asked, given["limit"] * OVERSAMPLING)
        return Response(_linked(user, found)[: given["limit"]])


def _linked(user: User, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose row the person may open now: what was deleted a moment ago is not told."""
    links = source_links(user, found, desk=user.is_agent)
    rows = [
        {
            **one,
            "url": links.get(("ticket" if one["kind"] == "response" else one["kind"], one["id"])),
        }
        for one in found
    ]
    return [row for row in rows if row["url"]]


class SolutionView(AiView):
    """POST rag/solution/."""

    @extend_schema(
        operation_id="rag_solution",
        tags=["ai"],
        request=QuestionInput,
        responses={200: SolutionSchema},
    )
    def post(self, request: Request) -> Response:
        """Numbered steps that solve a ticket, each with its sources; for the desk."""
        user, given, ticket = _question(self, request)
        organization_id = ticket.organization_id if ticket else _staffed(user, given)
        answer = client.answer(
            question_of(
                organization_id=organization_id,
                audience=audience_in(user, organization_id),
                text=_text(given, ticket),
                kinds=DESK_KINDS,
                language=_language(given, ticket),
                names=[ticket.requester.name] if ticket else [],
                ticket=ticket,
            )
        )
        steps = [
            {"number": number, "text": one["text"], "citations": one["citations"]}
            for number, one in enumerate(answer["sentences"], 1)
        ]
        links = source_links(user, answer["citations"], desk=True)
        return Response({**_body(answer, links), "steps": steps})


class GenerateView(AiView):
    """POST ai/generate-response/."""

    keeps_answers = False

    @extend_schema(
        operation_id="ai_generate_response",
        tags=["ai"],
        request=QuestionInput,
        responses={200: GeneratedSchema},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A reply to the requester out of what they may be told; `?stream=1` as server-sent
        events. Nothing is sent to anybody. For the desk."""
        user, given, ticket = _question(self, request)
        organization_id = ticket.organization_id if ticket else _staffed(user, given)
        name = ticket.requester.name if ticket else ""
        asked = question_of(
            organization_id=organization_id,
            text=_text(given, ticket),
            language=_language(given, ticket),
            names=[name],
            purpose="draft",
            ticket=ticket,
            **for_requester(organization_id),
        )
        manner = manner_of(organization_id)
        if request.query_params.get("stream") == "1":
            return _events(_spoken(asked, name, manner))
        answer = client.answer(asked)
        links = source_links(user, answer["citations"], desk=True)
        return Response({**_body(answer, links), "text": _letter(answer, name, manner)})


def _letter(answer: dict[str, Any], name: str, manner: Manner) -> str:
    if not answer["answerable"]:
        return ""
    frame = frame_for(answer["language"], manner)
    return f"{frame.greet(name)}\n\n{answer['text']}\n\n{frame.close('')}"


async def _spoken(asked: dict[str, Any], name: str, manner: Manner) -> AsyncIterator[str]:
    try:
        answer = await sync_to_async(client.answer, thread_sensitive=False)(asked)
    except AiUnavailable:
        yield f"event: error\ndata: {json.dumps({'type': 'unavailable'})}\n\n"
        return
    for sentence in answer["sentences"]:
        yield f"event: sentence\ndata: {json.dumps(sentence)}\n\n"
    whole = {**answer, "text": _letter(answer, name, manner)}
    yield f"event: done\ndata: {json.dumps(whole)}\n\n"


def _events(source: AsyncIterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        source,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


class ChatView(AiView):
    """POST rag/chat/."""

    @extend_schema(
        operation_id="rag_chat", tags=["ai"], request=ChatInput, responses={200: ChatSchema}
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Ask the assistant; the conversation is kept. `?stream=1` as server-sent events."""
        given = self.read(ChatInput)
        user = caller(request)
        conversation = _conversation(user, given)
        before = conversation.turns.order_by("-pk").first()
        turn = ask(conversation=conversation, question=given["message"])
        organization_id = conversation.organization_id
        if request.query_params.get("stream") == "1":
            transaction.on_commit(lambda: chat_task.delay(organization_id, turn.pk))
            return _events(chatting.listen(turn.pk))
        # The row is nobody else's before this request's transaction ends.
        claim = work.claim(Turn, turn.pk)
        desk = chatting.is_desk(conversation)
        about = conversation.ticket
        context = ticket_text(about.subject, about.description) if about else ""
        asked = question_of(
            organization_id=organization_id,
            audience=audience_in(user, organization_id),
            text=turn.question,
            kinds=DESK_KINDS if desk else PUBLIC_KINDS,
            earlier=before.question if before else context,
            language=user.language,
            names=[user.name],
            ticket=about,
        )
        try:
            answer = client.answer(asked)
        except AiUnavailable:
            if claim is not None:
                work.fail(claim)
            raise
        if claim is not None:
            work.finish(claim, answer=answer)
        links = source_links(user, answer["citations"], desk=desk)
        return Response({"conversation": conversation.pk, **_body(answer, links)})


def _conversation(user: User, given: dict[str, Any]) -> Conversation:
    if given.get("conversation"):
        return access_conversation(user, given["conversation"])
    if given.get("ticket"):
        ticket = access_ticket(user, given["ticket"], need="work")
        return start_conversation(
            organization_id=ticket.organization_id, user=user, place="desk", ticket=ticket
        )
    organization_id = organization_of(user, given.get("organization"))
    is_staff = organization_id in user.staffed_organization_ids()
    return start_conversation(
        organization_id=organization_id, user=user, place="desk" if is_staff else "portal"
    )


class HealthView(ApiView):
    """GET rag/health/."""

    @extend_schema(operation_id="rag_health", tags=["ai"], responses={200: HealthSchema})
    def get(self, request: Request) -> Response:
        """Whether vector store and models answer, and who else may be asked for what."""
        caller(request)
        try:
            worker: dict[str, Any] | None = client.status()
        except AiUnavailable:
            worker = None
        return Response(
            {
                "status": "ok" if worker else "degraded",
                "vector_store": {
                    "reachable": worker is not None,
                    "kind": worker["store"] if worker else None,
                    "passages": worker["points"] if worker else None,
                },
                "models": {
                    "reachable": worker is not None,
                    "embedding": worker["model"] if worker else None,
                },
                "services": {purpose: has_service(purpose) for purpose in PURPOSES},
            }
        )


def _question(view: AiView, request: Request) -> tuple[User, dict[str, Any], Ticket | None]:
    given = view.read(QuestionInput)
    user = caller(request)
    ticket = access_ticket(user, given["ticket"], need="work") if given.get("ticket") else None
    return user, given, ticket


def _staffed(user: User, given: dict[str, Any]) -> int:
    organization_id = organization_of(user, given.get("organization"))
    if organization_id not in user.staffed_organization_ids():
        raise PermissionDenied(_("Only the service desk can do this."))
    return organization_id


def _text(given: dict[str, Any], ticket: Ticket | None) -> str:
    if ticket is not None:
        return ticket_text(ticket.subject, ticket.description)
    return ticket_text(given.get("subject", ""), given.get("description", ""))


def _language(given: dict[str, Any], ticket: Ticket | None) -> str:
    return str(given.get("language") or (ticket.language if ticket else "") or "")


def _body(answer: dict[str, Any], links: dict[tuple[str, int], str]) -> dict[str, Any]:
    citations = [
        {**one, "url": links.get(("ticket" if one["kind"] == "response" else one["kind"],
                                  one["id"]), "")}
        for one in answer["citations"]
    ]  # fmt: skip
    return {**answer, "citations": citations}
