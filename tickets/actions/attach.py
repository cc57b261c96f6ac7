"""Keeping files on a ticket: size by limit, type by content, name made harmless."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import puremagic
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.core.text import one_line
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.choices import MessageKind
from tickets.models import Attachment, Message, Ticket

FALLBACK_TYPE = "application/octet-stream"
# Refused whatever their content claims: a helpdesk never hands a program to a colleague.
SNIFFED_BYTES = 4096


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to keep: `content` are its bytes."""

    name: str
    content: bytes
    inline: bool = False
    content_id: str = ""


def check_size(name: str, size: int) -> None:
    """Raise `InvalidChange` for a file over the limit or without any content."""
    limit = settings.ATTACHMENT_MAX_BYTES
    if size > limit:
        raise InvalidChange(
            _("“%(name)s” has %(size).1f MB. A file may have at most %(limit)d MB.")
            % {"name": one_line(name, 80), "size": size / 2**20, "limit": limit // 2**20},
            "file",
        )
    if size == 0:
        raise InvalidChange(_("“%(name)s” is empty.") % {"name": one_line(name, 80)}, "file")


def sniff(content: bytes) -> str:
    """The media type that the bytes themselves show; plain text and unknown binary told apart."""
    head = content[:SNIFFED_BYTES]
    try:
        found = str(puremagic.from_string(head, mime=True) or "")
    except (puremagic.PureError, ValueError):
        found = ""
    if found and not found.startswith("text/"):
        return found
    if b"\x00" in head:
        return FALLBACK_TYPE
    # A browser must never be told that a stranger's file is HTML or a script: text is text.
    return "text/plain"


def store(ticket: Ticket, message: Message | None, files: list[NewFile], actor: Actor,
          *, internal: bool = False) -> list[Attachment]:  # fmt: skip
    """Keep `files` with the ticket (and message); the caller logs the change.

    Raises `InvalidChange` before anything is written when one of them is refused.
    """
    for new in files:
        check_size(new.name, len(new.content))
    rows = []
    for new in files:
        row = Attachment(
            organization_id=ticket.organization_id,
            ticket=ticket,
            message=message,
            name=safe_name(new.name),
            content_type=sniff(new.content),
            size=len(new.content),
            sha256=hashlib.sha256(new.content).hexdigest(),
            is_inline=new.inline,
            content_id=one_line(new.content_id, 255),
            is_internal=internal,
            uploaded_by=actor.user,
        )
        row.file.save(row.name, ContentFile(new.content), save=False)
        row.save()
        rows.append(row)
    return rows


def safe_name(name: str) -> str:
    """The last part of a path, on one line, never empty."""
    return one_line(PurePath(name.replace("\\", "/")).name, 255) or _("file")


@transaction.atomic
def attach(*, ticket: Ticket, actor: Actor, files: list[NewFile]) -> list[Attachment]:
    """Add files to a ticket without a message; a later reply may take them along."""
    ticket = locked(ticket)
    rows = store(ticket, None, files, actor)
    record(
        ticket,
        actor,
        *(FieldChange("ticket.file_attached", new=row.name, detail={"id": row.pk}) for row in rows),
    )
    return rows


def take_along(message: Message, actor: Actor, attachment_ids: Sequence[int]) -> None:
    """Send files that were uploaded beforehand with `message`; the caller logs the change.

    Only what the same person uploaded: nobody sends, or learns of, somebody else's draft.
    """
    if not attachment_ids:
        return
    loose = Attachment.objects.filter(
        ticket=message.ticket_id, message=None, uploaded_by=actor.user, pk__in=attachment_ids
    )
    taken = loose.update(
        message=message, draft=None, is_internal=message.kind == MessageKind.INTERNAL
    )
    if taken != len(set(attachment_ids)):
        raise InvalidChange(
            _("One of the files does not belong to this ticket or was sent already."),
            "attachments",
        )
