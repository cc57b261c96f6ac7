"""Looking for what the knowledge base lacks or says wrongly, and proposing its text.

Called by the ai-worker alone, one organization at a time. Rows are read in short scopes; no
transaction is open while models work. `ai.actions.proposals` writes each proposal once.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.core.cache import cache
from django.db.models import Count, F, Max

from ai.actions.proposals import NewProposal, cite_also, outdate_proposals, propose
from ai.db import release
from ai.engine.answering import answers
from ai.engine.knowledge import Group, Solved, find_groups, first_words, has_substance, useful_units
from ai.engine.retrieve import group as by_object
from ai.engine.retrieve import ticket_text
from ai.engine.store import point_id
from ai.indexing import RESPONSE, without_names
from ai.models import ArticleProposal, ProposalTicket, Suggestion
from ai.pipeline.knowledge import (
    Masked,
    Text,
    completed_article,
    corrected_article,
    mask,
    new_article,
)
from ai.proposal_selectors import LOOK_BACK, Flags, flagged_articles
from ai.runtime import Runtime
from ai.waiting import count_again
from omnidesk.accounts.models import Organization
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tickets.choices import StatusCategory
from tickets.models import Article, Ticket
from tickets.selectors import last_answers

logger = logging.getLogger(__name__)
# One look reads at most so many tickets and proposes at most so many texts; the rest waits.
MOST_TICKETS = 300
MOST_A_LOOK = 3
# So many proposals wait for people at most: more of them nobody reads.
MOST_WAITING = 30
FEWEST_TICKETS = 2
# One ticket alone makes an article only where its answer is a list of steps.
FEWEST_STEPS = 3
MOST_IN_GROUP = 8
NEAREST = 8
BUSY_SECONDS = 900
SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)
Cause = ArticleProposal.Cause
State = ArticleProposal.State


@dataclass(frozen=True, slots=True)
class Case:
    """A solved ticket with what is not the engine's business."""

    solved: Solved
    answered_at: datetime
    category_id: int | None
    names: tuple[str, ...]
    article_id: int | None = None


def organizations_to_look_at() -> list[int]:
    """Every organization that works."""
    return list(Organization.objects.filter(is_active=True).values_list("pk", flat=True))


def look(runtime: Runtime, organization_id: int, moment: datetime | None = None) -> list[int]:
    """Propose what is missing or wrong; returns the ids of new proposals.

    Where nothing has changed since a look that found all there was, this one costs a few queries.
    """
    key = f"ai.proposals.{organization_id}"
    # A second look at the same time would pay a model outside for the same texts.
    if not cache.add(f"{key}.busy", 1, timeout=BUSY_SECONDS):
        return []
    try:
        return _look(runtime, organization_id, moment or now(), key)
    finally:
        count_again(organization_id)
        cache.delete(f"{key}.busy")


def _look(runtime: Runtime, organization_id: int, moment: datetime, key: str) -> list[int]:
    with organization_scope(organization_id):
        outdate_proposals(organization_id)
        state = _state(organization_id)
        room = MOST_WAITING - ArticleProposal.objects.filter(state=State.PROPOSED).count()
    release()
    if room <= 0 or cache.get(key) == state:
        return []
    one = _Look(runtime, organization_id, moment, min(room, MOST_A_LOOK))
    found = one.run()
    if not found and one.is_complete:
        cache.set(key, state, timeout=86_400)
    return found


