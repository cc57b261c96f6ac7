"""ServiceDesk Plus tells us of its requests: signed by our convention, kept, answered at once."""

import hashlib
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import signatures
from integrations.actions.receipts import Verdict, keep, write_verdict
from integrations.api.base import Webhook, not_signed, raw_body, refuse_paused, refused_but_kept
from integrations.base import InboundRequest
from integrations.channels.servicedesk_plus.parse import NotReadable, parse
from integrations.models import Channel, ReceiptState
from integrations.tasks import nudge_taking
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
            200: OpenApiResponse(KeptSchema, "Known already: nothing happens twice."),
            400: OpenApiResponse(description="Signed, but no request: kept in quarantine."),
            401: OpenApiResponse(description="The signature is missing, wrong or too old."),
            413: OpenApiResponse(description="More than 1 MB."),
        },
        auth=[],
    )
    def post(self, request: Request, channel: str) -> HttpResponse:
        """Verify over the raw bytes, keep, answer."""
        found = self.channel(channel)
        body = raw_body(request)
        call_id = _verify(request, found, body)
        refuse_paused(found)
        delivery = request.headers.get("X-OmniDesk-Delivery", "").strip()
        remote_uid = hashlib.sha256(delivery.encode()).hexdigest() if delivery else ""
        hint, problem = _hint(body)
        receipt = keep(
            found, call_id, body, remote_uid=remote_uid, sender=hint.email,
            subject=hint.subject, waiting=not problem,
        )  # fmt: skip
        if problem and not receipt.was_known:
            write_verdict(receipt, Verdict(ReceiptState.QUARANTINED, problem))
        elif not receipt.was_known:
            nudge_taking(receipt)
        if problem:
            return refused_but_kept(request, problem)
        known = receipt.was_known
        return Response(
            {"state": "known" if known else "queued", "receipt": receipt.pk},
            status=200 if known else 202,
        )


def _hint(body: bytes) -> tuple[InboundRequest, str]:
    """What the call says; a sentence where it is no request (then it waits in quarantine)."""
    try:
        return parse(body), ""
    except NotReadable as problem:
        return InboundRequest(), str(problem)


def _verify(request: Request, channel: Channel, body: bytes) -> str:
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
