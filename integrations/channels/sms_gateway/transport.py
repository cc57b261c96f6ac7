"""Answers out through a gateway: recorded first, never repeated blindly."""

from collections.abc import Callable
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations import paths
from integrations.base import OutboundMessage, SendResult, TransportError
from integrations.channels.sms_gateway.template import fill_form, fill_json
from integrations.models import Channel
from integrations.texting.segments import count, split
from omnidesk.core.http import HttpDoor, HttpProblem
from omnidesk.core.vault import UnreadableSecret

TIMEOUT: Final = 15.0  # seconds
MAX_PARTS: Final = 5


class GatewayTransport:
    """Sends through one gateway."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        try:
            self.key = channel.secret("header_value")
        except UnreadableSecret as problem:
            raise TransportError(str(problem)) from problem

    def send(self, message: OutboundMessage, handing_over: Callable[[], None]) -> SendResult:
        """Call once for each part. A failure after the first part is uncertain."""
        parts = split(message.text)
        if len(parts) > MAX_PARTS:
            raise TransportError(
                _("The answer is too long for text messages (%(count)d of at most %(limit)d).")
                % {"count": len(parts), "limit": MAX_PARTS},
                permanent=True,
            )
        ids: list[str] = []
        handing_over()
        for number, part in enumerate(parts):
            try:
                ids.append(self._call(message, part, f"{message.idempotency_key}-{number}"))
            except TransportError as problem:
                if number:
                    problem.uncertain = True
                raise
        segments = sum(count(part).segments for part in parts)
        detail = _("Taken by the provider, billed as %(count)d") % {"count": segments}
        return SendResult(ids[0], detail)

    def _call(self, message: OutboundMessage, text: str, key: str) -> str:
        settings = self.channel.settings
        values = {"to": message.recipient, "from": self.channel.address, "text": text, "id": key}
        is_form = settings.get("content_type") == "form"
        template = str(settings.get("body") or "")
        try:
            body = (fill_form if is_form else fill_json)(template, values)
        except ValueError as problem:
            raise TransportError(_("The body's template is no JSON."), permanent=True) from problem
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        headers = {"Content-Type": kind, "Idempotency-Key": key}
        if self.key:
            headers[str(settings.get("header_name") or "Authorization")] = self.key
        method = str(settings.get("method") or "POST")
        url = str(settings["url"])
        what: dict[str, Any] = {"content": body} if method != "GET" else {}
        if method == "GET":
            url = f"{url}{'&' if '?' in url else '?'}{fill_form(template, values).decode()}"
        try:
            with HttpDoor(timeout=TIMEOUT, tries=1, size_limit=2**20) as door:
                answer = door.request(method, url, headers=headers, **what)
        except HttpProblem as problem:
            raise _judged(problem) from problem
        try:
            return paths.text(answer.json(), str(settings.get("id_path") or "id"))[:100]
        except HttpProblem:
            return ""  # taken, only without an id that could be read


def _judged(problem: HttpProblem) -> TransportError:
    if problem.status in {401, 403}:
        return TransportError(problem.message, refused=True)
    if problem.status == 429 or problem.status == 503:
        return TransportError(problem.message, retry_after=problem.retry_after or 0)
    return TransportError(
        problem.message,
        # Any other 4xx stays what it is; a 500 or 502 may have sent it all the same.
        permanent=problem.permanent,
        uncertain=problem.uncertain,
        retry_after=problem.retry_after or 0,
    )
