"""Live updates: a changed ticket is announced to the browsers that may show it."""

from collections.abc import Sequence
from typing import Any

from omnidesk.core.events import on, on_batch
from tickets.actions.heed import HEEDED
from tickets.counting import forget_counts
from tickets.events import (
    ApprovalDecided,
    ClocksSwept,
    GuestAsked,
    MessageHeld,
    MessageReturned,
    NotificationsChanged,
    RulesDue,
    RunbookReady,
    StatusUpdated,
    TicketChanged,
)
from tickets.live import desk_group, person_group, tell, tell_each, ticket_group
from tickets.rule_tasks import run_rules, run_rules_of_many
from tickets.status_tasks import mail_guest, mail_status
from tickets.tasks import notice, notice_many, release, run_runbook, send_message


@on_batch(TicketChanged)
def tell_browsers(events: Sequence[TicketChanged]) -> None:
    """Say which ticket has which version; browsers refetch through the gate.

    The desk's lists are told once of all: of `many`, whoever shows one reads it again as a whole.
    """
    told = [(event, _version_of(event)) for event in events]
    # Nobody looks at a page of a ticket that was not there.
    pages = [
        (ticket_group(e.ticket_id), news) for e, news in told if "ticket.opened" not in e.verbs
    ]
    people = [(person_group(event.requester_id), news) for event, news in told]
    lists = told[-1][1] | {"many": len(told) > 1}
    # Before they are told: who reads again counts again.
    forget_counts([events[0].organization_id])
    tell_each([*pages, (desk_group(events[0].organization_id), lists), *people])


def _version_of(event: TicketChanged) -> dict[str, Any]:
    return {
        "type": "ticket.changed",
        "ticket": event.number,
        "version": event.version,
        "verbs": list(event.verbs),
    }


@on_batch(RulesDue)
def ask_rules(events: Sequence[RulesDue]) -> None:
    """Nudge a worker; the sweep finds what gets lost here."""
    ids = list(dict.fromkeys(event.ticket_id for event in events))
    if len(ids) == 1:
        run_rules.delay(events[0].organization_id, ids[0])
    else:
        run_rules_of_many.delay(events[0].organization_id, ids)


@on_batch(TicketChanged)
def notice_the_change(events: Sequence[TicketChanged]) -> None:
    """Let a worker tell those whom the changes concern; the sweep finds what gets lost here."""
    heeded = [event.ticket_id for event in events if HEEDED & set(event.verbs)]
    ids = list(dict.fromkeys(heeded))
    if len(ids) == 1:
        notice.delay(events[0].organization_id, ids[0])
    elif ids:
        notice_many.delay(events[0].organization_id, ids)


@on(ClocksSwept)
def tell_of_clocks(event: ClocksSwept) -> None:
    """The pages of these tickets, and the desk's lists once; a worker tells people."""
    changed = [
        (ticket_group(pk), {"type": "ticket.changed", "ticket": number, "version": version})
        for pk, number, version in event.tickets
    ]
    lists = []
    if changed:
        last = changed[-1][1] | {"many": len(changed) > 1}
        lists = [(desk_group(event.organization_id), last)]
        forget_counts([event.organization_id])
    tell_each([*changed, *lists])
    notice_many.delay(event.organization_id, [pk for pk, _number, _version in event.tickets])


@on(NotificationsChanged)
def ring_the_bell(event: NotificationsChanged) -> None:
    """Have the browsers of these people fetch their list again."""
    tell([person_group(user_id) for user_id in event.user_ids], {"type": "notification"})


@on(ApprovalDecided)
def release_what_waited(event: ApprovalDecided) -> None:
    """A runbook may have waited for this decision; the sweep finds what gets lost here."""
    release.delay(event.organization_id, event.approval_id)


@on(RunbookReady)
def run_what_may(event: RunbookReady) -> None:
    """Let a worker do it; the sweep finds what gets lost here."""
    run_runbook.delay(event.organization_id, event.run_id)


@on(MessageHeld)
def send_when_it_is_time(event: MessageHeld) -> None:
    """Wake a worker then; the sweep finds what gets lost here."""
    send_message.apply_async((event.organization_id, event.draft_id), countdown=event.seconds)


@on(MessageReturned)
def tell_its_writer(event: MessageReturned) -> None:
    """The browsers of whoever wrote it say that it was not sent."""
    tell(
        [person_group(event.user_id)],
        {"type": "returned", "ticket": event.number, "problem": event.problem},
    )


@on(StatusUpdated)
def mail_followers(event: StatusUpdated) -> None:
    """Tell those who are affected; the sweep finds what gets lost here."""
    mail_status.delay(event.organization_id, event.notice_id)


@on(GuestAsked)
def mail_link(event: GuestAsked) -> None:
    """Mail the guest the way to the request; the sweep finds what gets lost here."""
    mail_guest.delay(event.organization_id, event.request_id)
