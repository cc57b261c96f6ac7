"""The order of a reading: language, embedding, neighbours, sorting, other systems' tools, a second
opinion, a draft.

No transaction and no database scope is open here but the short ones of the classifiers' cache.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ai.db import release
from ai.engine import language
from ai.engine.ranking import Key, Worth, ranked
from ai.engine.retrieve import Found, Retriever
from ai.pipeline.automatic import category_of, write_automatic
from ai.pipeline.case import Case
from ai.pipeline.claude import Doubt, doubt_about, second_opinion
from ai.pipeline.drafting import write_draft
from ai.pipeline.sorting import propose_category, propose_team, propose_urgency, sort_together
from ai.pipeline.tools import ask_tools
from ai.reading import Proposal, Reading
from ai.runtime import Runtime, runtime
from ai.toolwords import Consulted
from ai.worth import worths_of
from omnidesk.core.tenancy import organization_scope
from tickets.models import Ticket

logger = logging.getLogger(__name__)
# Enough for "9 of 10 nearest tickets agree"; the panel shows the nearest few.
NEIGHBOURS = 10
SHOWN = 5


class Stopwatch:
    """Milliseconds by step."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, *, already: float = 0.0) -> Iterator[None]:
        """Measure one step; `already`: seconds that it took before."""
        started = time.perf_counter() - already
        try:
            yield
        finally:
            self.timings[name] = round((time.perf_counter() - started) * 1000, 2)


def rehearse(runtime: Runtime) -> None:
    """Load what loads on first use, so that the first ticket does not wait for it."""
    language.detect("The printer on the second floor does not print any more.")
    runtime.batcher.encode(["The printer on the second floor does not print any more."])


@dataclass(slots=True, kw_only=True)
class Thought:
    """A case read by what this installation has; `doubt` is what a model outside may be asked."""

    case: Case
    watch: Stopwatch
    language: str
    sure: float
    similar: list[Found]
    articles: list[Found]
    answers: list[Found]
    proposals: list[Proposal]
    told: Consulted
    doubt: Doubt | None

    @property
    def found(self) -> list[Found]:
        """All that was found."""
        return [*self.similar, *self.articles, *self.answers]


def think(runtime: Runtime, case: Case) -> Reading:
    """Everything about a case; touches nothing."""
    thought = begin(runtime, case)
    with thought.watch.step("claude"):
        proposals = second_opinion(thought.doubt, thought.proposals)
    return finish(runtime, thought, proposals, worths_of(thought.found))


def look_together(cases: Sequence[Case]) -> float:
    """Embed and sort several cases of one organization; seconds that embedding took each of them.

    One pass for all; what follows finds vectors and labels remembered. Where it fails, each will
    fail by itself or not.
    """
    started = time.perf_counter()
    seconds = 0.0
    try:
        loaded = runtime()
        texts = [case.text for case in cases]
        more = [case.question for case in cases if case.later]
        vectors = loaded.batcher.encode([*texts, *more])
        seconds = (time.perf_counter() - started) / len(cases)
        sort_together(loaded, cases, vectors[: len(texts)])
    except Exception:
        logger.exception("looking_together_failed", extra={"cases": len(cases)})
    return seconds


def begin(runtime: Runtime, case: Case, *, embedding: float = 0.0) -> Thought:
    """All up to the second opinion; `embedding`: seconds that were spent on it before."""
    watch = Stopwatch()
    with watch.step("language"):
        code, sure = language.detect(case.text, case.language or "en")
    with watch.step("embed", already=embedding):
        vector = runtime.batcher.encode([case.text])[0]
    with watch.step("retrieve"):
        similar, articles, answers = _retrieve(runtime, case, vector)
    with watch.step("classify"):
        proposals = _sort(runtime, case, vector, similar)
    with watch.step("tools"):
        told = ask_tools(case, code)
    return Thought(
        case=case,
        watch=watch,
        language=code,
        sure=sure,
        similar=similar,
        articles=articles,
        answers=answers,
        proposals=proposals,
        told=told,
        doubt=doubt_about(case, proposals, code, told.material),
    )


