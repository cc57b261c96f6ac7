"""Reads of proposed articles, and of articles that people say do not help."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from ai.models import ArticleProposal, Suggestion
from omnidesk.accounts.models import User
from tickets.article_diff import Row, changes, compare
from tickets.models import Article, ArticleFeedback, Ticket

# So many readers of the present version say no, and as many at least as say yes.
FEWEST_UNHELPFUL = 3
# So many drafts that quote it were rejected.
FEWEST_REJECTED = 2
# Whoever did not find help in an article opens a ticket soon, or asked about something else.
OPENS_WITHIN = timedelta(days=3)
LOOK_BACK = timedelta(days=90)
MOST_REJECTED = 500
MOST_FLAGGED = 20
SHOWN = 30
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Flags:
    """How an article fares: readers who said no, rejected drafts, and the tickets behind them."""

    unhelpful: int
    helped: int
    rejected: int
    tickets: frozenset[int]


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """One proposal beside the text it would replace."""

    proposal: ArticleProposal
    cited: Sequence[Any]
    title: Sequence[Row]
    rows: Sequence[Row]
    count: int
    is_behind: bool


def flagged_articles(organization_id: int, since: datetime) -> dict[int, Flags]:
    """Published articles that people flag: by their votes, or by rejecting drafts that quote them.

    Queries: 4.
    """
    articles = Article.objects.filter(
        organization_id=organization_id, state=Article.State.PUBLISHED
    )
    versions = dict(articles.values_list("pk", "version"))
    told = ArticleFeedback.objects.filter(article__in=versions, created_at__gte=since)
    votes = [row for row in told if row.version == versions[row.article_id]]
    drafts = Suggestion.objects.filter(
        organization_id=organization_id,
        field=Suggestion.Field.DRAFT,
        state=Suggestion.State.REJECTED,
        decided_at__gte=since,
    ).order_by("-decided_at")[:MOST_REJECTED]
    updated = dict(articles.values_list("pk", "updated_at"))
    rejected: dict[int, set[int]] = {}
    for draft in drafts:
        for one in draft.evidence:
            pk = int(one.get("id", 0)) if one.get("kind") == "article" else 0
            if pk in updated and draft.created_at > updated[pk]:
                rejected.setdefault(pk, set()).add(draft.ticket_id)
    asked = _tickets_after(organization_id, [vote for vote in votes if not vote.helped])
    counts = Counter((vote.article_id, vote.helped) for vote in votes)
    found = {}
    for pk in {vote.article_id for vote in votes} | rejected.keys():
        no, yes = counts[pk, False], counts[pk, True]
        many = no >= FEWEST_UNHELPFUL and no >= yes
        drafts_no = len(rejected.get(pk, ()))
        if many or drafts_no >= FEWEST_REJECTED:
            tickets = frozenset(rejected.get(pk, set()) | asked.get(pk, set()))
            found[pk] = Flags(no, yes, drafts_no, tickets)
    return dict(sorted(found.items(), key=lambda one: -one[1].unhelpful)[:MOST_FLAGGED])


def _tickets_after(organization_id: int, votes: Sequence[ArticleFeedback]) -> dict[int, set[int]]:
    """Article -> tickets that its unhappy readers opened right after. Queries: 1."""
    if not votes:
        return {}
    opened = Ticket.objects.alive().filter(
        organization_id=organization_id,
        requester__in={vote.person_id for vote in votes},
        created_at__gte=min(vote.created_at for vote in votes),
    )
    found: dict[int, set[int]] = {}
    for pk, person, at in opened.values_list("pk", "requester_id", "created_at")[:1_000]:
        for vote in votes:
            if vote.person_id == person and vote.created_at <= at <= vote.created_at + OPENS_WITHIN:
                found.setdefault(vote.article_id, set()).add(pk)
    return found


def proposals_of(user: User) -> QuerySet[ArticleProposal]:
    """Every proposal of the organizations that `user` works for."""
    rows = ArticleProposal.objects.filter(organization_id__in=user.staffed_organization_ids())
    return rows.select_related("article", "category", "organization", "decided_by", "edited_by")


def proposal_lists(user: User) -> tuple[list[ArticleProposal], list[ArticleProposal]]:
    """(those that wait, those decided lately), each with `tickets`. Queries: 2."""
    rows = proposals_of(user).annotate(tickets=Count("cited"))
    waiting = rows.filter(state=ArticleProposal.State.PROPOSED).order_by("-tickets", "-pk")
    decided = rows.exclude(state=ArticleProposal.State.PROPOSED).order_by("-decided_at")
    return list(waiting), list(decided[:SHOWN])


def flagged_without_proposal(user: User, since: datetime) -> list[tuple[Article, Flags]]:
    """Articles that people flag and no ticket says anything better about. Queries: 5 and more."""
    found: list[tuple[Article, Flags]] = []
    for organization_id in sorted(user.staffed_organization_ids()):
        flags = flagged_articles(organization_id, since)
        if not flags:
            continue
        waiting = Q(proposals__state=ArticleProposal.State.PROPOSED)
        rows = Article.objects.filter(pk__in=flags).exclude(waiting)
        found += [(row, flags[row.pk]) for row in rows]
    return sorted(found, key=lambda one: -one[1].unhelpful)


def access_proposal(user: User, proposal_id: int) -> ArticleProposal:
    """One proposal of an organization that `user` works for; anything else is not there."""
    row = None
    if 0 < proposal_id <= LARGEST_ID:
        row = proposals_of(user).filter(pk=proposal_id).first()
    if row is None:
        raise Http404
    return row


def proposal_page(proposal: ArticleProposal) -> ProposalPage:
    """The proposal side by side with what stands now. Queries: 1-2.

    A decided one is compared with the version that it was made from, as far as that is kept.
    """
    article, title, body = proposal.article, "", ""
    if proposal.base_version and article is not None:
        title, body = article.title, article.body
        if not proposal.is_open:
            version = article.versions.filter(number=proposal.base_version).first()
            title, body = (version.title, version.body) if version else (title, body)
    rows = compare(body, proposal.body)
    return ProposalPage(
        proposal=proposal,
        cited=list(proposal.cited.select_related("ticket__status").defer("ticket__search")),
        title=compare(title, proposal.title),
        rows=rows,
        count=changes(rows),
        is_behind=bool(proposal.is_open and article and article.version != proposal.base_version),
    )
