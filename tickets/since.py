"""What happened on a ticket since somebody looked: asked before they send into it."""

from dataclasses import dataclass, field

from omnidesk.accounts.models import User
from tickets.access import readable_messages
from tickets.choices import ActorKind, MessageKind
from tickets.models import Change, Message, Ticket
from tickets.selectors import history

# What others do that may change what one is about to say.
TELLING = (
    "ticket.status_changed",
    "ticket.assigned",
    "ticket.merged_away",
    "ticket.split",
)


@dataclass(frozen=True, slots=True)
class Newer:
    """Messages and changes of other people, oldest first; false where there are none."""

    messages: list[Message] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.messages or self.changes)


def newer_than(user: User, ticket: Ticket, message: int | None, change: int | None) -> Newer:
    """What came after the newest message and change that `user` had on the screen.

    None means that the page did not say. Queries: 2 and those of the messages' files.
    """
    messages: list[Message] = []
    changes: list[Change] = []
    if message is not None:
        rows = readable_messages(user, ticket).exclude(kind=MessageKind.SYSTEM)
        messages = list(rows.filter(pk__gt=message).exclude(author=user))
    if change is not None:
        log = history(user, ticket).filter(
            pk__gt=change, verb__in=TELLING, actor_kind=ActorKind.PERSON
        )
        changes = list(log.exclude(actor=user))
    return Newer(messages, changes)
