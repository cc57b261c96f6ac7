"""A question answered from tickets, articles and documents: by quotation, or by a model outside.

Whoever asks is told only what their audience may know; that is part of the search itself.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ai import gateway
from ai.access import Audience
from ai.db import release
from ai.engine import language as languages
from ai.engine.answering import NEAR_FLOOR, Answer, answers, from_model, from_sources
from ai.engine.llm import draft_message
from ai.engine.manner import USUAL, Manner
from ai.engine.redact import GUARDED, Redacted, redact, without_names
from ai.engine.retrieve import Found, passages
from ai.engine.types import NoDraft, Passage
from ai.finding import find
from ai.models import Policy
from ai.reading import is_sure
from ai.routes import has_service
from ai.runtime import Runtime
from ai.toolwords import Told
from omnidesk.core.tenancy import organization_scope

FOUND = 8
MOST_PASSAGES = 8
OTHER_LANGUAGE = "other_language"
# How sure the language must be before it overrules the person's own.
SURE_OF_LANGUAGE = 0.5
SHORTEST_QUESTION = 6  # words; a shorter one leans on the question before it
# Stands between texts that are masked together, so that equal values get equal tokens.
SEAM = "\n\n=====\N{SECTION SIGN}=====\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it reaches the ai-worker. `organization_id` pays for a model outside.

    earlier: the question before it. names: people to mask. kinds: what may be quoted.
    told: what other systems said about the matter, quoted like everything else.
    """

    organization_id: int
    audience: Audience
    text: str
    kinds: tuple[str, ...]
    earlier: str = ""
    language: str = ""
    names: tuple[str, ...] = ()
    purpose: str = "chat"
    ticket_id: int | None = None
    staffed_kinds: tuple[str, ...] | None = None
    told: tuple[Told, ...] = ()

    @property
    def question(self) -> str:
        """What is searched for: a short question only makes sense after the one before it."""
        is_short = len(self.text.split()) < SHORTEST_QUESTION
        return f"{self.earlier}\n{self.text}" if self.earlier and is_short else self.text

    @property
    def is_for_desk(self) -> bool:
        """Whether an agent asks for themselves: no words that a requester reads."""
        return self.purpose == "chat" and bool(self.audience.staffed)


def answer(runtime: Runtime, asked: Asked) -> dict[str, Any]:
    """The answer as JSON: see `as_json`."""
    code, sure = languages.detect(asked.text, asked.language or "en")
    if sure < SURE_OF_LANGUAGE and asked.language:
        code = asked.language
    wish, manner = _policy(asked)
    found = retrieve(runtime, asked)
    offered = passages(found) + likened(runtime, asked.question, asked.told)
    offered = sorted(offered, key=lambda passage: -passage.score)[:MOST_PASSAGES]
    vector = runtime.batcher.encode([asked.question])[0]
    readable = [passage for passage in offered if passage.language in {"", code}]
    if readable:
        own: Answer | NoDraft = from_sources(
            asked.question,
            readable,
            runtime.batcher,
            language=code,
            vector=vector,
            length=manner.length,
        )
    else:
        own = NoDraft(OTHER_LANGUAGE if offered else "no_sources", "")
    if offered and has_service(asked.purpose) and _wants_outside(wish, own):
        own = _ask_outside(runtime, asked, offered, own, code, manner.words)
    return as_json(own, code)


def likened(runtime: Runtime, question: str, told: Sequence[Told]) -> list[Passage]:
    """What tools said as sources, each as near to the question as it is."""
    if not told:
        return []
    vectors = runtime.batcher.encode([question, *(f"{one.title}\n{one.text}" for one in told)])
    near = vectors[1:] @ vectors[0]
    return [one.as_passage(float(score)) for one, score in zip(told, near, strict=True)]


def retrieve(runtime: Runtime, asked: Asked, *, limit: int = FOUND) -> list[Found]:
    """What is near enough to answer, best first; never the ticket that asks."""
    found = find(
        runtime,
        asked.question,
        asked.audience,
        kinds=asked.kinds,
        limit=limit,
        floor=NEAR_FLOOR,
        staffed_kinds=asked.staffed_kinds,
    )
    others = [item for item in found if not _is_own(item, asked.ticket_id)]
    near = [item for item in others if answers(asked.question, item)]
    return sorted(near, key=lambda item: -item.similarity)


