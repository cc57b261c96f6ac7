"""Category, team and urgency of a case, each with its evidence."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ai.engine.embed import Vectors
from ai.engine.lexical import fold, tokens
from ai.engine.retrieve import Found
from ai.engine.types import Evidence, Label
from ai.engine.urgency import assess, sampled
from ai.models import Suggestion, TrainedModel
from ai.pipeline.brains import Brain, brain_for
from ai.pipeline.case import Case, Option
from ai.reading import LIKELY, Choice, Proposal
from ai.runtime import Runtime
from tickets.choices import Impact, Urgency

# Before there is a history, similarity to a description is no calibrated probability: it may
# never claim "very likely".
COLD_CEILING = 0.85
# Cosine from which a description counts as near (unrelated texts are below 0.2).
COLD_NEAR = 0.35
# A trained model knows no word of some tickets (another language, another world) and still names
# a value. Measured on 48 teams: below this share of known words .47 were right where .72 were
# claimed, above it claims hold.
UNFAMILIAR_SHARE = 0.4
UNFAMILIAR_TRUST = 0.65
# Below this a guess among a dozen categories says nothing.
FLOOR = 0.2
ALTERNATIVES = 3
MOST_WORDS = 4
SHORTEST_WORD = 4
# Share of what spoke for a value below which a word is not worth quoting.
WEAK = 0.04
NEIGHBOURS = 10
# How many people a form's answer stands for.
AFFECTED = {Impact.MEDIUM.value: 8, Impact.HIGH.value: 50}

JsonEvidence = Mapping[str, Any]


def sort_together(runtime: Runtime, cases: Sequence[Case], vectors: Vectors) -> None:
    """Ask the classifiers about several cases of one organization at once.

    What follows finds the labels remembered. vectors: of their texts (len(cases), dimension).
    """
    options, texts = cases[0].options, [case.text for case in cases]
    samples = [sampled(case.question) for case in cases]
    asked = (
        (Suggestion.Field.CATEGORY.value, options.categories, texts),
        (Suggestion.Field.TEAM.value, options.teams, texts),
        (TrainedModel.Kind.URGENCY.value, (), samples),
    )
    for kind, known, read in asked:
        brain = brain_for(runtime, cases[0], kind, known)
        if brain is not None:
            brain.read(read, vectors)


def propose_category(
    runtime: Runtime, case: Case, vector: Vectors, similar: Sequence[Found]
) -> Proposal | None:
    """The likeliest category, with the words and neighbours that speak for it."""
    return _propose(
        runtime, case, vector, similar, Suggestion.Field.CATEGORY, case.options.categories
    )


def propose_team(
    runtime: Runtime,
    case: Case,
    vector: Vectors,
    similar: Sequence[Found],
    category: Proposal | None,
) -> Proposal | None:
    """The team: learned from history, else the category's own, else by its description."""
    kind = Suggestion.Field.TEAM
    brain = brain_for(runtime, case, kind, case.options.teams)
    is_own = brain is not None and brain.is_trained and not brain.is_shared
    if not is_own and category is not None:
        by_category = _team_of_category(case, category)
        if by_category is not None:
            return by_category
    return _propose(runtime, case, vector, similar, kind, case.options.teams)


def propose_urgency(runtime: Runtime, case: Case, vector: Vectors) -> Proposal | None:
    """How soon it hurts, by wording, impact and, where there is one, the desk's history.

    None where another urgency than the usual would be an unsure guess from history alone.
    """
    kind = TrainedModel.Kind.URGENCY
    brain = brain_for(runtime, case, kind)
    result = assess(
        case.question,
        affected=AFFECTED.get(case.impact),
        head=brain.classifier if brain else None,
        embedding=vector,
        learnt=brain.labels(sampled(case.question), vector) if brain else None,
    )
    evidence = [
        {"kind": item.kind, "text": item.text, "weight": round(item.weight, 3)}
        for item in result.evidence
        if item.kind != "history" or tokens(item.text)
    ][:MOST_WORDS]
    has_own_words = any(item["kind"] != "history" for item in evidence)
    is_usual = result.label.value == Urgency.MEDIUM
    if not has_own_words and not is_usual and result.label.confidence < LIKELY:
        return None
    return Proposal(
        field=kind.value,
        choice=Choice(result.label.value, result.label.confidence),
        evidence=tuple(evidence),
        source=brain.name if brain else "local rules",
    )


