"""Signed JSON of any program (Standard Webhooks): kept, answered at once."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from integrations import signatures
from integrations.actions.receipts import Arrival
from integrations.api.base import (
    NOT_SIGNED,
    Call,
    Webhook,
    keep_call,
    not_signed,
    raw_body,
    refuse_paused,
)
from integrations.api.servicedesk_plus import KeptSchema, header
from integrations.channels.sms_gateway import parse as gateway
from integrations.channels.webhook import parse as webhook
from integrations.models import Channel
from omnidesk.core.vault import UnreadableSecret


def _of_webhook(body: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    found = webhook.parse(body, settings)
    return found.email, found.subject


def _of_gateway(body: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    found = gateway.parse(body, settings)
    return found.sender, found.text


# Sender and subject of what each kind takes here; raises ValueError with a sentence.
LOOKS: Final[Mapping[str, Callable[[bytes, Mapping[str, Any]], tuple[str, str]]]] = {
    "webhook": _of_webhook,
    "sms_gateway": _of_gateway,
}


class InboundWebhook(Webhook):
    """POST webhooks/inbound/{channel}/."""

    kinds: ClassVar[tuple[str, ...]] = tuple(LOOKS)

    @extend_schema(
        operation_id="webhook_inbound",
        tags=["webhooks"],
        summary="Signed JSON becomes a ticket",
        parameters=[
            header("webhook-id", "Id of this call; the same again does nothing."),
            header("webhook-timestamp", "Unix seconds."),
            header("webhook-signature", "v1,<base64 HMAC-SHA256>, several by blank."),
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={
            202: OpenApiResponse(KeptSchema, "Kept; a worker takes it in."),
            200: OpenApiResponse(KeptSchema, "Known already, signed anew: nothing happens twice."),
            400: OpenApiResponse(description="Signed, but unusable: kept in quarantine."),
            401: NOT_SIGNED,
            413: OpenApiResponse(description="More than 1 MB."),
        },
        auth=[],
    )
    def post(self, request: Request, channel: str) -> HttpResponse:
        """Verify over the raw bytes, keep, answer."""
        found = self.channel(channel)
        call = judge(request, found, raw_body(request))
        refuse_paused(found)
        return keep_call(request, found, call)


def judge(request: HttpRequest | Request, channel: Channel, body: bytes) -> Call:
    """The call as it is kept. Raises one neutral 401 for every failure of its signature.

    Its id says whether it came before; what was signed with it tells a new try from a replay.
    """
    call_id, stamp = _verify(request, channel, body)
    sender, subject, problem = _look(channel, body)
    signed = hashlib.sha256(f"{call_id} {stamp} ".encode() + body).hexdigest() if stamp else ""
    arrival = Arrival(
        external_id=call_id, raw=body, remote_uid=signed, sender=sender, subject=subject
    )
    return Call(arrival, problem, stamped="uid" if stamp else "")


def _look(channel: Channel, body: bytes) -> tuple[str, str, str]:
    """Sender, subject, and a sentence where the call cannot be used."""
    try:
        sender, subject = LOOKS[channel.kind](body, channel.settings)
    except ValueError as problem:
        return "", "", str(problem)
    return sender, subject, ""


def _verify(request: HttpRequest | Request, channel: Channel, body: bytes) -> tuple[str, str]:
    """What identifies the signed call, and when it was signed ('' where nothing says so).

    Raises one neutral 401 for every failure.
    """
    try:
        secrets = [channel.secret("secret"), channel.secret("old_secret")]
    except UnreadableSecret:
        raise not_signed() from None
    call_id = request.headers.get("webhook-id", "").strip()
    static = str(channel.settings.get("static_header") or "")
    if static:
        if not signatures.same_secret(request.headers.get(static, ""), secrets):
            raise not_signed()
        return f"static:{call_id[:200]}:{hashlib.sha256(body).hexdigest()}", ""
    stamp = request.headers.get("webhook-timestamp", "").strip()
    try:
        signatures.timestamp_of(stamp)
    except signatures.Stale:
        raise not_signed() from None
    given = request.headers.get("webhook-signature", "")
    if not signatures.standard_signed_by(given, secrets, call_id, stamp, body):
        raise not_signed()
    return call_id, stamp
