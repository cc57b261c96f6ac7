"""Reading what came with tickets, so that the desk's search finds what stands in a file.

Called by the ai-worker, like documents: in a process that can be killed, without a transaction.
"""

import logging

from django.db.models import Exists, OuterRef, Q, QuerySet

from ai.db import release
from ai.engine.documents import sandbox
from ai.engine.documents.pieces import Refused
from ai.gaps import RECENT
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.actions.attachment_texts import CLAIM, claim_file, keep_file_text, refuse_file
from tickets.models import Attachment, AttachmentText

logger = logging.getLogger(__name__)
LOST = "lost"
MOST_A_SWEEP = 64
# Nobody reads text out of these.
SILENT = ("image/", "audio/", "video/")


def read_file(organization_id: int, attachment_id: int) -> bool:
    """Read one file, unless it is read or taken; returns whether its text was kept."""
    with organization_scope(organization_id):
        row = Attachment.objects.filter(pk=attachment_id, draft=None).first()
        claim = claim_file(row) if row else None
    release()
    if row is None or claim is None:
        return False
    try:
        with row.file.open("rb") as file:
            content = file.read()
        found = sandbox.extract(row.name, content)
    except Refused as refusal:
        problem = refusal.code
    except OSError as error:
        logger.error("attachment_lost", extra={"attachment": attachment_id, "reason": str(error)})
        problem = LOST
    else:
        text = "\n\n".join(section.text for section in found.sections)
        with organization_scope(organization_id):
            return keep_file_text(claim, text)
    with organization_scope(organization_id):
        refuse_file(claim, problem)
    return False


def files_to_nudge(*, recent_only: bool) -> list[tuple[int, int]]:
    """(organization, attachment) of files that nobody has read, those of dead readers among them.

    What lies in somebody's draft is nobody else's yet. Queries: 1.
    """
    with system_scope():
        rows = _unread(recent_only=recent_only).order_by("-pk")
        return list(rows.values_list("organization_id", "pk")[:MOST_A_SWEEP])


def _unread(*, recent_only: bool) -> QuerySet[Attachment]:
    moment = now()
    settled = AttachmentText.objects.filter(attachment=OuterRef("pk")).exclude(
        state=AttachmentText.State.READING, claimed_at__lt=moment - CLAIM
    )
    silent = Q(is_inline=True)
    for kind in SILENT:
        silent |= Q(content_type__startswith=kind)
    rows = Attachment.objects.filter(draft=None).exclude(silent)
    if recent_only:
        rows = rows.filter(ticket__updated_at__gte=moment - RECENT)
    return rows.filter(~Exists(settled))
