"""A provider's form -> InboundText, and its status calls. Bytes in, never raises."""

from typing import Final
from urllib.parse import parse_qs

from integrations.base import InboundText, MediaLink
from integrations.texting.words import opt_of

MAX_FIELDS: Final = 200
MAX_MEDIA: Final = 10


def fields(raw: bytes) -> dict[str, list[str]]:
    """All fields of a form with all their values, empty ones too (they are signed)."""
    try:
        text = raw.decode("utf-8", "replace")
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}


def first(form: dict[str, list[str]], name: str) -> str:
    """The first value of a field, '' where there is none."""
    return form.get(name, [""])[0].strip()


def parse(raw: bytes) -> InboundText:
    """The message in a provider's form."""
    form = fields(raw)
    count = first(form, "NumMedia")
    number = min(int(count), MAX_MEDIA) if count.isdigit() and len(count) < 4 else 0
    media = (
        MediaLink(first(form, f"MediaUrl{n}"), first(form, f"MediaContentType{n}"))
        for n in range(number)
    )
    text = first(form, "Body")
    return InboundText(
        external_id=first(form, "MessageSid") or first(form, "SmsSid"),
        sender=first(form, "From"),
        recipient=first(form, "To"),
        text=text,
        name=first(form, "ProfileName"),
        media=tuple(one for one in media if one.url),
        opt=opt_of(text, first(form, "OptOutType")),
    )
