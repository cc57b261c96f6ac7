"""What the ai-worker answers to the web's questions (`ai.client` asks)."""

import logging
from collections.abc import Sequence
from typing import Any

from ai import chatting
from ai.access import Audience
from ai.engine import language
from ai.engine.retrieve import KNOWLEDGE_FLOOR, SIMILAR_FLOOR, Found, passages, ticket_text
from ai.engine.store import point_id
from ai.engine.summary import Line
from ai.engine.types import EngineError
from ai.finding import PUBLIC_KINDS, find
from ai.models import Turn
from ai.pipeline.answering import Asked
from ai.pipeline.answering import answer as answer_question
from ai.pipeline.case import case_of_text
from ai.pipeline.think import think
from ai.pipeline.writing import Writing
from ai.pipeline.writing import write as write_text
from ai.reading import Proposal
from ai.runtime import runtime
from omnidesk.core import tally
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)
# What an agent's question may be answered from.
DESK_KINDS = ("article", "document", "response")


def search(
    organizations: Sequence[int],
    text: str,
    *,
    kinds: Sequence[str],
    limit: int,
    exclude: Sequence[int],
    public: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """The nearest objects as JSON; `exclude` are tickets to leave out."""
    loaded = runtime()
    with tally.timed_ai("search", loaded.model_name, gpu=loaded.has_gpu):
        found = find(
            loaded,
            text,
            Audience(tuple(organizations), tuple(public)),
            kinds=kinds,
            limit=limit,
            floor=SIMILAR_FLOOR if set(kinds) == {"ticket"} else KNOWLEDGE_FLOOR,
            exclude=[point_id("ticket", ticket_id) for ticket_id in exclude],
        )
    return [_hit(item) for item in found]


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """A question answered with its sources; `asked` are the fields of `Asked` as JSON."""
    audience = Audience(tuple(asked["staffed"]), tuple(asked["public"]))
    fields = {k: v for k, v in asked.items() if k not in {"staffed", "public"}}
    for name in ("kinds", "names", "staffed_kinds"):
        if fields.get(name) is not None:
            fields[name] = tuple(fields[name])
    return answer_question(runtime(), Asked(audience=audience, **fields))


def write(asked: dict[str, Any]) -> dict[str, Any]:
    """A summary or translation; `asked` are the fields of `Writing` as JSON."""
    lines = tuple(Line(**line) for line in asked["lines"])
    fields = {**asked, "lines": lines, "names": tuple(asked["names"])}
    return write_text(Writing(**fields))


def retrieve(asked: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Passages that may answer a question, best first."""
    audience = Audience(tuple(asked["staffed"]), tuple(asked["public"]))
    loaded = runtime()
    found = find(
        loaded, asked["text"], audience, kinds=asked["kinds"], limit=limit, floor=KNOWLEDGE_FLOOR,
        filters=asked.get("filters"),
    )  # fmt: skip
    return [
        {"kind": one.kind, "id": one.object_id, "title": one.title, "place": one.place,
         "text": one.text, "score": round(one.score, 4), "language": one.language}
        for one in passages(found)
    ][:limit]  # fmt: skip


def chat(organization_id: int, turn_id: int) -> None:
    """Answer one question of a conversation, if its row still waits."""
    with chatting.taken(organization_id, turn_id) as taken:
        if taken is None:
            return
        claim, turn, earlier = taken
        try:
            found = answer_question(runtime(), _asked(organization_id, turn, earlier))
        except EngineError as error:
            logger.warning("question_failed", extra={"turn": turn_id, "reason": error.message})
            chatting.settle(organization_id, claim, None)
        else:
            chatting.settle(organization_id, claim, found)


def _asked(organization_id: int, turn: Turn, earlier: str) -> Asked:
    conversation = turn.conversation
    person, ticket = conversation.person, conversation.ticket
    desk = chatting.is_desk(conversation)
    own = (organization_id,)
    about = ticket_text(ticket.subject, ticket.description) if ticket else ""
    return Asked(
        organization_id=organization_id,
        audience=Audience(own) if desk else Audience((), own),
        text=turn.question,
        kinds=DESK_KINDS if desk else PUBLIC_KINDS,
        earlier=earlier or about,
        language=person.language,
        names=(person.name,),
        ticket_id=ticket.pk if ticket else None,
    )


def embed(texts: Sequence[str]) -> dict[str, Any]:
    """Vectors as JSON."""
    loaded = runtime()
    vectors = loaded.batcher.encode(list(texts))
    return {
        "model": loaded.model_name,
        "dimensions": loaded.embedder.dimension,
        "embeddings": [[round(float(x), 7) for x in vector] for vector in vectors],
    }


def classify(organization_id: int, subject: str, description: str) -> dict[str, Any]:
    """Category, urgency and team of a text as JSON; nothing is kept."""
    loaded = runtime()
    with organization_scope(organization_id):
        case = case_of_text(organization_id, subject, description)
    reading = think(loaded, case)
    proposals = {p.field: p for p in reading.proposals}
    return {
        "language": reading.language,
        "language_confidence": language.detect(case.text)[1],
        **{name: _label(proposals.get(name)) for name in ("category", "urgency", "team")},
        "evidence": [
            {"field": p.field, **dict(item)} for p in reading.proposals for item in p.evidence
        ],
        "models": sorted({p.source for p in reading.proposals} | {loaded.model_name}),
    }


def _hit(found: Found) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "object_id": found.object_id,
        "score": round(found.rank, 4),
        "level": found.band,
    }


def _label(proposal: Proposal | None) -> dict[str, Any] | None:
    if proposal is None:
        return None
    return {
        "value": proposal.choice.value,
        "confidence": round(proposal.choice.confidence, 4),
        "alternatives": [choice.as_json() for choice in proposal.alternatives],
    }
