"""Proposed articles: proposed once, edited, taken over, rejected with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ai.events import ProposalsChanged
from ai.models import ArticleProposal, ProposalTicket
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import InvalidChange
from tickets.actions.knowledge import (
    pending_version,
    propose_version,
    publish_version,
    save_article,
)
from tickets.actions.notify import Notice, notify
from tickets.models import Article, Category, DeskSettings, Ticket
from tickets.notices import Kind

LONGEST_REASON = 500
LOCK_PROPOSALS = 0x4B50524F
LEADS = (Role.LEAD.value, Role.ADMINISTRATOR.value)
State = ArticleProposal.State


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """What the look found; `quotes` are masked words by ticket id, the newest ticket first."""

    cause: str
    title: str
    body: str
    language: str
    quotes: Mapping[int, str]
    category_id: int | None = None
    article_id: int | None = None
    base_version: int = 0
    source: str = "extractive"
    masked_values: int = 0
    unhelpful: int = 0


@transaction.atomic
def propose(*, organization_id: int, found: NewProposal) -> ArticleProposal | None:
    """Write a proposal; None where another look was faster or the article moved on meanwhile."""
    _one_look(organization_id)
    if taken_tickets(organization_id, found.cause) & set(found.quotes):
        return None
    article = None
    if found.article_id is not None:
        article = Article.objects.filter(pk=found.article_id).first()
        waiting = ArticleProposal.objects.filter(article=article, state=State.PROPOSED)
        if article is None or article.version != found.base_version or waiting.exists():
            return None
    row = ArticleProposal.objects.create(
        organization_id=organization_id,
        cause=found.cause,
        article=article,
        base_version=found.base_version,
        title=one_line(found.title, 200),
        body=clean_text(found.body),
        language=found.language,
        category_id=found.category_id,
        source=found.source,
        masked_values=found.masked_values,
        unhelpful=found.unhelpful,
    )
    _cite(row, found.quotes)
    _announce(row)
    return row


def _announce(row: ArticleProposal) -> None:
    """Tell the leads and, of a change, who wrote the article last; several unread are one line."""
    ticket = _first_ticket(row)
    publish(ProposalsChanged(organization_id=row.organization_id))
    if ticket is None:
        return
    leads = Membership.objects.filter(organization_id=row.organization_id, role__in=LEADS)
    people = set(leads.values_list("user_id", flat=True))
    if row.article is not None and row.article.author_id is not None:
        people.add(row.article.author_id)
    notify(
        Notice(
            kind=Kind.PROPOSAL,
            ticket=ticket,
            people=people,
            actor_name="AI",
            about=f"proposals:{row.organization_id}",
            detail=row.title,
        )
    )


@transaction.atomic
def cite_also(*, proposal: ArticleProposal, quotes: Mapping[int, str]) -> int:
    """Add tickets that came later to an open proposal; its text stays. Returns how many."""
    _one_look(proposal.organization_id)
    row = ArticleProposal.objects.filter(pk=proposal.pk, state=State.PROPOSED).first()
    if row is None:
        return 0
    taken = taken_tickets(row.organization_id, row.cause)
    return _cite(row, {pk: text for pk, text in quotes.items() if pk not in taken})


def taken_tickets(organization_id: int, cause: str) -> set[int]:
    """Tickets that a proposal of this cause cites, rejected ones included. Queries: 1."""
    rows = ProposalTicket.objects.filter(
        organization_id=organization_id, proposal__cause=cause
    ).exclude(proposal__state=State.OUTDATED)
    return set(rows.values_list("ticket", flat=True))


@transaction.atomic
def edit_proposal(
    *,
    proposal: ArticleProposal,
    by: User,
    title: str,
    body: str,
    language: str,
    category: Category | None = None,
) -> ArticleProposal:
    """Give the proposal another text before it is taken over. Raises `InvalidChange`."""
    row = _open(proposal)
    if not one_line(title):
        raise InvalidChange(_("Enter a title."), "title")
    if not body.strip():
        raise InvalidChange(_("Write the article's text."), "body")
    row.title, row.body = one_line(title, 200), clean_text(body)
    row.language, row.category, row.edited_by = language, category, by
    row.save()
    return row


@transaction.atomic
def publish_proposal(*, proposal: ArticleProposal, by: User, visibility: str = "agents") -> Article:
    """Make the proposed text the article's; `visibility` is for a new one.

    Where articles are published by somebody else, nobody publishes what they edited themselves.
    Raises `InvalidChange`.
    """
    row = _open(proposal)
    article = _unchanged_article(row)
    writer = row.edited_by
    if writer is not None and writer != by and _reviews(row.organization_id):
        saved = _save(row, article, writer, Article.State.REVIEW.value, visibility)
        saved = publish_version(article=saved, by=by)
    else:
        # The machine's own words have one reader before they are published: whoever decides here.
        author = None if writer is None and _reviews(row.organization_id) else by
        saved = _save(row, article, author, Article.State.PUBLISHED.value, visibility)
    _decide(row, State.PUBLISHED.value, by, saved)
    return saved


@transaction.atomic
def hand_to_review(*, proposal: ArticleProposal, by: User, visibility: str = "agents") -> Article:
    """Write the proposed text as a version in review; colleagues publish it."""
    row = _open(proposal)
    saved = _save(row, _unchanged_article(row), by, Article.State.REVIEW.value, visibility)
    _decide(row, State.PUBLISHED.value, by, saved)
    return saved


@transaction.atomic
def reject_proposal(*, proposal: ArticleProposal, by: User, reason: str) -> ArticleProposal:
    """Say no, and why: it does not come back for the same tickets. Raises `InvalidChange`."""
    row = _open(proposal)
    words = one_line(reason, LONGEST_REASON)
    if not words:
        raise InvalidChange(_("Say why, so that others understand it."), "reason")
    row.rejection = words
    _decide(row, State.REJECTED.value, by, row.article)
    return row


def outdate_proposals(organization_id: int) -> int:
    """Close proposals whose article moved on; their tickets are looked at again."""
    open_rows = ArticleProposal.objects.filter(
        organization_id=organization_id, state=State.PROPOSED, article__isnull=False
    ).select_related("article")
    gone = [row.pk for row in open_rows if row.article and row.article.version != row.base_version]
    rows = ArticleProposal.objects.filter(pk__in=gone, state=State.PROPOSED)
    outdated = rows.update(state=State.OUTDATED, decided_at=now())
    if outdated:
        publish(ProposalsChanged(organization_id=organization_id))
    return outdated


def _open(proposal: ArticleProposal) -> ArticleProposal:
    row = ArticleProposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if not row.is_open:
        raise InvalidChange(_("This proposal was decided already."))
    return row


def _unchanged_article(row: ArticleProposal) -> Article | None:
    if row.article_id is None:
        return None
    article = Article.objects.select_for_update(of=("self",)).get(pk=row.article_id)
    if article.version != row.base_version:
        raise InvalidChange(_("The article was changed since. A new proposal follows by itself."))
    waiting = pending_version(article)
    if waiting is not None:
        raise InvalidChange(_("A version of this article waits already. Decide on that first."))
    return article


def _save(
    row: ArticleProposal, article: Article | None, author: User | None, state: str, visibility: str
) -> Article:
    numbers = row.cited.order_by("ticket__number").values_list("ticket__number", flat=True)
    told = ", ".join(str(number) for number in numbers[:12])
    summary = _("From tickets %(numbers)s") % {"numbers": told}
    if article is not None and state == Article.State.REVIEW and author is not None:
        propose_version(
            article=article, title=row.title, body=row.body, author=author, state=state,
            summary=summary,
        )  # fmt: skip
        return article
    return save_article(
        organization_id=row.organization_id,
        title=row.title,
        body=row.body,
        author=author,
        language=article.language if article else row.language,
        category=row.category,
        state=state,
        slug="" if article else _free_slug(row),
        article=article,
        visibility="" if article else visibility,
        summary=summary,
        original=article.original if article else None,
        source=None if article else _first_ticket(row),
    )


def _free_slug(row: ArticleProposal) -> str:
    """A short name of its own where the title's is taken: nobody is asked for one here."""
    base = slugify(row.title)[:100] or "article"
    taken = set(
        Article.objects.filter(
            organization_id=row.organization_id, slug__startswith=base
        ).values_list("slug", flat=True)
    )
    return base if base not in taken else f"{base}-{row.pk}"


def _first_ticket(row: ArticleProposal) -> Ticket | None:
    cited = row.cited.select_related("ticket").order_by("pk").first()
    return cited.ticket if cited else None


def _decide(row: ArticleProposal, state: str, by: User, article: Article | None) -> None:
    row.state, row.decided_by, row.decided_at, row.article = state, by, now(), article
    row.save()
    publish(ProposalsChanged(organization_id=row.organization_id))


def _cite(row: ArticleProposal, quotes: Mapping[int, str]) -> int:
    made = ProposalTicket.objects.bulk_create(
        ProposalTicket(
            organization_id=row.organization_id,
            proposal=row,
            ticket_id=ticket_id,
            quote=clean_text(text, 1_000),
        )
        for ticket_id, text in quotes.items()
    )
    return len(made)


def _reviews(organization_id: int) -> bool:
    rules = DeskSettings.objects.filter(organization_id=organization_id, reviews_articles=True)
    return rules.exists()


def _one_look(organization_id: int) -> None:
    """Two looks at once would propose one text twice: the second waits and finds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_PROPOSALS, organization_id % 2**31]
        )
