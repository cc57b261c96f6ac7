"""What tools of other systems say about a task, where whoever gave it wants them."""

from ai.jobs.base import Work
from ai.toolbox import consult
from ai.toolwords import Consulted
from tickets.context import Asked


def ask_for_task(work: Work, subject: str, text: str = "") -> Consulted:
    """What the servers that serve tasks say, where whoever gave the task wants tools."""
    if not work.data.get("tools"):
        return Consulted()
    return consult(
        Asked(
            organization_id=work.organization_id,
            ticket_id=0,
            requester_id=work.user.pk,
            subject=subject,
            text=text,
            email=work.user.email,
            language=work.user.language,
            names=(work.user.name,),
        ),
        "tasks",
    )
