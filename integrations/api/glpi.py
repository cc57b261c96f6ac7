"""GLPI 11 tells us of its tickets: signed over body and timestamp, a hint to look."""

import hashlib
import hmac
import json
from typing import Any, ClassVar, Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.actions.linking import hint
from integrations.actions.receipts import Verdict, keep, write_verdict
from integrations.api.base import Webhook, not_signed, raw_body, refuse_paused
from integrations.models import Channel, ReceiptState
from integrations.tasks import nudge_link, nudge_look
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.vault import UnreadableSecret

# Signature and timestamp are made when the event is queued; a later try carries the same ones.
WINDOW: Final = 24 * 3600
LONGEST_TOKEN: Final = 500


class GlpiWebhook(Webhook):
    """POST and GET webhooks/glpi/{channel}/."""

    kinds: ClassVar[tuple[str, ...]] = ("glpi",)

    @extend_schema(
        operation_id="webhook_glpi",
        tags=["webhooks"],
        summary="A ticket of GLPI was made or changed",
        parameters=[
            OpenApiParameter(
                "X-GLPI-timestamp", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True
            ),
            OpenApiParameter(
                "X-GLPI-signature", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
                description="hex HMAC-SHA256 over the body followed by the timestamp.",
            ),
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={
            202: OpenApiResponse(description="Taken; a worker looks at the ticket."),
            200: OpenApiResponse(description="Known already: nothing happens twice."),
            401: OpenApiResponse(description="The signature is missing, wrong or too old."),
            413: OpenApiResponse(description="More than 1 MB."),
            503: OpenApiResponse(description="The channel is paused."),
        },
        auth=[],
    )  # fmt: skip
    def post(self, request: Request, channel: str) -> HttpResponse:
        """Verify over the raw bytes, keep, make the ticket's link due."""
        found = self.channel(channel)
        body = raw_body(request)
        signature = _verify(request, found, body)
        refuse_paused(found)
        with organization_scope(found.organization_id):
            receipt = keep(found, signature, body)
            if receipt.was_known:
                return Response({"state": "known"}, status=200)
            number = ticket_of(body)
            link = hint(channel=found, remote_id=number) if number else None
            if link is not None:
                nudge_link(link)
            elif not number:
                nudge_look(found)  # a template of their own: look at what changed
            words = f"GLPI {number}" if number else ""
            write_verdict(receipt, Verdict(ReceiptState.IGNORED, words))
        return Response({"state": "queued"}, status=202)

    @extend_schema(
        operation_id="webhook_glpi_challenge",
        tags=["webhooks"],
        summary="GLPI asks whether we know the secret",
        parameters=[OpenApiParameter("crc_token", OpenApiTypes.STR, required=True)],
        responses={
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "hex HMAC-SHA256 of the token."),
            401: OpenApiResponse(description="No token, or no secret is set."),
        },
        auth=[],
    )
    def get(self, request: Request, channel: str) -> HttpResponse:
        """Answer the challenge."""
        token = request.query_params.get("crc_token", "")
        secret = _secret(self.channel(channel))
        if not token or not secret or len(token) > LONGEST_TOKEN:
            raise not_signed()
        return HttpResponse(_mac(secret, token.encode()), content_type="text/plain; charset=utf-8")


def ticket_of(body: bytes) -> str:
    """The number of the ticket that an event is about, '' where it does not say."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    event = event if isinstance(event, dict) else {}
    item, parent = (_part(event, name) for name in ("item", "parent_item"))
    if parent:
        return _id(parent.get("id"))
    if item.get("itemtype") == "Ticket" and item.get("items_id"):
        return _id(item["items_id"])
    if item.get("tickets_id"):
        return _id(item["tickets_id"])
    is_child = {"itemtype", "items_id", "documents_id"} & set(item)
    return "" if is_child else _id(item.get("id"))


def _part(event: dict[str, Any], name: str) -> dict[str, Any]:
    part = event.get(name)
    return part if isinstance(part, dict) else {}


def _id(value: object) -> str:
    text = str(value)
    return text if text.isdigit() and len(text) < 19 and int(text) > 0 else ""


def _secret(channel: Channel) -> str:
    try:
        return channel.secret("webhook_secret")
    except UnreadableSecret:
        return ""


def _mac(secret: str, data: bytes) -> str:
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


def _verify(request: Request, channel: Channel, body: bytes) -> str:
    """The signature, which names the call. Raises one neutral 401 for every failure."""
    stamp = request.headers.get("X-GLPI-timestamp", "").strip()
    given = request.headers.get("X-GLPI-signature", "").strip().lower()
    secret = _secret(channel)
    known = secret and stamp.isdigit() and len(stamp) < 12
    if not known or abs(now().timestamp() - int(stamp)) > WINDOW:
        raise not_signed()
    if not hmac.compare_digest(_mac(secret, body + stamp.encode()).encode(), given.encode()):
        raise not_signed()
    return given
