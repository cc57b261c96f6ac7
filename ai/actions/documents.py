"""Documents: keeping a file, taking it to be read, keeping what it says, removing it."""

import hashlib
import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ai.engine.documents.cut import Piece
from ai.models import Document, DocumentPassage
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text, one_line
from tickets.actions.attach import NewFile, check_size, safe_name, sniff
from tickets.actions.base import InvalidChange

MOST_ATTEMPTS = 3
# Longer than the reading process may take (`engine.documents.sandbox.SECONDS`) and be indexed.
CLAIM_SECONDS = 300
LONGEST_PLACE = 120

State = Document.State


@dataclass(frozen=True, slots=True)
class DocumentClaim:
    """The right to keep what one document says: lost as soon as the row names somebody else."""

    document_id: int
    claimed_by: str


@transaction.atomic
def add_document(
    *,
    organization_id: int,
    user: User,
    file: NewFile,
    title: str = "",
    is_public: bool = False,
) -> Document:
    """Keep a file to be read. Raises `InvalidChange` for one that is too large or known already."""
    check_size(file.name, len(file.content))
    fingerprint = hashlib.sha256(file.content).hexdigest()
    same = Document.objects.filter(organization_id=organization_id, sha256=fingerprint).first()
    if same is not None:
        raise _known(same.title)
    name = safe_name(file.name)
    row = Document(
        organization_id=organization_id,
        title=one_line(title, 200) or _title_of(name),
        name=name,
        content_type=sniff(file.content),
        size=len(file.content),
        sha256=fingerprint,
        is_public=is_public,
        uploaded_by=user,
    )
    row.file.save(name, ContentFile(file.content), save=False)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # Somebody else's upload of the same file was faster.
        row.file.storage.delete(row.file.name or "")
        raise _known(row.title) from error
    return row


def _known(title: str) -> InvalidChange:
    return InvalidChange(_("This file is here already, as “%(title)s”.") % {"title": title}, "file")


def _title_of(name: str) -> str:
    return one_line(PurePath(name).stem.replace("_", " "), 200) or name


@transaction.atomic
def remove_document(*, document: Document) -> None:
    """Remove the document with its passages; the file goes once that is certain."""
    storage, name = document.file.storage, document.file.name
    document.delete()
    if name:
        transaction.on_commit(lambda: storage.delete(name), robust=True)


@transaction.atomic
def show_document(*, document: Document, is_public: bool) -> None:
    """Let requesters be told what it says, or not any more."""
    row = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if row.is_public != is_public:
        row.is_public = is_public
        row.save(update_fields=["is_public", "updated_at"])


@transaction.atomic
def read_again(*, document: Document) -> bool:
    """Put a document that could not be read back into the queue; False where it can."""
    failed = Document.objects.filter(pk=document.pk, state=State.FAILED)
    waiting = failed.update(state=State.PENDING, problem="", attempts=0, updated_at=now())
    return waiting == 1


def claim_document(document_id: int) -> DocumentClaim | None:
    """Take a waiting document; None when somebody else was faster."""
    name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    waiting = Document.objects.filter(pk=document_id, state=State.PENDING)
    moment = now()
    row = waiting.first()
    if row is None:
        return None
    taken = waiting.filter(attempts=row.attempts).update(
        state=State.RUNNING,
        claimed_at=moment,
        claimed_by=name,
        attempts=row.attempts + 1,
        updated_at=moment,
    )
    return DocumentClaim(document_id, name) if taken else None


def _held(claim: DocumentClaim) -> Document | None:
    return (
        Document.objects.select_for_update(of=("self",))
        .filter(pk=claim.document_id, state=State.RUNNING, claimed_by=claim.claimed_by)
        .first()
    )


@transaction.atomic
def keep_passages(
    claim: DocumentClaim, *, kind: str, units: int, language: str, pieces: Sequence[Piece]
) -> bool:
    """Keep what the document says; False when it was given away or removed meanwhile."""
    row = _held(claim)
    if row is None:
        return False
    row.passages.all().delete()
    DocumentPassage.objects.bulk_create(
        [
            DocumentPassage(
                organization_id=row.organization_id,
                document=row,
                number=number,
                place=clean_text(piece.place, LONGEST_PLACE),
                heading=one_line(piece.heading, 200),
                text=clean_text(piece.text),
            )
            for number, piece in enumerate(pieces, 1)
        ],
        batch_size=500,
    )
    row.state, row.problem = State.READY, ""
    row.kind, row.units, row.language = kind, units, language
    row.claimed_by = ""
    row.save()
    return True


@transaction.atomic
def refuse_document(claim: DocumentClaim, *, problem: str) -> None:
    """Note why the document cannot be read; its earlier passages go."""
    row = _held(claim)
    if row is None:
        return
    row.passages.all().delete()
    row.state, row.problem, row.claimed_by = State.FAILED, problem, ""
    row.save()


@transaction.atomic
def recover_document(row: Document) -> bool:
    """Put a document whose reader died back, or give up; returns whether it waits again."""
    fresh = _held(DocumentClaim(row.pk, row.claimed_by))
    if fresh is None:
        return False
    fresh.claimed_by = ""
    gives_up = fresh.attempts >= MOST_ATTEMPTS
    fresh.state = State.FAILED if gives_up else State.PENDING
    fresh.problem = Document.Problem.CRASHED.value if gives_up else ""
    fresh.save()
    return not gives_up


def orphaned_before() -> timedelta:
    """How long ago a document was taken whose reader must have died."""
    return timedelta(seconds=CLAIM_SECONDS)
