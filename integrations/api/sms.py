"""Text messages and their delivery reports, called by the provider."""

from typing import Any, ClassVar, Final
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from integrations import signatures
from integrations.actions.channels import note_success
from integrations.actions.receipts import keep
from integrations.actions.states import note_status
from integrations.api.base import Webhook, not_signed, raw_body, refuse_paused
from integrations.channels.sms.codes import words_for
from integrations.channels.sms.parse import fields, first, parse
from integrations.models import Channel
from integrations.tasks import nudge_taking
from omnidesk.core.api.problems import Problem
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.vault import UnreadableSecret

EMPTY_ANSWER: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
SIGNATURE: Final = OpenApiParameter(
    "X-Twilio-Signature", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="base64 HMAC over the public address and all fields.",
)  # fmt: skip
ALGORITHM: Final = OpenApiParameter(
    "X-Twilio-Webhooks-Signature-Settings", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="key=<id>,algorithm=HMAC_SHA256 where a signing key is used.",
)  # fmt: skip
TWIML: Final = {
    (200, "text/xml"): OpenApiResponse(OpenApiTypes.STR, "Taken, or known already: empty TwiML."),
    403: OpenApiResponse(description="The signature is missing or wrong; nothing is kept."),
    413: OpenApiResponse(description="More than 1 MB."),
    503: OpenApiResponse(description="The channel is paused."),
}


class SmsWebhook(Webhook):
    """A text message; also takes delivery reports, should the provider mix them up."""

    kinds: ClassVar[tuple[str, ...]] = ("sms",)

    @extend_schema(
        operation_id="webhook_sms",
        tags=["webhooks"],
        summary="A text message from Twilio",
        parameters=[SIGNATURE, ALGORITHM],
        request={"application/x-www-form-urlencoded": OpenApiTypes.OBJECT},
        responses=TWIML,
        auth=[],
    )
    def post(self, request: Request, channel: str) -> HttpResponse:
        """Verify, keep, answer with empty TwiML; the same MessageSid again changes nothing."""
        found = self.channel(channel)
        body = raw_body(request)
        _verify(request, found, body)
        refuse_paused(found)
        form = fields(body)
        if first(form, "MessageStatus"):
            _report(request, found, form)
        else:
            _keep(found, body)
        return HttpResponse(EMPTY_ANSWER, content_type="text/xml; charset=utf-8")


class SmsStatusWebhook(SmsWebhook):
    """A delivery report."""

    @extend_schema(
        operation_id="webhook_sms_status",
        tags=["webhooks"],
        summary="A delivery report from Twilio",
        parameters=[SIGNATURE, ALGORITHM, OpenApiParameter("delivery", OpenApiTypes.INT)],
        request={"application/x-www-form-urlencoded": OpenApiTypes.OBJECT},
        responses=TWIML,
        auth=[],
    )
    def post(self, request: Request, channel: str) -> HttpResponse:
        """Note it on the answer; out of order or again, nothing changes."""
        return super().post(request, channel)


def _keep(channel: Channel, body: bytes) -> None:
    text = parse(body)
    if not text.external_id or not text.sender:
        raise Problem("invalid", 400, _("MessageSid and From are needed."))
    with organization_scope(channel.organization_id):
        receipt = keep(
            channel, text.external_id, body, sender=text.sender, subject=text.text, waiting=True
        )
        if not receipt.was_known:
            note_success(channel)
            nudge_taking(receipt)


def _report(request: Request, channel: Channel, form: dict[str, list[str]]) -> None:
    number = request.query_params.get("delivery", "")
    if not number.isdigit() or len(number) > 18:
        return
    with organization_scope(channel.organization_id):
        note_status(
            channel=channel,
            delivery_id=int(number),
            part=first(form, "MessageSid")[:64],
            status=first(form, "MessageStatus").lower()[:20],
            words=words_for(first(form, "ErrorCode")),
        )


def _verify(request: Request, channel: Channel, body: bytes) -> None:
    """Raise 403 unless the provider signed this very call for this very account."""
    given = request.headers.get("X-Twilio-Signature", "")
    algorithm, secrets = _key(request, channel)
    form = fields(body)
    right = signatures.twilio_signed_by(
        given, secrets, _called_address(request, channel), form, algorithm
    )
    if not given or not right or first(form, "AccountSid") != channel.settings["account_sid"]:
        raise not_signed(403)


def _key(request: Request, channel: Channel) -> tuple[str, list[str]]:
    settings_header = request.headers.get("X-Twilio-Webhooks-Signature-Settings", "")
    try:
        if not settings_header:
            return "HMAC_SHA1", [channel.secret("auth_token"), channel.secret("old_auth_token")]
        pairs = parse_qs(settings_header.replace(" ", "").replace(",", "&"))
        algorithm = pairs.get("algorithm", [""])[0]
        return (algorithm if algorithm == "HMAC_SHA256" else ""), [channel.secret("signing_secret")]
    except UnreadableSecret:
        return "", []


def _called_address(request: Request, channel: Channel) -> str:
    # Never from Host or X-Forwarded-*: those are the caller's own words.
    base = str(channel.settings.get("public_url") or settings.BASE_URL).rstrip("/")
    raw: Any = request._request
    return base + str(raw.get_full_path())
