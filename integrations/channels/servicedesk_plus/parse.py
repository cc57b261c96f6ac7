"""A call of ServiceDesk Plus, and a fetched request, as one shape. Pure; never raises surprises."""

import json
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.base import EmailAddress, InboundMessage, InboundRequest
from integrations.channels.email.html import html_to_text

MAX_SUBJECT: Final = 250


class NotReadable(ValueError):
    """The call is no request of a ServiceDesk Plus; the sentence says why."""


def parse(raw: bytes) -> InboundRequest:
    """The hint that a call carries. Raises NotReadable."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotReadable(_("The call is no JSON.")) from None
    request = said.get("request") if isinstance(said, dict) else None
    if not isinstance(request, dict):
        raise NotReadable(_("The call has no request object."))
    found = request_of(request)
    if not found.remote_id:
        raise NotReadable(_("The request has no id."))
    return found


def request_of(row: dict[str, Any]) -> InboundRequest:
    """A request by our template or as the API gives it: names plain or as {"name": ..}."""
    requester = row.get("requester")
    person = requester if isinstance(requester, dict) else {}
    return InboundRequest(
        remote_id=_id(row.get("id")),
        display_id=_id(row.get("display_id")),
        subject=_text(row.get("subject"))[:MAX_SUBJECT],
        text=html_to_text(_text(row.get("description"))).strip(),
        status=_name(row.get("status")),
        priority=_name(row.get("priority")),
        email=(_text(row.get("requester_email")) or _text(person.get("email_id"))).lower(),
        name=_text(person.get("name")) or _text(row.get("requester_name")),
        version=_milliseconds(row.get("last_updated_time")),
    )


def read(raw: bytes) -> InboundMessage:
    """A kept call, for people to look at."""
    try:
        found = parse(raw)
    except NotReadable as problem:
        words = raw.decode("utf-8", "replace")
        return InboundMessage(external_id="", text=words, error=str(problem))
    lines = (found.subject, found.text, found.status, found.priority)
    return InboundMessage(
        external_id=found.remote_id,
        sender=EmailAddress(found.name, found.email),
        subject=found.subject,
        text="\n".join(one for one in lines if one),
    )


def _id(value: Any) -> str:
    # Ids of the cloud are larger than 2^53: text all the way.
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value).strip()
    return text if text.isalnum() and len(text) <= 64 else ""


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _name(value: Any) -> str:
    return _text(value.get("name")) if isinstance(value, dict) else _text(value)


def _milliseconds(value: Any) -> int:
    inner = value.get("value") if isinstance(value, dict) else value
    if isinstance(inner, bool) or not isinstance(inner, int | str):
        return 0
    text = str(inner).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