def _propose(
    runtime: Runtime,
    case: Case,
    vector: Vectors,
    similar: Sequence[Found],
    field: str,
    options: Sequence[Option],
) -> Proposal | None:
    brain = brain_for(runtime, case, field, options)
    if brain is None:
        return None
    by_label = {option.label: option for option in options}
    labels = brain.labels(case.text, vector)
    trust = _learned_trust(brain, case) if brain.is_trained else _cold_trust(brain, vector)
    # A category that was retired since the training is nobody's choice any more.
    choices = [_choice(label, by_label, trust) for label in labels if label.value in by_label]
    if not choices or choices[0].confidence < FLOOR:
        return None
    best = choices[0]
    option = by_label[str(best.object_id)]
    evidence = [*_words(brain, case, option), *_neighbours(similar, field, option)]
    if brain.is_shared:
        evidence.append({"kind": "shared", "text": ""})
    if not evidence:
        evidence = [{"kind": "description", "text": option.words[:200]}]
    return Proposal(
        field=field,
        choice=best,
        evidence=tuple(evidence),
        alternatives=tuple(choices[1 : ALTERNATIVES + 1]),
        source=brain.name,
    )


def _learned_trust(brain: Brain, case: Case) -> float:
    is_strange = brain.classifier.familiarity(case.text) < UNFAMILIAR_SHARE
    # What others lent is calibrated on their tickets, not on this desk's.
    trust = COLD_CEILING if brain.is_shared else 1.0
    return trust * (UNFAMILIAR_TRUST if is_strange else 1.0)


def _cold_trust(brain: Brain, vector: Vectors) -> float:
    """How far a comparison with descriptions may be believed: at most `COLD_CEILING`.

    It only says which description is nearest; a text that is near none of them fits none.
    """
    nearest = float((brain.classifier.prototypes @ vector).max())
    return COLD_CEILING * min(1.0, max(0.0, nearest) / COLD_NEAR)


def _choice(label: Label, by_label: Mapping[str, Option], trust: float) -> Choice:
    option = by_label[label.value]
    return Choice(option.name, label.confidence * trust, option.pk)


def _words(brain: Brain, case: Case, option: Option) -> list[JsonEvidence]:
    """The words of the ticket, as they stand there, that speak for the option.

    Of a shared model none: that others use a word too would be said by quoting it.
    """
    if brain.is_shared:
        return [{"kind": "word", "text": word} for word in _shared(case.text, option.words)]
    found: Sequence[Evidence] = brain.classifier.explain(case.text, option.label, limit=8)
    quoted: list[JsonEvidence] = []
    for item in found:
        words = quote(case.text, item.text)
        is_weak = item.weight < WEAK and bool(quoted)
        # Function words speak for a class by accident; nobody would call them a reason.
        if (
            words
            and tokens(words)
            and not is_weak
            and not any(words.lower() in str(q["text"]).lower() for q in quoted)
        ):
            quoted.append({"kind": "word", "text": words, "weight": round(item.weight, 3)})
    if not quoted and not brain.is_trained:
        quoted = [{"kind": "word", "text": word} for word in _shared(case.text, option.words)]
    return quoted[:MOST_WORDS]


def quote(text: str, words: str) -> str:
    """`words` (folded by a tokenizer) as they stand in `text`, or "" where they cannot be found."""
    parts = [re.escape(part) for part in words.split()]
    if not parts or max(map(len, parts)) < SHORTEST_WORD - 1:
        return ""
    match = re.search(r"(?<!\w)" + r"\W{1,3}".join(parts) + r"(?!\w)", text, re.IGNORECASE)
    return " ".join(match.group().split()) if match else ""


def _shared(text: str, description: str) -> list[str]:
    """Words that the ticket and the description have in common."""
    known = {fold(word) for word in re.findall(r"\w+", description)}
    words = dict.fromkeys(
        word
        for word in re.findall(r"\w+", text)
        if len(word) >= SHORTEST_WORD - 1 and fold(word) in known
    )
    # The longest say most: short words are mostly glue.
    return sorted(words, key=len, reverse=True)[:MOST_WORDS]


def _neighbours(similar: Sequence[Found], field: str, option: Option) -> list[JsonEvidence]:
    """How many of the nearest tickets that somebody has sorted are sorted here."""
    sorted_ones = [int(found.hits[0].payload.get(field, 0) or 0) for found in similar[:NEIGHBOURS]]
    known = [pk for pk in sorted_ones if pk]
    agree = known.count(option.pk)
    if not agree:
        return []
    return [{"kind": "neighbours", "text": f"{agree}/{len(known)}", "agree": agree,
             "of": len(known)}]  # fmt: skip


def _team_of_category(case: Case, category: Proposal) -> Proposal | None:
    chosen = next((o for o in case.options.categories if o.pk == category.choice.object_id), None)
    team = next((t for t in case.options.teams if chosen and t.pk == chosen.team_id), None)
    if chosen is None or team is None:
        return None
    return Proposal(
        field=Suggestion.Field.TEAM.value,
        choice=Choice(team.name, category.choice.confidence, team.pk),
        evidence=({"kind": "category", "text": chosen.name},),
        source=category.source,
    )