def _state(organization_id: int) -> str:
    """What a look depends on, as one value. Queries: 5."""
    own = {"organization_id": organization_id}
    parts = [
        Ticket.objects.filter(**own, status_category__in=SETTLED).aggregate(
            at=Max("resolved_at"), n=Count("pk")
        ),
        Article.objects.filter(**own).aggregate(at=Max("updated_at"), said=Max("feedback__pk")),
        Suggestion.objects.filter(**own).aggregate(at=Max("decided_at")),
        ArticleProposal.objects.filter(**own).aggregate(at=Max("decided_at"), pk=Max("pk")),
        ProposalTicket.objects.filter(**own).aggregate(pk=Max("pk")),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class _Look:
    """One look at one organization."""

    def __init__(self, runtime: Runtime, organization_id: int, moment: datetime, room: int) -> None:
        self.runtime, self.organization_id = runtime, organization_id
        self.moment, self.room = moment, room
        self.made: list[int] = []
        # Whether everything it wanted to look at was in the index already.
        self.is_complete = True

    def run(self) -> list[int]:
        with organization_scope(self.organization_id):
            cases = _cases(self.organization_id, self.moment)
            taken = {cause.value: _taken(cause.value) for cause in Cause}
            flagged = flagged_articles(self.organization_id, self.moment - LOOK_BACK)
            writing = _being_written(self.organization_id)
        release()
        indexed = _with_vectors(self.runtime, cases)
        self.is_complete = len(indexed) == len(cases)
        placed = self._placed(indexed)
        by_article: dict[int, list[Case]] = {}
        for case in placed:
            if case.article_id is not None and case.article_id not in writing:
                by_article.setdefault(case.article_id, []).append(case)
        with organization_scope(self.organization_id):
            articles = Article.objects.in_bulk([*by_article, *flagged])
        release()
        self._contradicted(by_article, articles, taken[Cause.CONTRADICTED.value])
        self._flagged(placed, flagged, articles, taken[Cause.FLAGGED.value], writing)
        self._gaps(placed, taken[Cause.GAP.value])
        return self.made

    def _placed(self, cases: Iterable[Case]) -> list[Case]:
        """Each case with the article that answers it, where one does."""
        return [replace(case, article_id=self._answering(case.solved)) for case in cases]

    def _answering(self, row: Solved) -> int | None:
        question = ticket_text(row.subject, row.question)
        hits = self.runtime.store.search(
            question, row.vector, organizations=[self.organization_id], kinds=["article"],
            limit=NEAREST,
        )  # fmt: skip
        return next((one.object_id for one in by_object(hits) if answers(question, one)), None)

    def _contradicted(
        self,
        by_article: Mapping[int, Sequence[Case]],
        articles: Mapping[int, Article],
        taken: Mapping[int, int],
    ) -> None:
        for article_id, cases in by_article.items():
            article = articles.get(article_id)
            if article is None:
                continue
            # What solved a ticket before the article was written last, its writer knew.
            later = [
                case
                for case in cases
                if case.answered_at > article.updated_at
                and case.solved.ticket_id not in taken
                and case.solved.language in {"", article.language}
            ]
            if len(later) >= FEWEST_TICKETS:
                self._change(Cause.CONTRADICTED.value, article, later, corrected_article)

    def _flagged(
        self,
        placed: Sequence[Case],
        flagged: Mapping[int, Flags],
        articles: Mapping[int, Article],
        taken: Mapping[int, int],
        writing: set[int],
    ) -> None:
        for article_id, flags in flagged.items():
            article = articles.get(article_id)
            if article is None or article_id in writing:
                continue
            cases = [
                case
                for case in placed
                if case.solved.ticket_id in flags.tickets
                and case.solved.ticket_id not in taken
                and case.solved.language in {"", article.language}
            ]
            if cases:
                self._change(
                    Cause.FLAGGED.value, article, cases, completed_article, flags.unhelpful
                )

    def _change(
        self,
        cause: str,
        article: Article,
        cases: Sequence[Case],
        write: Callable[..., Text | None],
        unhelpful: int = 0,
    ) -> None:
        """Propose another text for an article."""
        if len(self.made) >= self.room:
            return
        masked = _masked(cases, (article.title, article.body))
        if masked is None:
            return
        text = write(
            self.runtime, self.organization_id, masked, title=article.title, body=article.body
        )
        if text is None or text.body.strip() == article.body.strip():
            return
        self._keep(
            NewProposal(
                cause=cause, title=text.title or article.title, body=text.body,
                language=article.language, quotes=text.quotes, category_id=article.category_id,
                article_id=article.pk, base_version=article.version, source=text.source,
                masked_values=len(masked.hidden.mapping), unhelpful=unhelpful,
            )
        )  # fmt: skip

    def _gaps(self, placed: Sequence[Case], taken: Mapping[int, int]) -> None:
        cases = {case.solved.ticket_id: case for case in placed if case.article_id is None}
        rows = [
            replace(case.solved, known=taken.get(pk, 0))
            for pk, case in cases.items()
            if pk in taken or has_substance(case.solved.answer)
        ]
        groups = find_groups(rows)
        with organization_scope(self.organization_id):
            touched = {pk for group in groups for pk in group.known}
            earlier = ArticleProposal.objects.prefetch_related("cited").in_bulk(touched)
        release()
        for group in groups:
            own = [cases[row.ticket_id] for row in group.rows]
            open_ones = [pk for pk in group.known if earlier[pk].is_open]
            if open_ones:
                self._join(earlier[open_ones[0]], own)
            elif _is_worth(group, [len(earlier[pk].cited.all()) for pk in group.known]):
                self._new(own[:MOST_IN_GROUP])

    def _new(self, cases: Sequence[Case]) -> None:
        masked = _masked(cases) if len(self.made) < self.room else None
        text = new_article(self.runtime, self.organization_id, masked) if masked else None
        if masked is None or text is None:
            return
        self._keep(
            NewProposal(
                cause=Cause.GAP.value, title=text.title, body=text.body,
                language=cases[0].solved.language or "en", quotes=text.quotes,
                category_id=_usual(case.category_id for case in cases), source=text.source,
                masked_values=len(masked.hidden.mapping),
            )
        )  # fmt: skip

    def _join(self, proposal: ArticleProposal, cases: Sequence[Case]) -> None:
        masked = _masked(cases)
        if masked is None:
            return
        quotes = {row.ticket_id: first_words(row) for row in masked.rows}
        with organization_scope(self.organization_id):
            cite_also(proposal=proposal, quotes=quotes)

    def _keep(self, found: NewProposal) -> None:
        with organization_scope(self.organization_id):
            row = propose(organization_id=self.organization_id, found=found)
        if row is not None:
            self.made.append(row.pk)
            logger.info("article_proposed", extra={"proposal": row.pk, "cause": row.cause})


def _cases(organization_id: int, moment: datetime) -> list[Case]:
    """Tickets solved lately with what solved them, newest first, without vectors. Queries: 2."""
    rows = (
        Ticket.objects.alive()
        .filter(
            organization_id=organization_id,
            status_category__in=SETTLED,
            merged_into=None,
            resolved_at__gte=moment - LOOK_BACK,
        )
        # What ended with an incident was not solved one by one.
        .exclude(surge_members__is_linked=True)
        .select_related("requester")
        .defer("search")
        .order_by("-resolved_at", "-pk")[:MOST_TICKETS]
    )
    tickets = list(rows)
    said = last_answers([ticket.pk for ticket in tickets])
    nothing = np.zeros(0, dtype=np.float32)
    found = []
    for ticket in tickets:
        answer = said.get(ticket.pk)
        if answer is None:
            continue
        names = (ticket.requester.name, answer.author.name if answer.author else "")
        text = without_names(answer.text, names)
        if not text:
            continue
        solved = Solved(
            ticket_id=ticket.pk,
            person_id=ticket.requester_id,
            subject=ticket.subject,
            question=ticket.description,
            answer=text,
            language=ticket.language,
            vector=nothing,
            answer_vector=nothing,
        )
        found.append(Case(solved, answer.created_at, ticket.category_id, names))
    return found


def _with_vectors(runtime: Runtime, cases: Sequence[Case]) -> list[Case]:
    """Those whose question and answer are in the index; the others are seen by a later look."""
    if not cases:
        return []
    asked = {point_id("ticket", case.solved.ticket_id): case for case in cases}
    told = {case.solved.ticket_id: point_id(RESPONSE, case.solved.ticket_id, 1) for case in cases}
    stored = runtime.store.retrieve([*asked, *told.values()])
    found = []
    for key, case in asked.items():
        other = told[case.solved.ticket_id]
        if key in stored and other in stored:
            row = replace(
                case.solved, vector=stored[key].vector, answer_vector=stored[other].vector
            )
            found.append(replace(case, solved=row))
    return found


def _taken(cause: str) -> dict[int, int]:
    """Ticket -> the proposal of this cause that cites it. Queries: 1."""
    rows = ProposalTicket.objects.filter(proposal__cause=cause)
    rows = rows.exclude(proposal__state=State.OUTDATED)
    return dict(rows.values_list("ticket", "proposal"))


def _being_written(organization_id: int) -> set[int]:
    """Articles with a next version in work, or with an open proposal. Queries: 2."""
    waiting = Article.objects.filter(
        organization_id=organization_id,
        versions__state__in=["draft", "review"],
        versions__number__gte=F("version"),
    )
    proposed = ArticleProposal.objects.filter(state=State.PROPOSED, article__isnull=False)
    return {*waiting.values_list("pk", flat=True), *proposed.values_list("article_id", flat=True)}


def _is_worth(group: Group, rejected: Sequence[int]) -> bool:
    """Whether a group makes an article: several tickets, or one with steps.

    What is like a rejected proposal comes back only when more tickets ask than were cited then.
    """
    if rejected:
        return len(group.rows) > max(rejected)
    if len(group.rows) >= FEWEST_TICKETS:
        return True
    steps = sum(unit.is_step for unit in useful_units(group.rows[0].answer))
    return steps >= FEWEST_STEPS


def _masked(cases: Sequence[Case], article: tuple[str, str] = ("", "")) -> Masked | None:
    names = sorted({name for case in cases for name in case.names if name})
    return mask([case.solved for case in cases], names, article)


def _usual(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return max(set(known), key=known.count) if known else None
