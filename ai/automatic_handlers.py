"""Automatic answers follow what happens: sent in time, stopped by a word, judged at the end."""

from ai.actions.automatic import hear_requester, note_reopened
from ai.automatic_tasks import judge, mail_code, send
from ai.events import AnswerHeld, CodeDue
from ai.models import AutomaticAnswer
from omnidesk.core.events import on
from omnidesk.core.tenancy import organization_scope
from tickets.events import MessageReceived, StatusChanged

SETTLED = {"solved", "closed"}


@on(AnswerHeld)
def send_in_time(event: AnswerHeld) -> None:
    """Wake a worker then; the sweep finds what gets lost here."""
    send.apply_async((event.organization_id, event.answer_id), countdown=event.seconds)


@on(CodeDue)
def mail_the_code(event: CodeDue) -> None:
    """Mail it; the sweep finds what gets lost here."""
    mail_code.delay(event.organization_id, event.answer_id)


@on(MessageReceived)
def hear(event: MessageReceived) -> None:
    """The requester wrote: a person has the ticket now."""
    with organization_scope(event.organization_id):
        hear_requester(ticket_id=event.ticket_id, message_id=event.message_id)


@on(StatusChanged)
def follow_the_end(event: StatusChanged) -> None:
    """Settled: the answer can be judged. Open again: it was no good."""
    before, after = event.old_category in SETTLED, event.new_category in SETTLED
    if before == after:
        return
    with organization_scope(event.organization_id):
        if not after:
            note_reopened(ticket_id=event.ticket_id)
            return
        rows = AutomaticAnswer.objects.filter(ticket=event.ticket_id).exclude(text="")
        ids = list(rows.values_list("pk", flat=True))
    for answer_id in ids:
        judge.delay(event.organization_id, answer_id)
