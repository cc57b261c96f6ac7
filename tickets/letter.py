"""A message's HTML as pages show it: its own pictures, and what it would fetch from elsewhere."""

import re
from typing import Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tickets.choices import Source
from tickets.models import Message

# HTML that programs of other people wrote; what was written here is our own Markdown.
FOREIGN: Final = frozenset(
    {Source.EMAIL, Source.GLPI, Source.SDP, Source.SOLMAN, Source.MONITORING, Source.IMPORT}
)
# Of sanitised markup alone (omnidesk.core.text.safe_html, the mail channel's sanitise): there
# every value is quoted and every text escaped.
IMAGE: Final = re.compile(r"<img\b[^>]*>")
SOURCE: Final = re.compile(r' (?:data-blocked-)?src="([^"]*)"')


def is_letter(message: Message) -> bool:
    """Whether `message` is shown in a frame of its own."""
    return bool(message.html) and message.source in FOREIGN and not message.is_ai


def letter_html(message: Message, *, remote: bool = False) -> SafeString:
    """The message's HTML with its own inline pictures; those from elsewhere only if `remote`.

    A remote picture tells its sender who read the message and when.
    """
    files = {a.content_id: a for a in message.attachments.all() if a.content_id}

    def replace(found: re.Match[str]) -> str:
        source = SOURCE.search(found[0])
        target = source[1] if source else ""
        row = files.get(target.removeprefix("cid:"))
        if source and row is not None:
            return format_html(
                '<img src="{}" alt="{}">', reverse("portal:file", args=[row.pk]), row.name
            )
        if source and remote and _is_remote(target):
            return found[0].replace(source[0], f' src="{target}"')
        return format_html('<span class="chip">{}</span>', _("Picture left out"))

    return SafeString(IMAGE.sub(replace, message.html))


def remote_pictures(message: Message) -> int:
    """How many pictures `message` would fetch from elsewhere."""
    found = (SOURCE.search(image) for image in IMAGE.findall(message.html))
    return sum(source is not None and _is_remote(source[1]) for source in found)


def _is_remote(target: str) -> bool:
    return target.lower().startswith(("https://", "http://"))
