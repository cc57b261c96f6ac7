"""Search at the desk: full text of tickets, their conversations and files, joined with meaning.

The index of full text is reached through a function of the database (migration 0006): under row
security PostgreSQL would first read every row of the organization, because `@@` is not marked as
keeping secrets. The function looks at the running scope itself. Words and meaning are joined by
their ranks (reciprocal rank fusion): neither score means anything beside the other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db.models import BooleanField, F, Q
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Left

from omnidesk.accounts.models import User
from tickets.access import desk_tickets, readable_articles
from tickets.desk_selectors import with_turn
from tickets.meaning import Meant, find_by_meaning
from tickets.models import Article, AttachmentText, Message, Ticket, TicketQuerySet
from tickets.models.attachment_text import LONGEST
from tickets.numbers import tickets_numbered
from tickets.portal_selectors import search_articles

# As the index of messages is built (migration 0002).
SEARCHED = 50_000
# Of the newest that hold the words so many are ranked; so many are shown.
MOST_RANKED = 1_000
MOST_SHOWN = 50
NEAR = 20
MOST_ARTICLES = 5
# Reciprocal rank fusion's usual constant.
FUSION = 60
# Private characters: no text of a person holds them, and the page makes <mark> of them.
START, STOP = "\ue000", "\ue001"
_WORD = re.compile(r"\w[\w.@-]*")


def _websearch(words: str) -> SearchQuery:
    return SearchQuery(words, config="simple", search_type="websearch")


def _typing(words: str) -> str:
    """Words that are still being typed for to_tsquery: the last may be a beginning; "" if none."""
    found = [part.strip(".@-") for part in _WORD.findall(words)[:12]]
    if not found:
        return ""
    # Quoted: the signs of the query's own language mean nothing here.
    return " & ".join(f"'{part}'" for part in found) + ":*"


def _holding(tickets: TicketQuerySet, made: str, words: str) -> TicketQuerySet:
    """`tickets` whose text, conversation or files hold the words; `made` is SQL for the query.

    An array, not a subquery: PostgreSQL cannot know how few rows the function gives, and would
    join every ticket of the organization with everything before it looks at them.
    """
    found = f"SELECT id FROM omnidesk_search_tickets({made}, %s)"  # noqa: S608 - our own words
    sql = f"tickets_ticket.id = ANY (ARRAY({found}))"
    held = RawSQL(sql, (words, MOST_RANKED), output_field=BooleanField())  # noqa: S611 - parameters
    return tickets.filter(held)


def typed_tickets(tickets: TicketQuerySet, words: str) -> TicketQuerySet:
    """Tickets for words that are still being typed, best first: what a line of a menu shows.

    That is number, subject, status and requester. Queries: 1 when read.
    """
    tickets = _lines(tickets)
    if words.isdigit() and len(words) < 19:
        return tickets.filter(number=int(words))
    made = _typing(words)
    if not made:
        return tickets.none()
    rank = SearchRank(F("search"), SearchQuery(made, config="simple", search_type="raw"))
    rows = _holding(tickets, "to_tsquery('simple', %s)", made)
    return rows.annotate(rank=rank).order_by("-rank", "-pk")


def numbered_tickets(user: User, words: str) -> list[Ticket]:
    """Tickets that another system calls `words`, as lines of a menu. Queries: 0 to 2."""
    found = tickets_numbered(sorted(user.staffed_organization_ids()), words)
    return list(_lines(desk_tickets(user)).filter(pk__in=found)) if found else []


# Of a ticket, its status and its requester: a whole row of each is named and read for nothing.
_SHOWN = (
    "number", "subject", "status_category", "status__name", "status__key", "status__category",
    "status__is_default", "requester__name", "requester__email",
)  # fmt: skip


def _lines(tickets: TicketQuerySet) -> TicketQuerySet:
    return tickets.select_related("status", "requester").only(*_SHOWN)


@dataclass(frozen=True, slots=True)
class Hits:
    """A joined result. `by_meaning` is false where only words could be compared."""

    tickets: list[Ticket]
    articles: list[Article]
    by_meaning: bool
    more: bool = False


def search_desk(user: User, words: str) -> Hits:
    """Tickets and articles for words, best first.

    Waits for the meaning as long as its finder does. Queries: 4 (words, rows, messages that hold
    them, articles), one more where the meaning adds articles, one where only files hold them, and
    one for words that look like a number.
    """
    numbered = tickets_numbered(sorted(user.staffed_organization_ids()), words)
    if words.isdigit() and len(words) < 19:
        rows = desk_tickets(user).filter(Q(number=int(words)) | Q(pk__in=numbered))
        return Hits(_marked_up(list(with_turn(rows.with_row_relations()))), [], by_meaning=True)
    meant = find_by_meaning(sorted(user.staffed_organization_ids()), words, NEAR)
    by_words = _ranked(user, words)
    near = [one.object_id for one in meant.near if one.kind in ("ticket", "response")]
    order = list(dict.fromkeys([*numbered, *fused(by_words, list(dict.fromkeys(near)))]))
    tickets = _rows(user, order[:MOST_SHOWN], words)
    return Hits(
        tickets,
        _articles(user, words, meant),
        by_meaning=meant.available,
        more=len(order) > MOST_SHOWN,
    )


def _ranked(user: User, words: str) -> list[int]:
    rank = SearchRank(F("search"), _websearch(words))
    rows = _holding(desk_tickets(user), "websearch_to_tsquery('simple', %s)", words)
    best = rows.annotate(rank=rank).order_by("-rank", "-pk").values_list("pk", flat=True)
    return list(best[: MOST_SHOWN * 2])


def fused(*rankings: Sequence[int]) -> list[int]:
    """Several rankings as one: who stands high in several stands highest."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, key in enumerate(ranking):
            scores[key] = scores.get(key, 0.0) + 1 / (FUSION + place)
    return sorted(scores, key=lambda key: (-scores[key], -key))


