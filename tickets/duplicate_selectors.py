"""Tickets that are perhaps the same matter: the same person's, or near in meaning.

Where nobody can compare meaning, words are compared alone and the answer says so.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.access import desk_tickets
from tickets.choices import StatusCategory
from tickets.link_selectors import linked_tickets
from tickets.meaning import Meant, find_by_meaning
from tickets.models import Ticket, TicketQuerySet
from tickets.selectors import own_tickets, search_tickets

# What was solved longer ago is another matter, even where the words are the same.
LATELY: Final = timedelta(days=14)
MOST_SHOWN: Final = 4
MOST_OWN: Final = 30
MOST_TOLD: Final = 2
NEAR: Final = 12
# Fewer letters than these say nothing yet.
SHORTEST: Final = 8
LONGEST: Final = 600
# Share of a subject's words that must be among those typed, and how many at least.
SHARED: Final = 0.5
AT_LEAST: Final = 2
CLOSE: Final = frozenset({"near_identical", "close"})
_WORD: Final = re.compile(r"\w{4,}")


@dataclass(frozen=True, slots=True)
class Likely:
    """A ticket that may be the same: `same_person` asked, `is_near` in meaning or words."""

    ticket: Ticket
    same_person: bool
    is_near: bool


@dataclass(frozen=True, slots=True)
class Likelies:
    """The likely ones, surest first. `by_meaning` is false where only words were compared."""

    rows: tuple[Likely, ...] = ()
    by_meaning: bool = True

    @property
    def more(self) -> int:
        """How many there are beside the first."""
        return max(0, len(self.rows) - 1)


def words_in(text: str) -> frozenset[str]:
    """The words that tell something, in lower case."""
    return frozenset(_WORD.findall(text.lower()))


def shares_words(subject: str, typed: frozenset[str]) -> bool:
    """Whether enough of a subject's words are among those typed."""
    said = words_in(subject)
    both = len(said & typed)
    return both >= min(AT_LEAST, len(said)) and both >= SHARED * len(said) and both > 0


def _current(rows: TicketQuerySet) -> TicketQuerySet:
    """Open, pending or solved lately, and no part of another ticket."""
    lately = Q(
        status_category__in=[StatusCategory.SOLVED, StatusCategory.CLOSED],
        resolved_at__gte=now() - LATELY,
    )
    going = Q(status_category__in=[StatusCategory.OPEN, StatusCategory.PENDING])
    return rows.filter(going | lately, merged_into=None).with_row_relations()


def likely_while_typing(
    user: User, organization_id: int, *, email: str, subject: str, text: str,
    chosen: Collection[int] = (),
) -> Likelies:  # fmt: skip
    """What may be the same as a ticket that `user` is about to open for `email`.

    Tickets whose numbers are `chosen` stay among them. Waits for the meaning as long as its
    finder does. Queries: 2 (the person's tickets; the near or chosen ones).
    """
    rows = _current(desk_tickets(user).filter(organization_id=organization_id))
    words = f"{subject} {text}".replace("\x00", "").strip()[:LONGEST]
    typed = words_in(words)
    own = list(rows.filter(requester__email=email.strip().lower())[:MOST_OWN]) if email else []
    meant = find_by_meaning([organization_id], words, NEAR) if len(words) >= SHORTEST else Meant()
    near = [one.object_id for one in meant.near if one.kind == "ticket" and one.level in CLOSE]
    wanted = Q(pk__in=near) | Q(number__in=chosen)
    others = list(rows.filter(wanted)[:NEAR]) if near or chosen else []
    if not meant.available and len(words) >= SHORTEST:
        others += list(search_tickets(rows, subject[:200])[:MOST_SHOWN]) if subject else []
    return Likelies(_ranked(own, others, near, typed, chosen), by_meaning=meant.available)


def _ranked(
    own: Iterable[Ticket],
    others: Sequence[Ticket],
    near: Sequence[int],
    typed: frozenset[str],
    chosen: Collection[int] = (),
) -> tuple[Likely, ...]:
    """Chosen ones, then near ones of the same person, near ones, the same person's others."""
    mine = {row.pk: row for row in own}
    alike = {row.pk for row in others} | {
        row.pk for row in mine.values() if shares_words(row.subject, typed)
    }
    rows = mine | {row.pk: row for row in others}
    found = [Likely(row, pk in mine, pk in alike) for pk, row in rows.items()]
    place = {pk: number for number, pk in enumerate(near)}

    def order(one: Likely) -> tuple[bool, int, int, int]:
        sure = -(2 * one.is_near + one.same_person)
        last = place.get(one.ticket.pk, len(place))
        return (one.ticket.number not in chosen, sure, last, -one.ticket.pk)

    return tuple(sorted(found, key=order)[:MOST_SHOWN])


def likely_duplicates(user: User, ticket: Ticket) -> Likelies:
    """What may be the same as a ticket that nobody has answered: only what is near.

    The AI's verdict names near ones; until there is one, words are compared. Asks no worker.
    Queries: 3 (links, the person's tickets, the others).
    """
    if ticket.is_settled or ticket.merged_into_id or ticket.first_response_at is not None:
        return Likelies()
    known = {one.ticket.pk for one in linked_tickets(ticket)} | {ticket.pk}
    rows = _current(desk_tickets(user).filter(organization_id=ticket.organization_id))
    rows = rows.exclude(pk__in=known)
    own = list(rows.filter(requester_id=ticket.requester_id)[:MOST_OWN])
    sources = ticket.ai_verdict.get("sources")
    read = isinstance(sources, list)
    numbers = _close_numbers(sources) if isinstance(sources, list) else []
    if read:
        others = list(rows.filter(number__in=numbers)) if numbers else []
    else:
        others = list(search_tickets(rows, ticket.subject[:200])[:MOST_SHOWN])
    places = {number: place for place, number in enumerate(numbers)}
    others.sort(key=lambda row: places.get(row.number, len(places)))
    near = [row.pk for row in others]
    ranked = _ranked(
        own, others, near, words_in(f"{ticket.subject} {ticket.description[:LONGEST]}")
    )
    return Likelies(tuple(one for one in ranked if one.is_near), by_meaning=read)


def expects_duplicates(ticket: Ticket) -> bool:
    """Whether the verdict names near tickets, so that the page keeps room for them. Queries: 0."""
    sources = ticket.ai_verdict.get("sources")
    return isinstance(sources, list) and bool(_close_numbers(sources))


def _close_numbers(sources: Sequence[object]) -> list[int]:
    found = [
        one.get("number")
        for one in sources
        if isinstance(one, dict) and one.get("kind") == "ticket" and one.get("level") in CLOSE
    ]
    return [n for n in found if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**63]


def told_already(user: User, words: str) -> list[Ticket]:
    """A person's own open tickets that say what they are typing. Queries: 1, or 0 for no words.

    Where the AI does not answer, words are compared alone.
    """
    words = words.replace("\x00", "").strip()[:LONGEST]
    if len(words) < SHORTEST:
        return []
    rows = own_tickets(user).unresolved().filter(merged_into=None)
    own = list(rows.select_related("status").defer("search", "description")[:MOST_OWN])
    if not own:
        return []
    typed = words_in(words)
    alike = [row for row in own if shares_words(row.subject, typed)]
    if len(alike) < MOST_TOLD:
        meant = find_by_meaning(sorted({row.organization_id for row in own}), words, NEAR)
        near = [one.object_id for one in meant.near if one.kind == "ticket" and one.level in CLOSE]
        alike += [row for row in own if row.pk in near and row not in alike]
    return alike[:MOST_TOLD]
