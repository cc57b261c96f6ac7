"""Sum a conversation up in its own words: what it is about, what is open, whose turn it is.

Nothing is invented: each line is a sentence that somebody wrote, with the message it stands in.
No model is needed, so it is there at once, whatever is away.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ai.engine.lexical import tokens
from ai.engine.mood import QUIET, Mood, mood_of
from ai.engine.sentences import says_something, split_units

REQUESTER = "requester"
DESK = "desk"
NOTE = "note"
# Sentences of the opening message, and of each other one that is quoted.
OPENING_SENTENCES = 2
MOST_POINTS = 6
MOST_QUESTIONS = 4
LONGEST = 280
_SHORT = 6.0


@dataclass(frozen=True, slots=True)
class Line:
    """One message: who wrote it (requester, desk, note), its text, and how the caller calls it."""

    who: str
    text: str
    key: int


@dataclass(frozen=True, slots=True)
class Point:
    """A sentence word for word, with its message and who wrote it."""

    text: str
    key: int
    who: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What was said, which questions wait for an answer, how the requester feels, what comes next.

    step: "answer" (the requester waits), "wait_answer" (the desk asked), "wait" or "settled".
    """

    points: tuple[Point, ...]
    questions: tuple[Point, ...]
    step: str
    mood: Mood = QUIET


def summarize(lines: Sequence[Line], *, is_settled: bool = False) -> Summary:
    """Sum up messages in their order, the first being the opening one."""
    told = [(line, _sentences(line.text)) for line in lines]
    counts = Counter(t for _, found in told for text in found for t in set(tokens(text)))
    points: list[Point] = []
    if told:
        points += _best(told[0][0], told[0][1], counts, OPENING_SENTENCES)
    for who in (NOTE, REQUESTER, DESK):
        last = next((one for one in reversed(told[1:]) if one[0].who == who and one[1]), None)
        if last is not None:
            points += _best(last[0], last[1], counts, 1)
    order = {line.key: number for number, line in enumerate(lines)}
    points.sort(key=lambda point: order[point.key])
    questions = _open_questions(told)
    mood = mood_of([line.text for line in lines if line.who == REQUESTER])
    step = _step(lines, questions, is_settled)
    return Summary(tuple(points[:MOST_POINTS]), questions, step, mood)


def telling(text: str, most: int) -> list[str]:
    """The sentences of one text that share most with all of it, word for word, in their order."""
    found = _sentences(text)
    counts = Counter(word for sentence in found for word in set(tokens(sentence)))
    return [point.text for point in _best(Line(DESK, text, 0), found, counts, most)]


def _sentences(text: str) -> list[str]:
    return [unit.text[:LONGEST] for unit in split_units(text) if says_something(unit.text)]


def _best(line: Line, sentences: Sequence[str], counts: Counter[str], most: int) -> list[Point]:
    """The sentences that say most of what the conversation is about, in their order."""

    def worth(place: int) -> float:
        words = set(tokens(sentences[place]))
        common = sum(math.log1p(counts[word]) for word in words)
        # Long sentences hold more words; the first ones say what it is about.
        return common / math.sqrt(max(len(words), _SHORT)) * (1.0 + 0.5 / (1 + place))

    chosen = sorted(sorted(range(len(sentences)), key=worth, reverse=True)[:most])
    return [Point(sentences[place], line.key, line.who) for place in chosen]


def _open_questions(told: Sequence[tuple[Line, list[str]]]) -> tuple[Point, ...]:
    """Questions after which the other side has not written."""
    found: list[Point] = []
    for place, (line, sentences) in enumerate(told):
        if line.who == NOTE:
            continue
        other = DESK if line.who == REQUESTER else REQUESTER
        if any(later.who == other for later, _ in told[place + 1 :]):
            continue
        found += [
            Point(s, line.key, line.who) for s in sentences if s.rstrip(' "»”)').endswith("?")
        ]
    return tuple(found[:MOST_QUESTIONS])


def _step(lines: Sequence[Line], questions: Sequence[Point], is_settled: bool) -> str:
    if is_settled:
        return "settled"
    spoken = [line.who for line in lines if line.who != NOTE]
    if not spoken or spoken[-1] == REQUESTER:
        return "answer"
    return "wait_answer" if any(point.who == DESK for point in questions) else "wait"
