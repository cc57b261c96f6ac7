"""Notice that many people report one thing: by meaning, by shared words, against what is usual.

Two tickets tell the same story by the cosine of their vectors and the words they share. Reports
in different languages, whose vectors lie apart, are joined by words that both have and by the
thing that both say fails (`concepts`). A group counts when several people wrote it and it is far
more than such tickets come in usually.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ai.engine.concepts import tells_of_failure, things_of
from ai.engine.lexical import tokens

# Tickets and people from which a group is worth a look.
FEWEST_TICKETS = 4
FEWEST_PEOPLE = 3
# Hours that are looked back; a small desk's surge is slow, a large one's is quick.
LOOK_BACK = 8.0
# A group is unusual where chance makes it less often than this.
CHANCE = 1e-4
# Most arrivals of a working day come in a few hours: the mean over the week is too low a norm.
RUSH = 5.0
# Cosine + WORDS_WEIGHT * share of common words from which two tickets tell one story: with these,
# all of eight outages in other words and languages were noticed (`tests/ai/engine/surge_cases.py`).
ALIKE = 0.56
WORDS_WEIGHT = 1.2
# Added where two reports in two languages say that the same thing fails; taken off where one
# reports a failure and the other wishes for something, and where they speak of different things.
# Set on eight outages in four languages, held against six others
# (`tests/ai/engine/surge_languages.py`).
SAME_THING = 0.35
OTHER_MATTER = 0.20
OTHER_THING = 0.20
# Cosine to a group's centre from which an older ticket counts as one of the usual ones.
USUAL_FLOOR = 0.55
# Not below: the centre of reports in several languages is near to much else.
USUAL_LEAST = 0.45
MOST_WORDS = 5
MOST_ARRIVALS = 400


@dataclass(frozen=True, slots=True)
class Arrival:
    """One ticket as it came in; `age` in hours before the look. `vector` is normalised.

    language: a code, "" where it is not known.
    """

    ticket_id: int
    person_id: int
    age: float
    text: str
    vector: NDArray[np.float32]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Arrivals that tell one story, newest first; `middle` is the one nearest to all others.

    centre is the normalised mean vector; floor is the cosine to it from which an older ticket
    counts as one of the same kind.
    """

    arrivals: tuple[Arrival, ...]
    middle: Arrival
    centre: NDArray[np.float32]
    floor: float
    words: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many different people wrote."""
        return len({arrival.person_id for arrival in self.arrivals})


def find_clusters(arrivals: Sequence[Arrival]) -> list[Cluster]:
    """The groups among `arrivals`, largest first; an arrival is in one group at most."""
    rows = sorted(arrivals, key=lambda one: (one.age, one.ticket_id))[:MOST_ARRIVALS]
    found: list[Cluster] = []
    if len(rows) < FEWEST_TICKETS:
        return found
    alike = likeness(rows) >= ALIKE
    free = np.ones(len(rows), dtype=bool)
    while True:
        best = _best_group(rows, alike, free)
        if best is None:
            return found
        found.append(_cluster([rows[i] for i in best]))
        free[best] = False


def likeness(rows: Sequence[Arrival]) -> NDArray[np.float32]:
    """How much each two arrivals tell the same story: cosine, shared words, what fails."""
    failing = _failing([row.text for row in rows], [row.language for row in rows])
    return said_alike(rows) + failing


def said_alike(rows: Sequence[Arrival]) -> NDArray[np.float32]:
    """How much each two arrivals say the same: cosine and shared words."""
    vectors = np.stack([row.vector for row in rows])
    cosines: NDArray[np.float32] = vectors @ vectors.T
    return cosines + np.float32(WORDS_WEIGHT) * _shared([row.text for row in rows])


def near(
    centre: NDArray[np.float32],
    members: Sequence[str],
    arrival: Arrival,
    languages: Sequence[str] = (),
) -> bool:
    """Whether a later arrival belongs to a group: by its centre, or by what one member says.

    languages: those of the members, where they are known.
    """
    cosine = float(arrival.vector @ centre)
    if cosine >= ALIKE:
        return True
    if not members:
        return False
    texts = [arrival.text, *members]
    codes = [arrival.language, *(languages or [""] * len(members))]
    said = np.float32(WORDS_WEIGHT) * _shared(texts)[0, 1:] + _failing(texts, codes)[0, 1:]
    return cosine + float(said.max()) >= ALIKE


def surprise(cluster: Cluster, before: int, hours: float) -> tuple[int, float] | None:
    """(tickets, how many of them are usual) of the newest part that is a surge; None: none is.

    `before` such tickets came in the `hours` before the look back.
    """
    for count in range(FEWEST_TICKETS, len(cluster.arrivals) + 1):
        newest = cluster.arrivals[:count]
        if len({one.person_id for one in newest}) < FEWEST_PEOPLE:
            continue
        span = max(newest[-1].age, 0.5)
        usual = before / max(hours, LOOK_BACK) * span * RUSH
        if is_unusual(count, usual):
            return count, usual
    return None


def is_unusual(count: int, usual: float) -> bool:
    """Whether chance would hardly bring `count` tickets where `usual` are expected (Poisson)."""
    # Not having seen such a ticket for weeks does not mean that one in a while is a surge.
    mean = max(usual, 0.15)
    below = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(min(count, 100)))
    return 1.0 - below < CHANCE


def _best_group(
    rows: Sequence[Arrival], alike: NDArray[np.bool_], free: NDArray[np.bool_]
) -> list[int] | None:
    """Indexes of the group of most people around one arrival."""
    best: list[int] | None = None
    rank = (0, 0, 0.0)
    for seed in np.flatnonzero(free).tolist():
        mates = np.flatnonzero(alike[seed] & free).tolist()
        if len(mates) < FEWEST_TICKETS:
            continue
        people = len({rows[i].person_id for i in mates})
        now_rank = (people, len(mates), -rows[seed].age)
        if people >= FEWEST_PEOPLE and now_rank > rank:
            best, rank = mates, now_rank
    return best


def _cluster(rows: list[Arrival]) -> Cluster:
    vectors = np.stack([row.vector for row in rows])
    middle = rows[int(np.argmax(likeness(rows).sum(axis=1)))]
    mean = vectors.mean(axis=0)
    centre = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    floor = min(USUAL_FLOOR, max(USUAL_LEAST, float((vectors @ centre).min())))
    return Cluster(tuple(rows), middle, centre, floor, _words([row.text for row in rows]))


def _shared(texts: Sequence[str]) -> NDArray[np.float32]:
    """Share of common terms of each two texts, 0..1; rare terms count more, codes most."""
    bags = [set(tokens(text)) for text in texts]
    counts = Counter(term for bag in bags for term in bag)
    weights = {term: _weight(term, count, len(texts)) for term, count in counts.items()}
    sizes = np.array([math.sqrt(sum(weights[t] for t in bag)) for bag in bags]) + 1e-9
    columns = {term: number for number, term in enumerate(counts)}
    matrix = np.zeros((len(texts), len(columns)), dtype=np.float32)
    for row, bag in enumerate(bags):
        for term in bag:
            matrix[row, columns[term]] = math.sqrt(weights[term])
    product: NDArray[np.float32] = matrix @ matrix.T
    return (product / np.outer(sizes, sizes)).astype(np.float32)


def _failing(texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
    """What is added for each two texts because of what they say fails, or taken off."""
    things = [things_of(text) for text in texts]
    fails = np.array([tells_of_failure(text) for text in texts])
    counts = Counter(thing for found in things for thing in found)
    columns = {thing: number for number, thing in enumerate(counts)}
    matrix = np.zeros((len(texts), max(len(columns), 1)), dtype=np.float32)
    for row, found in enumerate(things):
        for thing in found:
            matrix[row, columns[thing]] = math.sqrt(math.log(1 + len(texts) / counts[thing]))
    common = matrix @ matrix.T
    sizes = np.diag(common)
    share = common / np.maximum(np.minimum.outer(sizes, sizes), 1e-9)
    codes = np.array(languages)
    both = fails[:, None] & fails[None, :]
    apart = (codes[:, None] != codes[None, :]) & (codes != "")[:, None] & (codes != "")[None, :]
    speaks = sizes > 0
    other = speaks[:, None] & speaks[None, :] & (common <= 0)
    told = SAME_THING * share * (both & apart)
    told -= OTHER_MATTER * (fails[:, None] != fails[None, :])
    result: NDArray[np.float32] = (told - OTHER_THING * other).astype(np.float32)
    np.fill_diagonal(result, 0.0)
    return result


def _weight(term: str, count: int, texts: int) -> float:
    weight = math.log(1 + texts / count)
    # "nc-1107" or "p01" joins what is told in two languages.
    return weight * 3 if any(c.isdigit() for c in term) and len(term) > 2 else weight


def _words(texts: Sequence[str]) -> tuple[str, ...]:
    """The words that most of the texts have, most common first."""
    counts = Counter(
        term for text in texts for term in tokens(text) if not term.endswith("*") and len(term) > 2
    )
    common = [(n, term) for term, n in counts.items() if n * 2 >= len(texts)]
    return tuple(term for _, term in sorted(common, key=lambda c: (-c[0], c[1]))[:MOST_WORDS])
