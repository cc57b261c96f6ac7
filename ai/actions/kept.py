"""Keeping what a model outside wrote on request."""

from typing import Any

from django.db import transaction

from ai.kept import Origin
from ai.models import KeptText
from omnidesk.core.clock import now
from tickets.models import Message, Ticket


@transaction.atomic
def keep_text(
    *,
    ticket: Ticket,
    task: str,
    language: str,
    origin: Origin,
    content: dict[str, Any],
    message: Message | None = None,
) -> KeptText:
    """Keep a text in place of an earlier one."""
    row, _created = KeptText.objects.update_or_create(
        ticket=ticket,
        task=task,
        language=language,
        message=message,
        defaults={
            "organization_id": ticket.organization_id,
            "content": content,
            "made_from": origin.made_from,
            "newest": origin.newest,
            "written_at": now(),
        },
    )
    return row
