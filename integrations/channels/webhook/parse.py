"""Signed JSON -> what a ticket needs, by the channel's paths. Never raises surprises."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations import paths
from integrations.base import InboundMessage, InboundRequest

MAX_REFERENCE: Final = 64
_DEFAULTS: Final = {
    "subject": "subject", "text": "description", "email": "email", "name": "name",
    "urgency": "urgency", "reference": "reference", "state": "state",
}  # fmt: skip
_SOLVED: Final = "resolved, ok, recovered, solved"


class NotReadable(ValueError):
    """The call cannot become a ticket; the sentence says why."""


def parse(raw: bytes, settings: Mapping[str, Any]) -> InboundRequest:
    """By the channel's settings. Raises NotReadable."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotReadable(_("The call is no JSON.")) from None
    found = {
        name: paths.text(data, str(settings.get(f"{name}_path") or default))
        for name, default in _DEFAULTS.items()
    }
    if not (found["subject"] or found["text"]):
        raise NotReadable(_("Neither subject nor description lies where the paths lead."))
    solved = str(settings.get("solved_states") or _SOLVED).lower().split(",")
    reference = found["reference"]
    return InboundRequest(
        remote_id=_short(reference),
        display_id=reference[:MAX_REFERENCE],
        subject=" ".join((found["subject"] or found["text"]).split())[:250],
        text=found["text"] or found["subject"],
        status=found["state"],
        priority=found["urgency"],
        email=found["email"].lower(),
        name=found["name"],
        solved=found["state"].lower() in {one.strip() for one in solved if one.strip()},
    )


def _short(reference: str) -> str:
    if len(reference) <= MAX_REFERENCE:
        return reference
    return hashlib.sha256(reference.encode("utf-8", "replace")).hexdigest()


def read(raw: bytes) -> InboundMessage:
    """A kept call, for people to look at."""
    return InboundMessage(external_id="", text=raw.decode("utf-8", "replace"))
