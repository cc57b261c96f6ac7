"""ServiceDesk Plus tells us of its requests: signed by our convention, kept, answered at once."""

import hashlib
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
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
from integrations.base import InboundRequest
from integrations.channels.servicedesk_plus.parse import NotReadable, parse
from integrations.models import Channel
from omnidesk.core.vault import UnreadableSecret


class KeptSchema(serializers.Serializer[Any]):
    """What became of a call."""

    state = serializers.CharField(help_text="queued or known")
    receipt = serializers.IntegerField()


def header(name: str, words: str, *, required: bool = True) -> OpenApiParameter:
    """One header for the schema."""
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, required=required, description=words
    )


class ServiceDeskPlusWebhook(Webhook):
    """POST webhooks/servicedesk-plus/{channel}/."""

    kinds: ClassVar[tuple[str, ...]] = ("servicedesk_plus",)

    @extend_schema(
        operation_id="webhook_servicedesk_plus",
        tags=["webhooks"],
        summary="A request of ServiceDesk Plus was made or changed",
        parameters=[
            header("X-OmniDesk-Timestamp", "Unix seconds."),
            header(
                "X-OmniDesk-Signature",
                "sha256=<hex HMAC-SHA256(secret, timestamp + '.' + body)>, several by comma.",
            ),
            header("X-OmniDesk-Delivery", "Id of this call.", required=False),
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={
            202: OpenApiResponse(KeptSchema, "Kept; a worker takes it in."),
            200: OpenApiResponse(KeptSchema, "Known already, signed anew: nothing happens twice."),
            400: OpenApiResponse(description="Signed, but no request: kept in quarantine."),
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
    """The call as it is kept. Raises one neutral 401 for every failure of its signature."""
    call_id = _verify(request, channel, body)
    delivery = request.headers.get("X-OmniDesk-Delivery", "").strip()
    remote_uid = hashlib.sha256(delivery.encode()).hexdigest() if delivery else ""
    hint, problem = _hint(body)
    arrival = Arrival(
        external_id=call_id, raw=body, remote_uid=remote_uid, sender=hint.email,
        subject=hint.subject,
    )  # fmt: skip
    return Call(arrival, problem, stamped="id" if call_id.startswith("signed:") else "")


def _hint(body: bytes) -> tuple[InboundRequest, str]:
    """What the call says; a sentence where it is no request (then it waits in quarantine)."""
    try:
        return parse(body), ""
    except NotReadable as problem:
        return InboundRequest(), str(problem)


def _verify(request: HttpRequest | Request, channel: Channel, body: bytes) -> str:
    """What identifies the signed call. Raises one neutral 401 for every failure."""
    try:
        secrets = [channel.secret("secret"), channel.secret("old_secret")]
    except UnreadableSecret:
        raise not_signed() from None
    static = str(channel.settings.get("static_header") or "")
    digest = hashlib.sha256(body).hexdigest()
    if static:
        if not signatures.same_secret(request.headers.get(static, ""), secrets):
            raise not_signed()
        return f"static:{request.headers.get('X-OmniDesk-Delivery', '')[:200]}:{digest}"
    stamp = request.headers.get("X-OmniDesk-Timestamp", "").strip()
    window = int(channel.settings.get("window") or signatures.WINDOW)
    try:
        signatures.timestamp_of(stamp, window=window)
    except signatures.Stale:
        raise not_signed() from None
    given = request.headers.get("X-OmniDesk-Signature", "")
    if not signatures.signed_by(given, secrets, stamp, body):
        raise not_signed()
    # By what was signed, not by the signature: two secrets sign one call in two ways.
    return f"signed:{stamp}:{digest}"