def _is_own(item: Found, ticket_id: int | None) -> bool:
    return item.kind in {"ticket", "response"} and item.object_id == ticket_id


def _ask_outside(
    runtime: Runtime, asked: Asked, offered: Sequence[Passage], own: Answer | NoDraft, code: str,
    manner: str,
) -> Answer | NoDraft:  # fmt: skip
    """A generated answer where one comes and holds; else what was quoted."""
    masked = mask(asked, offered)
    if masked is None:
        return own
    hidden, question, sources = masked
    reply = gateway.ask(
        gateway.Question(
            organization_id=asked.organization_id,
            purpose=asked.purpose,
            sent=draft_message(question, sources, code, manner),
            masked_values=len(hidden.mapping),
            ticket_id=asked.ticket_id,
        ),
        lambda model: model.draft(
            question, sources, language=code, purpose=asked.purpose, manner=manner
        ),
    )
    if reply is None or not reply.sentences:
        return own
    written = from_model(reply, sources, runtime.batcher, language=code)
    if isinstance(written, NoDraft):
        return own
    return restored(written, hidden, offered)


def _policy(asked: Asked) -> tuple[str, Manner]:
    """When to ask outside, and how to write: an agent's own question is answered as usual."""
    with organization_scope(asked.organization_id):
        policy = Policy.objects.filter(organization_id=asked.organization_id).first()
    release()
    if policy is None:
        return Policy.External.UNSURE.value, USUAL
    return policy.external, USUAL if asked.is_for_desk else policy.manner


def _wants_outside(wish: str, own: Answer | NoDraft) -> bool:
    if wish == Policy.External.UNSURE:
        return isinstance(own, NoDraft) or not is_sure(own.confidence)
    return wish == Policy.External.ALWAYS


def mask(asked: Asked, offered: Sequence[Passage]) -> tuple[Redacted, str, list[Passage]] | None:
    """Question and sources without personal data; None where the seams did not hold."""
    whole = SEAM.join([asked.question, *(f"{p.title}\n{p.text}" for p in offered)])
    hidden = without_names(redact(whole), asked.names)
    question, *texts = hidden.text.split(SEAM)
    if len(texts) != len(offered):
        return None
    sources = []
    for passage, text in zip(offered, texts, strict=True):
        title, _, body = text.partition("\n")
        sources.append(replace(passage, title=title, text=body))
    return hidden, question, sources


def restored(written: Answer, hidden: Redacted, offered: Sequence[Passage]) -> Answer:
    """The answer with the masked values put back, but for secrets."""
    titles = {(p.kind, p.object_id): p.title for p in offered}
    sentences = (
        replace(one, text=hidden.restore(one.text, hide=GUARDED)) for one in written.sentences
    )
    citations = (
        replace(one, title=titles[one.kind, one.object_id],
                quote=hidden.restore(one.quote, hide=GUARDED))
        for one in written.citations
    )  # fmt: skip
    return replace(written, sentences=tuple(sentences), citations=tuple(citations))


def as_json(found: Answer | NoDraft, code: str) -> dict[str, Any]:
    """answerable, reason, language, confidence, model, text, sentences, citations."""
    if isinstance(found, NoDraft):
        return {"answerable": False, "reason": found.code, "language": code, "confidence": 0.0,
                "model": "", "text": "", "sentences": [], "citations": []}  # fmt: skip
    lines = []
    for one in found.sentences:
        marks = " ".join(f"[{number}]" for number in one.citations)
        lines.append(f"{one.step}. {one.text} {marks}" if one.step else f"{one.text} {marks}")
    return {
        "answerable": True,
        "reason": "",
        "language": code,
        "confidence": found.confidence,
        "model": found.source,
        "text": "\n".join(lines),
        "sentences": [
            {"text": one.text, "citations": list(one.citations), "step": one.step}
            for one in found.sentences
        ],
        "citations": [_citation(asdict(one)) for one in found.citations],
    }


def _citation(one: dict[str, Any]) -> dict[str, Any]:
    return {"number": one["number"], "kind": one["kind"], "id": one["object_id"],
            "title": one["title"], "place": one["place"], "text": one["quote"]}  # fmt: skip
