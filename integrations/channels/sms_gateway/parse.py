"""A gateway's call -> InboundText, by the channel's paths."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from integrations import paths
from integrations.base import InboundMessage, InboundText
from integrations.texting.words import opt_of


class NotReadable(ValueError):
    """The call is no text message; the sentence says why."""


def parse(raw: bytes, settings: Mapping[str, Any]) -> InboundText:
    """The message. Raises NotReadable."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotReadable(_("The call is no JSON.")) from None
    sender = paths.text(data, str(settings.get("from_path") or "from"))
    text = paths.text(data, str(settings.get("text_path") or "text"))
    if not sender:
        raise NotReadable(_("No sender lies where the path leads."))
    found = paths.text(data, str(settings.get("message_path") or "id"))
    return InboundText(
        external_id=found or hashlib.sha256(raw).hexdigest(),
        sender=sender[:60],
        text=text,
        opt=opt_of(text),
    )


def read(raw: bytes) -> InboundMessage:
    """A kept call, for people to look at."""
    return InboundMessage(external_id="", text=raw.decode("utf-8", "replace"))