def finish(
    runtime: Runtime, thought: Thought, proposals: Sequence[Proposal], worths: Mapping[Key, Worth]
) -> Reading:
    """All after the second opinion, whose outcome is `proposals`.

    worths: what the tables know of what was found, of this case and perhaps of others.
    """
    case, watch, told, code = thought.case, thought.watch, thought.told, thought.language
    with watch.step("order"):
        # After sorting: tickets that are told alike are votes there, and crowd each other here.
        ordered = ranked(thought.found, worths)
        similar, articles, answers = (
            [found for found in ordered if found.kind == kind]
            for kind in ("ticket", "article", "response")
        )
    with watch.step("draft"):
        known, _sure = category_of(case, proposals)
        draft, no_draft = write_draft(runtime, case, code, [*articles, *answers], known, told.told)
    with watch.step("automatic"):
        automatic = (
            write_automatic(runtime, case, code, articles, answers, proposals)
            if case.is_new
            else None
        )
    told_all = [*proposals, draft] if draft is not None else proposals
    return Reading(
        language=code,
        proposals=tuple(p for p in told_all if p.field not in case.given),
        sources=_sources(similar[:SHOWN], articles),
        details={
            "similar": [_entry(found) for found in similar[:SHOWN]],
            "articles": [_entry(found) for found in articles],
            "language_confidence": round(thought.sure, 3),
            "words": len(case.question.split()),
            "no_draft": no_draft,
            **told.as_json(),
        },
        timings=watch.timings,
        automatic=automatic,
    )


def _retrieve(
    runtime: Runtime, case: Case, vector: Any
) -> tuple[list[Found], list[Found], list[Found]]:
    """Similar tickets, articles, and what solved other tickets: of this organization alone."""
    retriever = Retriever(runtime.batcher, runtime.store)
    own = [case.organization_id]
    similar = retriever.similar_tickets(
        case.text,
        organizations=own,
        limit=NEIGHBOURS,
        exclude_ticket=case.ticket_id,
        vector=vector,
    )
    articles = retriever.search(
        case.question, organizations=own, kinds=["article"], limit=SHOWN, floor=0.3
    )
    answers = retriever.search(
        case.text, organizations=own, kinds=["response"], limit=SHOWN, floor=0.5, vector=vector
    )
    articles = [found for found in articles if found.object_id not in case.barred_articles]
    return similar, articles, _known_then(case, answers)


def _known_then(case: Case, answers: Sequence[Found]) -> list[Found]:
    """What solved other tickets; for a past ticket, only what was solved before it came."""
    others = [found for found in answers if found.object_id != case.ticket_id]
    if case.came_at is None or not others:
        return others
    with organization_scope(case.organization_id):
        earlier = Ticket.objects.filter(
            pk__in=[found.object_id for found in others], resolved_at__lt=case.came_at
        )
        known = set(earlier.values_list("pk", flat=True))
    release()
    return [found for found in others if found.object_id in known]


def _sort(runtime: Runtime, case: Case, vector: Any, similar: Sequence[Found]) -> list[Proposal]:
    category = propose_category(runtime, case, vector, similar)
    team = propose_team(runtime, case, vector, similar, category)
    urgency = propose_urgency(runtime, case, vector)
    return [proposal for proposal in (category, urgency, team) if proposal is not None]


def _entry(found: Found) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "id": found.object_id,
        "level": found.band,
        "score": round(found.rank, 4),
    }


def _sources(similar: Sequence[Found], articles: Sequence[Found]) -> tuple[dict[str, Any], ...]:
    """What the verdict rests on, without other people's words: the requester reads this too."""
    rows: list[dict[str, Any]] = [
        {"kind": "ticket", "number": found.hits[0].payload.get("number"), "level": found.band}
        for found in similar
    ]
    rows += [
        {"kind": "article", "id": found.object_id, "title": found.title}
        for found in articles
        if found.hits[0].payload.get("public")
    ]
    return tuple(rows)
