"""How a mail of notices ended."""

from django.db import transaction

from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.models import Letter, LetterState


@transaction.atomic
def settle_letter(letter: Letter, state: LetterState, detail: str = "") -> None:
    """Write the end of a letter on its row."""
    letter.state = state.value
    letter.error = "" if state is LetterState.SENT else one_line(detail, 300)
    letter.settled_at = now()
    letter.save(update_fields=["state", "error", "settled_at"])
