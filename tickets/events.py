"""Facts about tickets. Ids only; published by actions, heard after commit."""

from dataclasses import dataclass

from omnidesk.core.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketOpened(Event):
    """A ticket came in, from whichever channel; `message_id` is its opening message."""

    ticket_id: int
    message_id: int
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageReceived(Event):
    """The requester (or someone on their side) wrote again on an existing ticket."""

    ticket_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyQueued(Event):
    """A public answer by the desk waits to be delivered to the requester."""

    ticket_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageHeld(Event):
    """Somebody sent a message that can be taken back for so many `seconds`."""

    ticket_id: int
    draft_id: int
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageReturned(Event):
    """A held message could not be sent: it is its writer's draft again, with the reason."""

    ticket_id: int
    number: int
    user_id: int
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteAdded(Event):
    """An internal note was written."""

    ticket_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChanged(Event):
    """A ticket moved between statuses; categories are open, pending, solved, closed."""

    ticket_id: int
    old_category: str
    new_category: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingReasonChanged(Event):
    """A ticket waits for something else, or for nothing any more; None where there is no reason."""

    ticket_id: int
    old_id: int | None
    new_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketAssigned(Event):
    """A ticket got another assignee or team; None where there is none."""

    ticket_id: int
    assignee_id: int | None
    team_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketClassified(Event):
    """Category, urgency or team was decided; `by` is person, ai, rule, channel or system."""

    ticket_id: int
    field: str
    old: str | None
    new: str | None
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReprocessRequested(Event):
    """Someone asked the AI to read the ticket again."""

    ticket_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketChanged(Event):
    """Anything on a ticket changed: browsers showing it refetch what they may see."""

    ticket_id: int
    number: int
    version: int
    verbs: tuple[str, ...]
    requester_id: int
    assignee_id: int | None
    team_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketsMerged(Event):
    """One ticket was poured into another, or taken out again (`undone`): messages moved."""

    winner_id: int
    loser_id: int
    undone: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketDeleted(Event):
    """A ticket was put into the bin, or taken out of it again (`restored`)."""

    ticket_id: int
    restored: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketsImported(Event):
    """A bulk import added tickets; listeners sweep rather than handle them one by one."""

    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleChanged(Event):
    """A knowledge article was published, edited or withdrawn."""

    article_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesDue(Event):
    """Something happened to a ticket that event rules have to be asked about."""

    ticket_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationsChanged(Event):
    """What these people find in their list of notifications changed: something new, or read."""

    user_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunbookReady(Event):
    """A runbook's run may go now (or be taken back)."""

    run_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalDecided(Event):
    """A question on a ticket was decided (or withdrawn, which is not approved)."""

    ticket_id: int
    approval_id: int
    approved: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SlaWarned(Event):
    """An agreed time comes near: `minutes` of business time are left; `people` are to be told."""

    ticket_id: int
    clock_id: int
    metric: str
    level: str
    minutes: int
    people: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SlaBreached(Event):
    """An agreed time has passed, `minutes` of business time ago; who held the ticket then."""

    ticket_id: int
    clock_id: int
    metric: str
    level: str
    minutes: int
    assignee_id: int | None
    team_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SlaEscalated(Event):
    """An escalation step was taken at or after a due time; `people` are to be told."""

    ticket_id: int
    clock_id: int
    metric: str
    level: str
    step_id: int
    action: str
    minutes: int
    people: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClocksSwept(Event):
    """The sweep had news of these tickets: (id, number, version) each; one event for a batch."""

    tickets: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusUpdated(Event):
    """The status page has news about something that goes on, or that it is over."""

    notice_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestAsked(Event):
    """Somebody without an account asked for something; the link to it waits to be mailed."""

    request_id: int
