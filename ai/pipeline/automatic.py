"""The answer that could leave without a person: stricter than a draft, from articles alone.

What solved other tickets is never in it, nor what the portal does not show, nor a model's words:
a ticket can say what it likes, the answer consists of sentences that somebody published.
"""

from collections.abc import Sequence

from ai.engine.answering import Answer, answers, from_sources
from ai.engine.retrieve import Found, passages
from ai.pipeline.case import Case
from ai.pipeline.drafting import MOST_PASSAGES, OTHER_LANGUAGE, SETTLED, fits
from ai.pipeline.trying import written_outside
from ai.reading import Automatic, Proposal, is_sure
from ai.runtime import Runtime
from ai.trials import PROMPT

NO_CATEGORY = Automatic(category=None, reason="no_category")


def write_automatic(
    runtime: Runtime,
    case: Case,
    language: str,
    articles: Sequence[Found],
    solved: Sequence[Found],
    proposals: Sequence[Proposal],
) -> Automatic:
    """What could be sent for this ticket, or why nothing could.

    solved: what solved other tickets; only a backtest may try what that would be worth.
    """
    category, sure = category_of(case, proposals)
    if category is None:
        return NO_CATEGORY
    if case.is_settled:
        return Automatic(category, sure, reason=SETTLED)
    shown = [one for one in articles if one.hits[0].payload.get("public") and fits(one, category)]
    if case.trial.solved:
        shown += [one for one in solved if fits(one, category)]
    near = [one for one in shown if answers(case.question, one, case.trial.floor)]
    if not near:
        return Automatic(category, sure, reason="too_far" if articles else "no_sources")
    near.sort(key=lambda one: -one.similarity)
    readable = [one for one in passages(near) if one.language in {"", language}]
    if not readable:
        return Automatic(category, sure, reason=OTHER_LANGUAGE)
    if case.trial.kind == PROMPT:
        found = written_outside(runtime, case, readable[:MOST_PASSAGES], language)
    else:
        found = from_sources(
            case.question,
            readable[:MOST_PASSAGES],
            runtime.batcher,
            language=language,
            length=case.options.manner.length,
        )
    if not isinstance(found, Answer):
        return Automatic(category, sure, reason=found.code)
    return Automatic(
        category=category,
        category_confidence=sure,
        text=_lines(found),
        sources=_sources(found),
        confidence=found.confidence,
        language=language,
    )


def category_of(case: Case, proposals: Sequence[Proposal]) -> tuple[int | None, float]:
    """What the ticket is about and how sure that is: as somebody decided, else as proposed."""
    if case.category_id:
        return case.category_id, 1.0
    for one in proposals:
        if one.field == "category" and is_sure(one.choice.confidence):
            return one.choice.object_id, one.choice.confidence
    return None, 0.0


def _lines(found: Answer) -> str:
    lines = []
    for one in found.sentences:
        marks = " ".join(f"[{number}]" for number in one.citations)
        lines.append(f"{one.step}. {one.text} {marks}" if one.step else f"{one.text} {marks}")
    return "\n".join(lines)


def _sources(found: Answer) -> tuple[dict[str, object], ...]:
    return tuple(
        {"number": one.number, "kind": one.kind, "id": one.object_id, "title": one.title,
         "text": one.quote}
        for one in found.citations
    )  # fmt: skip
