"""What attached files say: who reads one, what is kept of it.

Reading is another app's work; here a reader takes a file and gives its text back.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from omnidesk.core.clock import now
from omnidesk.core.text import clean_text
from tickets.models import Attachment, AttachmentText
from tickets.models.attachment_text import LONGEST

MOST_ATTEMPTS = 3
# Longer than any reader takes: whoever holds a file longer is dead.
CLAIM = timedelta(minutes=5)
CRASHED = "crashed"

State = AttachmentText.State


@transaction.atomic
def claim_file(attachment: Attachment) -> AttachmentText | None:
    """The right to read a file, for one reader at a time; None where it is read or taken.

    One that ended its reader several times is left alone from then on.
    """
    moment = now()
    row, created = AttachmentText.objects.get_or_create(
        attachment=attachment,
        defaults={"organization_id": attachment.organization_id, "claimed_at": moment},
    )
    if created:
        return row
    dead = AttachmentText.objects.filter(
        pk=row.pk, state=State.READING, claimed_at__lt=moment - CLAIM
    )
    if row.attempts >= MOST_ATTEMPTS:
        dead.update(state=State.NONE, problem=CRASHED)
        return None
    if not dead.update(claimed_at=moment, attempts=F("attempts") + 1):
        return None
    row.refresh_from_db()
    return row


def keep_file_text(claim: AttachmentText, text: str) -> bool:
    """Keep what the file says; False where somebody else took it meanwhile."""
    return _settle(claim, state=State.READ, text=clean_text(text, LONGEST))


def refuse_file(claim: AttachmentText, problem: str) -> bool:
    """Keep why there is nothing to find in the file."""
    return _settle(claim, state=State.NONE, problem=problem)


def _settle(claim: AttachmentText, **values: str) -> bool:
    rows = AttachmentText.objects.filter(
        pk=claim.pk, state=State.READING, claimed_at=claim.claimed_at
    )
    return bool(rows.update(**values))
