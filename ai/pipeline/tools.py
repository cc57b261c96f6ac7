"""What tools of other systems say about a ticket while it is read."""

from ai.pipeline.case import Case
from ai.toolbox import consult
from ai.toolwords import Consulted
from tickets.context import Asked

# A reading waits for it: nobody is helped by a suggestion that comes late.
READING_SECONDS = 6.0


def ask_tools(case: Case, language: str) -> Consulted:
    """What the servers that serve readings say; nothing for a past, settled or imagined ticket."""
    is_present = case.ticket_id and not case.is_settled and case.came_at is None
    if not is_present or not case.options.has_tools:
        return Consulted()
    subject, _newline, text = case.text.partition("\n")
    return consult(
        Asked(
            organization_id=case.organization_id,
            ticket_id=case.ticket_id,
            requester_id=0,
            subject=subject,
            text="\n".join([text, *case.later]).strip(),
            email=case.requester_email,
            language=language,
            names=(case.requester_name,),
        ),
        "readings",
        seconds=READING_SECONDS,
    )