def _rows(user: User, order: Sequence[int], words: str) -> list[Ticket]:
    query = _websearch(words)
    rows = with_turn(desk_tickets(user).filter(pk__in=order).with_row_relations())
    rows = rows.defer("search", "description", "type__workflow").annotate(
        marked_subject=_headline("subject", query, whole=True),
        marked_text=_headline(Left("description", 5_000), query),
    )
    found = {row.pk: row for row in rows}
    _put_messages(found, query)
    _put_files(found, query)
    return [found[pk] for pk in order if pk in found]


def _headline(text: Combinable | str, query: SearchQuery, *, whole: bool = False) -> SearchHeadline:
    size: dict[str, Any] = {"highlight_all": True} if whole else {"max_words": 26, "min_words": 12}
    return SearchHeadline(text, query, config="simple", start_sel=START, stop_sel=STOP, **size)


def _put_messages(found: dict[int, Ticket], query: SearchQuery) -> None:
    """Where only the conversation holds the words, show that message. Queries: 1 or 0."""
    wanted = [row.pk for row in found.values() if START not in getattr(row, "marked_text", "")]
    if not wanted:
        return
    vector = SearchVector(Left("text", SEARCHED), config="simple")
    talk = Message.objects.filter(ticket_id__in=wanted, is_opening=False)
    talk = talk.annotate(words=vector).filter(words=query)
    shown = talk.annotate(marked=_headline(Left("text", 5_000), query))
    newest = shown.order_by("ticket_id", "-pk").distinct("ticket_id")
    for ticket_id, marked in newest.values_list("ticket_id", "marked"):
        found[ticket_id].marked_text = marked  # type: ignore[attr-defined]


def _put_files(found: dict[int, Ticket], query: SearchQuery) -> None:
    """Where neither ticket nor conversation holds the words, show the file that does.

    Queries: 1 or 0. A vector is compared, not made: the text of a file may be long.
    """
    wanted = [
        row.pk
        for row in found.values()
        if START not in getattr(row, "marked_text", "") + getattr(row, "marked_subject", "")
    ]
    if not wanted:
        return
    files = AttachmentText.objects.filter(
        attachment__ticket_id__in=wanted, attachment__draft=None, search=query
    ).annotate(marked=_headline(Left("text", LONGEST), query))
    newest = files.order_by("attachment__ticket_id", "-pk").distinct("attachment__ticket_id")
    names = ("attachment__ticket_id", "attachment__name", "marked")
    for ticket_id, name, marked in newest.values_list(*names):
        found[ticket_id].marked_text = marked  # type: ignore[attr-defined]
        found[ticket_id].marked_file = name  # type: ignore[attr-defined]


def _marked_up(tickets: list[Ticket]) -> list[Ticket]:
    for ticket in tickets:
        ticket.marked_subject = ticket.subject  # type: ignore[attr-defined]
        ticket.marked_text = ticket.description[:200]  # type: ignore[attr-defined]
    return tickets


def search_knowledge(user: User, words: str, limit: int) -> Hits:
    """Articles that `user` may read, best first. Waits like `search_desk`. Queries: 1 or 2."""
    meant = find_by_meaning(sorted(user.visible_organization_ids()), words, NEAR)
    return Hits([], _articles(user, words, meant, limit), by_meaning=meant.available)


def _articles(user: User, words: str, meant: Meant, limit: int = MOST_ARTICLES) -> list[Article]:
    readable = readable_articles(user)
    by_words = list(search_articles(readable, words)[:limit])
    known = {article.pk: article for article in by_words}
    near = [one.object_id for one in meant.near if one.kind == "article"]
    missing = [pk for pk in near if pk not in known]
    known |= readable.in_bulk(missing) if missing else {}
    order = fused([article.pk for article in by_words], list(dict.fromkeys(near)))
    return [known[pk] for pk in order if pk in known][:limit]


def near_tickets(user: User, words: str, limit: int) -> Hits:
    """Tickets that mean something like the words, as lines of a menu. Queries: 1."""
    # Twice as many as are shown: some of what is found are articles, or answers in one ticket.
    meant = find_by_meaning(sorted(user.staffed_organization_ids()), words, 2 * limit)
    ids = [one.object_id for one in meant.near if one.kind in ("ticket", "response")]
    order = list(dict.fromkeys(ids))[:limit]
    rows = _lines(desk_tickets(user)).in_bulk(order)
    return Hits([rows[pk] for pk in order if pk in rows], [], by_meaning=meant.available)
