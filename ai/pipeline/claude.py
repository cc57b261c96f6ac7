"""A second opinion from a model outside, where the organization allows it and ours waver.

Only masked text leaves. Whatever happens there, the local verdict stands: every call is in the
ledger, every failure falls back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ai import gateway
from ai.engine.llm import Choices, TriageAnswer, triage_message
from ai.engine.redact import GUARDED, Redacted, apart, redact
from ai.engine.steering import speaks_to_a_model
from ai.engine.together import Pile, Sheet, fits
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


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a model outside may be asked about a case, and the masked text it would get."""

    case: Case
    proposals: Sequence[Proposal]
    asked: Choices
    masked: Redacted
    language: str

    def sheet(self, masked: Redacted) -> Sheet:
        """The ticket as it leaves; `masked` may be its text with other tokens."""
        text, _seam, told = masked.text.partition(SEAM)
        return Sheet(text, self.asked, self.language, told)


def doubt_about(
    case: Case, proposals: Sequence[Proposal], language: str, told: str = ""
) -> Doubt | None:
    """What should be asked, or None where nothing may or needs to be.

    told: what other systems said about the matter; it is masked with the ticket.
    """
    asked = _questions(case, proposals)
    if not asked.questions():
        return None
    return Doubt(case, proposals, asked, mask(case, told), language)


def second_opinion(doubt: Doubt | None, proposals: Sequence[Proposal]) -> list[Proposal]:
    """`proposals`, revised by Claude where it was asked and gave a usable answer."""
    answer = _ask(doubt) if doubt else None
    if doubt is None or answer is None:
        return list(proposals)
    return revise(doubt, answer, doubt.masked)


def second_opinions(doubts: Sequence[Doubt]) -> list[list[Proposal]]:
    """The same for several tickets of one organization, by one call where there are two or more.

    Whoever got no usable answer there is asked about alone; where no service answered at all, or
    none may be asked, the local verdicts stand.
    """
    if len(doubts) < 2:
        return [second_opinion(doubt, doubt.proposals) for doubt in doubts]
    if len({doubt.case.organization_id for doubt in doubts}) > 1:
        raise ValueError("Tickets of two organizations never share a call.")
    hidden = apart([doubt.masked for doubt in doubts])
    pile = Pile.of([doubt.sheet(own) for doubt, own in zip(doubts, hidden, strict=True)])
    told = gateway.Outcome()
    question = gateway.Question(
        organization_id=doubts[0].case.organization_id,
        purpose="triage",
        sent=pile.message(),
        masked_values=sum(len(own.mapping) for own in hidden),
        ticket_ids=tuple(doubt.case.ticket_id for doubt in doubts),
    )
    answers = gateway.ask(question, lambda model: model.triage_together(pile), told)
    if answers is None and not told.was_answered:
        return [list(doubt.proposals) for doubt in doubts]
    found = answers.found if answers else {}
    return [
        revise(doubt, found[place], own) if place in found
        else second_opinion(doubt, doubt.proposals)
        for place, (doubt, own) in enumerate(zip(doubts, hidden, strict=True))
    ]  # fmt: skip


def may_share(doubt: Doubt) -> bool:
    """Whether the ticket may leave together with others: a short one that gives no orders."""
    sheet = doubt.sheet(doubt.masked)
    return fits(sheet) and not speaks_to_a_model(f"{sheet.text}\n{sheet.told}")


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


def _ask(doubt: Doubt) -> TriageAnswer | None:
    sheet = doubt.sheet(doubt.masked)
    text, asked, language, told = sheet.text, sheet.choices, sheet.language, sheet.told
    question = gateway.Question(
        organization_id=doubt.case.organization_id,
        purpose="triage",
        sent=triage_message(text, asked, language, told),
        masked_values=len(doubt.masked.mapping),
        ticket_id=doubt.case.ticket_id,
    )
    return gateway.ask(
        question, lambda model: model.triage(text, asked, language=language, told=told)
    )


def revise(doubt: Doubt, answer: TriageAnswer, masked: Redacted) -> list[Proposal]:
    """The proposals with the answer taken in; `masked` has the tokens it was asked with."""
    # A ticket may have talked the model into repeating a password: it stays masked.
    reason = masked.restore(answer.reason, hide=GUARDED)
    choices = doubt.case.options
    options = {"category": choices.categories, "team": choices.teams}
    revised = {p.field: p for p in doubt.proposals}
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
