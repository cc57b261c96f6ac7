"""Reads of the knowledge base and the portal, each with a known number of queries."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.access import readable_articles, visible_tickets
from tickets.choices import StatusCategory
from tickets.models import Article, ArticleFeedback, KeptForm, Ticket, TicketQuerySet
from tickets.selectors import own_tickets, search_tickets

# Keys of statuses in which nobody waits for the requester.
HELD = ("on-hold", "hold")
WORD = re.compile(r"\w{3,}")
MOST_WORDS = 12
HELPFUL = 4


def published_articles(user: User) -> QuerySet[Article]:
    """What the portal shows a person. Queries: 1 when read."""
    return readable_articles(user).filter(state=Article.State.PUBLISHED, is_public=True)


def search_articles(articles: QuerySet[Article], words: str) -> QuerySet[Article]:
    """Articles that share words with a description, best first.

    People describe problems in sentences, so any word counts, not all of them.
    """
    found = WORD.findall(words)[:MOST_WORDS]
    if not found:
        return articles.none()
    query = SearchQuery(" or ".join(found), config="simple", search_type="websearch")
    return (
        articles.filter(search=query)
        .annotate(rank=SearchRank(F("search"), query, normalization=1))
        .order_by("-rank", "title")
    )


def helpful_articles(user: User, language: str) -> list[Article]:
    """A few articles for the portal's front page, in the person's language first. Queries: 1."""
    articles = published_articles(user).annotate(own=Count("pk", filter=Q(language=language[:2])))
    return list(articles.order_by("-own", "-updated_at")[:HELPFUL])


def readable_article(user: User, slug: str) -> Article:
    """One article by its short name, or 404. Queries: 1.

    Two organizations may use the same short name; a person in both reads the first.
    """
    articles = readable_articles(user).select_related("author").order_by("organization_id")
    article = articles.filter(slug=slug).first()
    if article is None:
        raise Http404
    return article


@dataclass(frozen=True, slots=True)
class ArticleSection:
    """A category of the knowledge base and its articles."""

    name: str
    articles: list[Article]


def article_sections(articles: QuerySet[Article]) -> list[ArticleSection]:
    """Articles by category name; those without one come last. Queries: 1."""
    sections: dict[str, list[Article]] = {}
    for article in articles.order_by(F("category__name").asc(nulls_last=True), "title"):
        sections.setdefault(article.category.name if article.category else "", []).append(article)
    return [ArticleSection(name, rows) for name, rows in sections.items()]


@dataclass(frozen=True, slots=True)
class Language:
    """One language of an article: the text in it, None where it is still to be written."""

    code: str
    article: Article | None
    is_behind: bool


def article_languages(article: Article) -> list[Language]:
    """The languages of an article and of its translations, then those that are missing. Queries: 1.

    A translation is behind when the original has a later version than it was made from.
    """
    root_id = article.original_id or article.pk
    rows = Article.objects.filter(Q(pk=root_id) | Q(original_id=root_id)).order_by("original_id")
    by_code = {row.language: row for row in rows}
    root = next((row for row in by_code.values() if row.pk == root_id), article)
    found = [
        Language(code, row, bool(row.original_id) and (row.original_version or 0) < root.version)
        for code, row in by_code.items()
    ]
    missing = [code for code, _name in settings.LANGUAGES if code not in by_code]
    return [*found, *(Language(code, None, is_behind=False) for code in missing)]


def in_reading_language(articles: QuerySet[Article], language: str) -> QuerySet[Article]:
    """Each article once: in the reader's language where there is one, else the original."""
    published = Article.objects.filter(state=Article.State.PUBLISHED, is_public=True)
    root = Coalesce(OuterRef("original_id"), OuterRef("pk"))
    own = published.filter(Q(pk=root) | Q(original_id=root), language=language[:2])
    whole = published.filter(pk=OuterRef("original_id"))
    is_own = Q(language=language[:2])
    return articles.filter(is_own | ~Exists(own)).filter(is_own | Q(original=None) | ~Exists(whole))


