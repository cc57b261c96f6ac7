"""The order of a reading: language, embedding, neighbours, sorting, a second opinion, a draft.

No transaction and no database scope is open here but the short ones of the classifiers' cache.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ai.engine import language
from ai.engine.retrieve import Found, Retriever
from ai.pipeline.case import Case
from ai.pipeline.claude import second_opinion
from ai.pipeline.drafting import write_draft
from ai.pipeline.sorting import propose_category, propose_team, propose_urgency
from ai.reading import Proposal, Reading, is_sure
from ai.runtime import Runtime

# Enough for "9 of 10 nearest tickets agree"; the panel shows the nearest few.
NEIGHBOURS = 10
SHOWN = 5


class Stopwatch:
    """Milliseconds by step."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure one step."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = round((time.perf_counter() - started) * 1000, 2)


def rehearse(runtime: Runtime) -> None:
    """Load what loads on first use, so that the first ticket does not wait for it."""
    language.detect("The printer on the second floor does not print any more.")
    runtime.batcher.encode(["The printer on the second floor does not print any more."])


def think(runtime: Runtime, case: Case) -> Reading:
    """Everything about a case; touches nothing."""
    watch = Stopwatch()
    with watch.step("language"):
        code, sure = language.detect(case.text, case.language or "en")
    with watch.step("embed"):
        vector = runtime.batcher.encode([case.text])[0]
    with watch.step("retrieve"):
        similar, articles, answers = _retrieve(runtime, case, vector)
    with watch.step("classify"):
        proposals = _sort(runtime, case, vector, similar)
    with watch.step("claude"):
        proposals = second_opinion(case, proposals, code)
    with watch.step("draft"):
        known = _category(case, proposals)
        draft, no_draft = write_draft(runtime, case, code, [*articles, *answers], known)
    if draft is not None:
        proposals.append(draft)
    return Reading(
        language=code,
        proposals=tuple(p for p in proposals if p.field not in case.given),
        sources=_sources(similar[:SHOWN], articles),
        details={
            "similar": [_entry(found) for found in similar[:SHOWN]],
            "articles": [_entry(found) for found in articles],
            "language_confidence": round(sure, 3),
            "words": len(case.question.split()),
            "no_draft": no_draft,
        },
        timings=watch.timings,
    )


def _category(case: Case, proposals: Sequence[Proposal]) -> int | None:
    """What the ticket is about: as somebody decided, else as surely proposed."""
    if case.category_id:
        return case.category_id
    sure = (p for p in proposals if p.field == "category" and is_sure(p.choice.confidence))
    return next((p.choice.object_id for p in sure), None)


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
    return similar, articles, [found for found in answers if found.object_id != case.ticket_id]


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
        "score": round(found.score, 4),
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
