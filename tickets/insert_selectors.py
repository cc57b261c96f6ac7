"""What the composer offers at the caret: texts of macros, articles to link, people to name."""

from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from omnidesk.accounts.models import User
from tickets.access import readable_articles
from tickets.automation.filling import values_for
from tickets.macro_selectors import offered_macros
from tickets.models import Article, Ticket
from tickets.placeholders import fill
from tickets.portal_selectors import search_articles
from tickets.setup_selectors import setup_of

MOST = 8
LONGEST_SIDE = 80


@dataclass(frozen=True, slots=True)
class Insertion:
    """One row: what it says, and the text that goes to where the caret stands."""

    key: str
    label: str
    side: str
    text: str
    icon: str = ""
    person: User | None = None


def insertions(
    user: User, ticket: Ticket, kind: str, words: str, *, internal: bool
) -> list[Insertion]:
    """Rows of one `kind` (snippet, article, person) that fit `words`. Queries: 0 or 1.

    `internal` says that a note is being written: colleagues may read what requesters may not.
    """
    words = words.replace("\x00", "").strip()[:60]
    if kind == "snippet":
        return _snippets(user, ticket, words)
    if kind == "article":
        return _articles(user, ticket, words, internal=internal)
    return _people(user, ticket, words, internal=internal)


def _snippets(user: User, ticket: Ticket, words: str) -> list[Insertion]:
    """Macros with a text, filled in; what else they do stays in the macro picker. Queries: 1."""
    values = values_for(ticket, user)
    rows = []
    for macro in offered_macros(user, ticket, words):
        text = fill(macro.text, values).strip()
        if text:
            side = " ".join(text.split())[:LONGEST_SIDE]
            rows.append(Insertion(f"snippet-{macro.pk}", macro.name, side, text, "bolt"))
    return rows[:MOST]


def _articles(user: User, ticket: Ticket, words: str, *, internal: bool) -> list[Insertion]:
    """Articles of the ticket's organization; without words those that fit its subject. Queries: 1.

    A requester gets a link only to what a requester may open.
    """
    articles = readable_articles(user).filter(organization_id=ticket.organization_id)
    if internal:
        articles = articles.exclude(state=Article.State.ARCHIVED)
    else:
        articles = articles.filter(state=Article.State.PUBLISHED, is_public=True)
    page = "desk:kb_article" if internal else "portal:kb_article"
    base = settings.BASE_URL.rstrip("/")
    found = _typed(articles, words) if words else search_articles(articles, ticket.subject)
    return [
        Insertion(
            f"article-{row.pk}",
            row.title,
            row.category.name if row.category else "",
            f"[{_escaped(row.title)}]({base}{reverse(page, args=[row.slug])})",
            "book",
        )
        for row in found[:MOST]
    ]


def _typed(articles: QuerySet[Article], words: str) -> QuerySet[Article]:
    """The last word may be a beginning, so titles are compared by their parts."""
    for word in words.split()[:6]:
        articles = articles.filter(Q(title__icontains=word) | Q(search=word.lower()))
    return articles.order_by("title")


def _escaped(title: str) -> str:
    return title.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _people(user: User, ticket: Ticket, words: str, *, internal: bool) -> list[Insertion]:
    """In a note colleagues as mentions; in an answer names, the requester's first. Queries: 0."""
    agents = list(setup_of(user, ticket.organization_id).agents)
    people = (
        agents if internal else [ticket.requester, *(a for a in agents if a != ticket.requester)]
    )
    shared = Counter(_names(people))
    parts = words.casefold().split()
    rows = []
    for person in people:
        said = f"{person.name} {person.email}".casefold()
        name = _mention(person, shared) if internal else person.display_name
        if name and all(part in said for part in parts):
            key = f"person-{person.pk}"
            rows.append(
                Insertion(key, person.display_name, person.email, f"{name} ", person=person)
            )
    return rows[:MOST]


def _names(people: list[User]) -> list[str]:
    names: list[str] = []
    for person in people:
        # A name that equals the same person's address counts once, as in tickets.mentions.
        names += {person.name.strip().casefold(), person.email.partition("@")[0].casefold()}
    return names


def _mention(person: User, shared: Counter[str]) -> str:
    """What names this person and nobody else, or "" where nothing does."""
    for name in (person.name.strip(), person.email.partition("@")[0]):
        if name and shared[name.casefold()] == 1:
            return f"@{name}"
    return ""