def solution_text(ticket: Ticket) -> str:
    """A first text for an article: the question and the last public answers. Queries: 1."""
    answers = ticket.messages.filter(kind="public", from_requester=False, is_opening=False)
    said = [m.text.strip() for m in answers.order_by("-created_at", "-pk")[:2]][::-1]
    problem, solution = _("Problem"), _("Solution")
    return "\n\n".join([f"## {problem}", ticket.description.strip(), f"## {solution}", *said])


def with_figures(articles: QuerySet[Article]) -> QuerySet[Article]:
    """The same with `said_count` and `helped_count`: readers who said whether it helped."""
    return articles.annotate(
        said_count=Count("feedback"),
        helped_count=Count("feedback", filter=Q(feedback__helped=True)),
    )


@dataclass(frozen=True, slots=True)
class ArticleFigures:
    """How an article does: `reasons` are (words, how often), `comments` the newest ones."""

    opened: int
    said: int
    helped: int
    reasons: list[tuple[str, int]]
    comments: list[str]


def article_figures(article: Article) -> ArticleFigures:
    """Queries: 1."""
    rows = list(article.feedback.all()[:1000])
    labels = dict(ArticleFeedback.Reason.choices)
    counted = Counter(row.reason for row in rows if row.reason)
    return ArticleFigures(
        opened=article.opened_count,
        said=len(rows),
        helped=sum(row.helped for row in rows),
        reasons=[(str(labels[key]), count) for key, count in counted.most_common()],
        comments=[row.comment for row in rows if row.comment][:3],
    )


@dataclass(frozen=True, slots=True)
class OwnCounts:
    """How many tickets of a person are open and solved."""

    open: int
    solved: int


def portal_tickets(user: User, *, everybodys: bool = False) -> TicketQuerySet:
    """One's own tickets, or all of the organizations that one reads. Queries: 1 when read."""
    if not everybodys:
        return own_tickets(user)
    read = visible_tickets(user).filter(organization_id__in=user.read_organization_ids())
    return read.with_row_relations()


def own_counts(user: User, *, everybodys: bool = False) -> OwnCounts:
    """Queries: 1."""
    unsettled = Q(status_category__in=[StatusCategory.OPEN, StatusCategory.PENDING])
    row = (
        portal_tickets(user, everybodys=everybodys)
        .order_by()
        .aggregate(open=Count("pk", filter=unsettled), solved=Count("pk", filter=~unsettled))
    )
    return OwnCounts(row["open"], row["solved"])


def own_ticket_rows(
    user: User, *, settled: bool, words: str = "", everybodys: bool = False
) -> TicketQuerySet:
    """A person's open or solved tickets, newest activity first. Queries: 1 when read."""
    stages = [StatusCategory.SOLVED, StatusCategory.CLOSED]
    tickets = portal_tickets(user, everybodys=everybodys)
    tickets = tickets.filter(status_category__in=stages) if settled else tickets.unresolved()
    return search_tickets(tickets, words) if words else tickets


@dataclass(frozen=True, slots=True)
class RequesterFacts:
    """What the context panel says about a requester's history."""

    total: int
    open: int
    recent: list[Ticket]


def requester_facts(tickets: TicketQuerySet, ticket: Ticket) -> RequesterFacts:
    """A requester's other tickets among those the agent may see. Queries: 1."""
    others = tickets.filter(requester_id=ticket.requester_id).exclude(pk=ticket.pk)
    opened = Q(status_category=StatusCategory.OPEN)
    # Counted over all of them, before the limit cuts.
    counted = others.annotate(
        of_all=Window(Count("pk")), of_open=Window(Count("pk", filter=opened))
    ).select_related("status")
    recent = list(counted.only("number", "subject", "status")[:5])
    if not recent:
        return RequesterFacts(0, 0, [])
    first: Any = recent[0]
    return RequesterFacts(first.of_all, first.of_open, recent)


def kept_form(user: User, organization_id: int, form: str) -> KeptForm | None:
    """One's own unsent words in a form of the portal. Queries: 1."""
    rows = KeptForm.objects.filter(
        person=user, organization_id=organization_id, form=form, saved_at__gte=now() - KeptForm.FOR
    )
    return rows.first()
