"""News of an incident, written once: an answer on each ticket, an update of the status page.

An incident is a ticket with others that are part of it; a notice may tell of it in public.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.children import open_children
from tickets.actions.notify import once
from tickets.actions.reply import add_note, reply
from tickets.actions.status_page import post_update, publish_notice, save_notice
from tickets.models import StatusNotice, Ticket
from tickets.status_selectors import open_notice


@dataclass(frozen=True, slots=True)
class Told:
    """What became of news: whom it went to, tickets that refused it, whether all can read it."""

    people: int
    refused: tuple[int, ...] = ()
    on_page: bool = False


@transaction.atomic
def show_incident(*, ticket: Ticket, author: User) -> StatusNotice:
    """Tell of an incident on the status page, under its subject; pressed twice it is told once.

    A notice that waited is published.
    """
    locked(ticket)
    notice = open_notice(ticket)
    if notice is None:
        values = {"title": ticket.subject, "starts_at": ticket.created_at}
        notice = save_notice(
            organization_id=ticket.organization_id, author=author, values=values, ticket=ticket
        )
    return publish_notice(notice=notice, author=author)


@transaction.atomic
def tell_incident(
    *, ticket: Ticket, author: User, text: str, key: str, stage: str = "",
    notice: StatusNotice | None = None,
) -> Told:  # fmt: skip
    """Answer everybody whose ticket is part of the incident, each once, and update its notice.

    Whoever is answered gets no second mail from the status page. `key` names the news: with the
    same key nothing leaves again. `stage` is where it stands, by default where it stood. Raises
    `InvalidChange`.
    """
    if not text.strip():
        raise InvalidChange(_("Write a message."), "text")
    if not key or not once(ticket.organization_id, f"incident:{ticket.pk}:{key[:64]}"):
        raise InvalidChange(_("This update was sent already."), "text")
    people, refused = _answer(ticket, author, text)
    notice = notice or open_notice(ticket)
    if notice is not None:
        stage = stage or notice.stage
        post_update(notice=notice, author=author, stage=stage, text=text, told=people)
    add_note(ticket=ticket, actor=Actor.person(author), text=text)
    change = FieldChange("ticket.incident_update", detail={"people": len(people)})
    record(locked(ticket), Actor.person(author), change, activity=False)
    on_page = notice is not None and notice.published_at is not None
    return Told(len(people), tuple(refused), on_page)


def _answer(ticket: Ticket, author: User, text: str) -> tuple[set[int], list[int]]:
    """The people who were answered on their oldest open ticket, and tickets that refused it."""
    oldest: dict[int, Ticket] = {}
    for child in open_children(ticket):
        oldest.setdefault(child.requester_id, child)
    people, refused = set(oldest), []
    for child in oldest.values():
        try:
            with transaction.atomic():
                reply(ticket=child, actor=Actor.person(author), text=text)
        except InvalidChange:
            people.discard(child.requester_id)
            refused.append(child.number)
    return people, refused
