"""A second opinion from a model outside, where the organization allows it and ours waver.

Only masked text leaves. Whatever happens there, the local verdict stands: every call is in the
ledger, every failure falls back.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ai import gateway
from ai.engine.llm import Choices, TriageAnswer, triage_message
from ai.engine.redact import GUARDED, Redacted, redact
from ai.engine.types import Label
from ai.models import Policy, Suggestion
from ai.pipeline.answering import SEAM
from ai.pipeline.case import Case, Option
from ai.reading import LIKELY, VERY_LIKELY, Choice, Proposal
from ai.routes import has_service

# What a model says of its own certainty is not calibrated here: never "very likely" by itself.
CEILING = 0.85
SHORTEST_NAME = 3
FIELDS = (Suggestion.Field.CATEGORY, Suggestion.Field.TEAM, Suggestion.Field.URGENCY)


def second_opinion(
    case: Case, proposals: Sequence[Proposal], language: str, told: str = ""
) -> list[Proposal]:
    """`proposals`, revised by Claude where it was asked and gave a usable answer.

    told: what other systems said about the matter; it is masked with the ticket.
    """
    asked = _questions(case, proposals)
    if not asked.questions():
        return list(proposals)
    masked = mask(case, told)
    answer = _ask(case, masked, asked, language)
    if answer is None:
        return list(proposals)
    return _revise(case, proposals, answer, masked)


def mask(case: Case, told: str = "") -> Redacted:
    """The case's text without personal data: patterns, and the requester's own name.

    Behind a `SEAM` follows what other systems said, so that equal values get equal tokens.
    """
    hidden = redact(f"{case.question}{SEAM}{told}" if told else case.question)
    parts = [part for part in re.findall(r"\w+", case.requester_name) if len(part) >= SHORTEST_NAME]
    if not parts:
        return hidden
    names = "|".join(re.escape(part) for part in parts)
    pattern = re.compile(rf"(?<!\w)(?:{names})(?:\s+(?:{names}))*(?!\w)", re.IGNORECASE)
    text, count = pattern.subn("[PERSON_1]", hidden.text)
    if not count:
        return hidden
    return Redacted(text, {**hidden.mapping, "[PERSON_1]": case.requester_name})


def _questions(case: Case, proposals: Sequence[Proposal]) -> Choices:
    """What to ask: everything undecided by policy, or only what is unsure; nothing without key."""
    policy = case.options.policy
    if not has_service("triage") or not case.ticket_id or policy == Policy.External.NEVER:
        return Choices((), (), ())
    known = {p.field: p.choice.confidence for p in proposals}
    always = policy == Policy.External.ALWAYS
    wanted = {
        name
        for name in FIELDS
        if name not in case.given and (always or known.get(name, 0.0) < LIKELY)
    }
    # Urgency alone is not worth a ticket's text leaving the house: wording decides it here.
    if not always and wanted <= {Suggestion.Field.URGENCY}:
        return Choices((), (), ())
    return Choices(
        categories=_names(case.options.categories) if "category" in wanted else (),
        teams=_names(case.options.teams) if "team" in wanted else (),
        urgencies=Choices().urgencies if "urgency" in wanted else (),
    )


def _names(options: Sequence[Option]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option.name for option in options))


def _ask(case: Case, masked: Redacted, asked: Choices, language: str) -> TriageAnswer | None:
    text, _seam, told = masked.text.partition(SEAM)
    question = gateway.Question(
        organization_id=case.organization_id,
        purpose="triage",
        sent=triage_message(text, asked, language, told),
        masked_values=len(masked.mapping),
        ticket_id=case.ticket_id,
    )
    return gateway.ask(
        question, lambda model: model.triage(text, asked, language=language, told=told)
    )


def _revise(
    case: Case, proposals: Sequence[Proposal], answer: TriageAnswer, masked: Redacted
) -> list[Proposal]:
    # A ticket may have talked the model into repeating a password: it stays masked.
    reason = masked.restore(answer.reason, hide=GUARDED)
    options = {"category": case.options.categories, "team": case.options.teams}
    revised = {p.field: p for p in proposals}
    for name, label in answer.labels.items():
        pk = next((o.pk for o in options.get(name, ()) if o.name == label.value), None)
        evidence = {"kind": "model", "text": reason}
        source = answer.usage.model
        revised[name] = _blend(revised.get(name), name, label, pk, evidence, source)
    return list(revised.values())


def _blend(
    local: Proposal | None,
    name: str,
    label: Label,
    pk: int | None,
    evidence: dict[str, str],
    source: str,
) -> Proposal:
    """Agreement makes surer, an unsure local value gives way, a sure one stays.

    Where the two disagree, the evidence says what the other one would have chosen.
    """
    theirs = Choice(label.value, min(label.confidence, CEILING), pk)
    if local is None:
        return Proposal(name, theirs, (evidence,), source=source)
    both = f"{local.source} + {source}"
    if local.choice.value == label.value:
        doubt = (1 - local.choice.confidence) * (1 - theirs.confidence)
        # Two opinions of which one is not calibrated do not make a "very likely".
        agreed = max(local.choice.confidence, min(1 - doubt, VERY_LIKELY - 0.01))
        choice = replace(local.choice, confidence=agreed)
        return replace(local, choice=choice, evidence=(*local.evidence, evidence), source=both)
    others = [c for c in local.alternatives if c.value != label.value]
    if local.choice.confidence >= LIKELY:
        doubt_of = _disagreement(source, label.value, evidence["text"])
        return replace(
            local, evidence=(*local.evidence, doubt_of), alternatives=(theirs, *others)[:3]
        )
    doubt_of = _disagreement(local.source, local.choice.value, "")
    others = [local.choice, *others]
    return Proposal(name, theirs, (evidence, doubt_of), tuple(others[:3]), source=both)


def _disagreement(source: str, value: str, why: str) -> dict[str, str]:
    return {"kind": "disagreement", "model": source, "value": value, "text": why}
