"""Reading a document: file in, passages with their places out, in a process that can be killed.

Called by the ai-worker. No transaction is open while the file is read.
"""

import logging
from collections.abc import Sequence

from ai.actions.documents import (
    DocumentClaim,
    claim_document,
    keep_passages,
    orphaned_before,
    recover_document,
    refuse_document,
)
from ai.db import release
from ai.engine import language
from ai.engine.documents import sandbox
from ai.engine.documents.cut import Piece, cut
from ai.engine.documents.pieces import Extracted, Refused
from ai.models import Document
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope

logger = logging.getLogger(__name__)
# Enough to tell a language by.
LANGUAGE_CHARACTERS = 4_000
Nudge = tuple[int, int]


def read_document(organization_id: int, document_id: int) -> bool:
    """Read a waiting document; returns whether its passages were kept."""
    with organization_scope(organization_id):
        claim = claim_document(document_id)
        row = Document.objects.filter(pk=document_id).first() if claim else None
    release()
    if claim is None or row is None:
        return False
    try:
        found, pieces = _pieces(row)
    except Refused as refusal:
        problem = refusal.code
    except OSError as error:
        logger.error("document_lost", extra={"document": document_id, "reason": str(error)})
        problem = Document.Problem.LOST.value
    else:
        return _keep(organization_id, claim, found, pieces)
    with organization_scope(organization_id):
        refuse_document(claim, problem=problem)
    return False


def _pieces(row: Document) -> tuple[Extracted, list[Piece]]:
    with row.file.open("rb") as file:
        content = file.read()
    found = sandbox.extract(row.name, content)
    return found, cut(found.sections)


def _keep(
    organization_id: int, claim: DocumentClaim, found: Extracted, pieces: Sequence[Piece]
) -> bool:
    sample = "\n".join(piece.text for piece in pieces[:20])[:LANGUAGE_CHARACTERS]
    code, _sure = language.detect(sample, "en")
    with organization_scope(organization_id):
        return keep_passages(
            claim, kind=found.kind, units=found.units, language=code, pieces=pieces
        )


def documents_to_nudge(*, all_running: bool = False) -> list[Nudge]:
    """(organization, document) pairs that wait, those of dead readers put back first.

    `all_running` is for the new owner of the embedded store: whoever was reading is dead.
    """
    with system_scope():
        running = Document.objects.filter(state=Document.State.RUNNING)
        if not all_running:
            running = running.filter(claimed_at__lt=now() - orphaned_before())
        dead = list(running)
    for row in dead:
        with organization_scope(row.organization_id):
            recover_document(row)
    with system_scope():
        waiting = Document.objects.filter(state=Document.State.PENDING).order_by("created_at", "pk")
        return list(waiting.values_list("organization_id", "pk")[:64])
