"""A kept form -> the ticket, with its pictures fetched beforehand."""

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.actions.texting import accept_text
from integrations.base import InboundText, TransportError
from integrations.channels.sms.client import Client
from integrations.channels.sms.parse import parse
from integrations.models import Channel, Receipt
from omnidesk.core.tenancy import organization_scope
from tickets.actions.attach import NewFile

MAX_TRIES_FOR_FILES = 3
_ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "application/pdf": "pdf",
    "video/mp4": "mp4", "audio/mpeg": "mp3", "audio/amr": "amr", "text/vcard": "vcf",
}  # fmt: skip


def take(channel: Channel, receipt: Receipt) -> None:
    """Settle the receipt. Raises TransportError while pictures may still be fetched later."""
    text = parse(bytes(receipt.raw))
    files, refused = _fetch(channel, text, last_try=receipt.attempts >= MAX_TRIES_FOR_FILES)
    with organization_scope(receipt.organization_id):
        accept_text(receipt, text, files, refused)


def _fetch(
    channel: Channel, text: InboundText, *, last_try: bool
) -> tuple[list[NewFile], list[str]]:
    files: list[NewFile] = []
    refused: list[str] = []
    if not text.media:
        return files, refused
    client = Client(channel)
    for number, one in enumerate(text.media, 1):
        name = f"{number}.{_ENDINGS.get(one.content_type.lower(), 'bin')}"
        try:
            answer = client.media(one.url, settings.ATTACHMENT_MAX_BYTES)
        except TransportError as problem:
            # A file that cannot be had must not keep the words from the desk for long.
            if not problem.permanent and not last_try:
                raise
            refused.append(f"{name}: {problem.message}")
            continue
        if answer.content:
            files.append(NewFile(name, answer.content))
        else:
            refused.append(_("“%(name)s” is empty.") % {"name": name})
    return files, refused
