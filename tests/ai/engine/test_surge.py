"""Surges in the engine: what tells one story, and what is more than usual."""

from collections.abc import Sequence

import numpy as np
import pytest

from ai.engine.embed import Embedder
from ai.engine.surge import Arrival, find_clusters, is_unusual, near, surprise
from tests.ai.engine.surge_cases import OUTAGES
from tests.ai.engine.surge_languages import (
    BESIDE,
    BESIDE_HELD_OUT,
    OUTAGES_HELD_OUT,
    OUTAGES_MIXED,
    Told,
)

QUIET = (
    "Two new monitors for the meeting room on the third floor",
    "How do I book a parking space for a visitor?",
    "Invoice of the copier's lease is missing in the archive",
    "My holiday request shows the wrong number of days",
    "Please add Lena to the distribution list of the works council",
    "Neue Telefonnummer für den Empfang",
    "La batterie de mon ordinateur ne tient plus une heure",
    "Quiero cambiar mi foto de perfil",
)


def arrivals(
    embedder: Embedder, texts: list[str], *, first: int = 1, languages: Sequence[str] = ()
) -> list[Arrival]:
    """One person each, six minutes apart, the first text newest."""
    vectors = embedder.encode(texts)
    codes = languages or [""] * len(texts)
    return [
        Arrival(first + n, 100 + first + n, n * 0.1, text, vector, code)
        for n, (text, vector, code) in enumerate(zip(texts, vectors, codes, strict=True))
    ]


def told_by(embedder: Embedder, told: Sequence[Told], *, first: int = 1) -> list[Arrival]:
    """The same for cases that say their language."""
    texts = [f"{subject}\n{text}" for _, subject, text in told]
    codes = [code for code, _, _ in told]
    return arrivals(embedder, texts, first=first, languages=codes)


@pytest.mark.parametrize("name", sorted(OUTAGES))
def test_an_outage_is_noticed_among_other_tickets(name: str, embedder: Embedder) -> None:
    told = [f"{subject}\n{text}" for _, subject, text in OUTAGES[name]]
    rows = arrivals(embedder, told) + arrivals(embedder, list(QUIET), first=50)
    clusters = find_clusters(rows)
    assert len(clusters) == 1
    inside = [one.ticket_id for one in clusters[0].arrivals]
    assert len(inside) >= 4
    assert max(inside) < 50
    assert surprise(clusters[0], before=0, hours=600) is not None


def test_eight_outages_lose_few_of_their_tickets(embedder: Embedder) -> None:
    caught = total = 0
    for told in OUTAGES.values():
        rows = arrivals(embedder, [f"{subject}\n{text}" for _, subject, text in told])
        caught += sum(len(cluster.arrivals) for cluster in find_clusters(rows))
        total += len(told)
    assert total == 43
    assert caught >= 36


def test_unlike_tickets_are_no_surge(embedder: Embedder) -> None:
    assert find_clusters(arrivals(embedder, list(QUIET))) == []


def test_one_person_who_writes_often_is_no_surge(embedder: Embedder) -> None:
    told = [f"{subject}\n{text}" for _, subject, text in OUTAGES["wifi"]]
    rows = [
        Arrival(one.ticket_id, 7, one.age, one.text, one.vector) for one in arrivals(embedder, told)
    ]
    assert find_clusters(rows) == []


def test_what_comes_as_often_on_other_days_is_no_surge(embedder: Embedder) -> None:
    told = [f"{subject}\n{text}" for _, subject, text in OUTAGES["print"]]
    [cluster] = find_clusters(arrivals(embedder, told))
    assert surprise(cluster, before=2, hours=672) is not None
    # Five such tickets within half an hour, where a thousand came in four weeks.
    assert surprise(cluster, before=1_000, hours=672) is None


def test_the_more_is_usual_the_more_it_takes() -> None:
    assert is_unusual(4, 0.0)
    assert not is_unusual(3, 0.0)
    assert not is_unusual(4, 1.0)
    assert is_unusual(9, 1.0)


def test_a_later_report_in_another_language_joins_by_its_words(embedder: Embedder) -> None:
    told = [f"{subject}\n{text}" for _, subject, text in OUTAGES["erp"][:3]]
    rows = arrivals(embedder, told)
    mean = np.mean([one.vector for one in rows], axis=0)
    centre = (mean / np.linalg.norm(mean)).astype(np.float32)
    spanish = "SAP P01 no responde\nAl entrar en P01 sale partner not reached."
    [later] = arrivals(embedder, [spanish], first=20)
    [other] = arrivals(embedder, ["Wo finde ich den Urlaubsantrag?"], first=30)
    assert near(centre, told, later)
    assert not near(centre, told, other)


@pytest.mark.parametrize(
    ("outages", "beside", "caught", "languages", "wrong"),
    # Before the thing that fails was looked at: 22, 17, 12 and, held out, 18, 12, 9.
    [
        (OUTAGES_MIXED, BESIDE, 38, 27, 2),
        (OUTAGES_HELD_OUT, BESIDE_HELD_OUT, 27, 20, 5),
    ],
    ids=["set", "held out"],
)
def test_one_outage_in_several_languages_is_mostly_one_group(
    embedder: Embedder,
    outages: dict[str, list[Told]],
    beside: list[Told],
    caught: int,
    languages: int,
    wrong: int,
) -> None:
    found = spoken = strays = 0
    others = told_by(embedder, beside, first=1_000)
    for told in outages.values():
        groups = find_clusters(told_by(embedder, told) + others)
        strays += sum(one.ticket_id >= 1_000 for group in groups for one in group.arrivals)
        own = [[o for o in g.arrivals if o.ticket_id < 1_000] for g in groups]
        best = max(own, key=len, default=[])
        found += len(best)
        spoken += len({one.language for one in best})
    assert (found >= caught, spoken >= languages, strays <= wrong) == (True, True, True), (
        found, spoken, strays,
    )  # fmt: skip


def test_what_others_wish_for_is_no_surge(embedder: Embedder) -> None:
    assert find_clusters(told_by(embedder, BESIDE)) == []
    assert find_clusters(told_by(embedder, BESIDE_HELD_OUT)) == []
