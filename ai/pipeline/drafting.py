"""A draft answer out of articles and of what solved other tickets, or what to ask first."""

from collections.abc import Sequence

from ai.engine import draft as engine
from ai.engine.ask import ask
from ai.engine.retrieve import Found, passages
from ai.engine.types import Draft, NoDraft
from ai.models import Suggestion
from ai.pipeline.answering import likened
from ai.pipeline.case import Case
from ai.reading import Choice, Proposal
from ai.runtime import Runtime
from ai.toolwords import TOOL, Told

SETTLED = "settled"
OTHER_LANGUAGE = "other_language"
# Cosine from which a source may be quoted: of the ticket's own category, of another one, or
# where one of them has none. (Measured on the demo desk, 120 tickets: 96 drafts from the right
# category and none from a wrong one; without the floors 92 and 14.)
SAME_FLOOR = 0.45
OTHER_FLOOR = 0.75
UNKNOWN_FLOOR = 0.55
# Every sentence of a passage is embedded: more of them cost seconds and are rarely quoted.
MOST_PASSAGES = 5


def write_draft(
    runtime: Runtime, case: Case, language: str, found: Sequence[Found], category: int | None,
    told: Sequence[Told] = (),
) -> tuple[Proposal | None, str]:  # fmt: skip
    """The draft, or the code of why there is none; `category` is the ticket's, as far as known.

    Where nothing known answers a short first message, the draft asks for what it leaves open.
    told: what other systems said; quoted only where an administrator allowed that.
    """
    if case.is_settled:
        return None, SETTLED
    quotable = [one for one in told if one.quotable]
    proposal, code = _quote(runtime, case, language, found, category, quotable)
    if proposal is None and not case.later:
        asked = ask(
            case.text,
            language=language,
            requester=case.requester_name,
            files=case.files,
            manner=case.options.manner,
        )
        if not isinstance(asked, NoDraft):
            return _proposal(asked), code
    return proposal, code


def _quote(
    runtime: Runtime, case: Case, language: str, found: Sequence[Found], category: int | None,
    told: Sequence[Told],
) -> tuple[Proposal | None, str]:  # fmt: skip
    """A draft that quotes what answered others, or what another system says."""
    # What the portal does not show must not reach a requester by way of a draft.
    open_ones = [item for item in found if _may_be_quoted(item) and fits(item, category)]
    open_ones.sort(key=lambda item: -item.similarity)
    offered = passages(open_ones) + likened(runtime, case.question, told)
    offered.sort(key=lambda passage: -passage.score)
    readable = [passage for passage in offered if passage.language in {"", language}]
    if offered and not readable:
        # Steps that the requester cannot read help nobody; the panel still lists the articles.
        return None, OTHER_LANGUAGE
    result = engine.compose(
        case.question,
        readable[:MOST_PASSAGES],
        runtime.batcher,
        language=language,
        requester=case.requester_name,
        manner=case.options.manner,
    )
    if isinstance(result, NoDraft):
        return None, result.code
    return _proposal(result, told), ""


def _may_be_quoted(found: Found) -> bool:
    return found.kind != "article" or bool(found.hits[0].payload.get("public"))


def fits(found: Found, category: int | None) -> bool:
    """Near enough, or about the same kind of problem.

    The packaged model finds any two German or French texts alike to a degree: without this, a
    request for a laptop was answered by what had mended a printer.
    """
    own = int(found.hits[0].payload.get("category", 0) or 0)
    if not own or not category:
        return found.similarity >= UNKNOWN_FLOOR
    return found.similarity >= (SAME_FLOOR if own == category else OTHER_FLOOR)


def _proposal(draft: Draft, told: Sequence[Told] = ()) -> Proposal:
    links = {one.number: one.line.link for one in told}
    citations = tuple(
        {
            "kind": citation.kind,
            "number": citation.number,
            "id": citation.object_id,
            "title": citation.title,
            "text": citation.quote,
            **({"link": links[citation.object_id]} if citation.kind == TOOL else {}),
        }
        for citation in draft.citations
    )
    return Proposal(
        field=Suggestion.Field.DRAFT.value,
        choice=Choice(draft.text, draft.confidence),
        evidence=citations,
        source=draft.source,
        language=draft.language,
    )
