"""What the ai-worker answers to the web's questions (`ai.client` asks)."""

from collections.abc import Sequence
from typing import Any

from ai.access import Audience
from ai.engine import language
from ai.engine.retrieve import KNOWLEDGE_FLOOR, SIMILAR_FLOOR, Found
from ai.engine.store import point_id
from ai.finding import find
from ai.pipeline.case import case_of_text
from ai.pipeline.think import think
from ai.reading import Proposal
from ai.runtime import runtime
from omnidesk.core.tenancy import organization_scope


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
        "score": round(found.score, 4),
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
