"""When a question counts as answered: judged on the demo desk's own articles, in four languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai.engine.answering import answers
from ai.engine.embed import Embedder
from ai.engine.retrieve import Found, Retriever, knowledge_points
from ai.engine.store_edge import EdgeStore
from omnidesk.demo.content.library import articles
from tests.ai.answer_cases import CASES, HELD_OUT

Case = tuple[str, str, tuple[str, ...]]


class Desk:
    """The demo desk's articles in an index of their own."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.store = EdgeStore(folder, dimension=embedder.dimension)
        self.retriever = Retriever(embedder, self.store)
        self.keys: dict[int, str] = {}
        rows = [one for one in articles() if one.organization == "nordwerk"]
        for number, one in enumerate(rows, 1):
            self.keys[number] = one.key
            points = knowledge_points(
                embedder, 1, "article", number, title=one.title, body=one.body,
                payload={"language": one.language},
            )  # fmt: skip
            self.store.upsert(points)

    def answering(self, case: Case) -> list[str]:
        """Keys of the articles that may be quoted, in the question's language."""
        language, question, _ = case
        found: list[Found] = self.retriever.search(
            question, organizations=[1], kinds=["article"], limit=8, floor=0.3
        )
        return [
            self.keys[one.object_id]
            for one in found
            if one.hits[0].payload["language"] == language and answers(question, one)
        ]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    found = Desk(tmp_path_factory.mktemp("answers"), Embedder())
    yield found
    found.store.close()


def judged(desk: Desk, cases: list[Case]) -> tuple[int, int]:
    """(answered by an article that does, answered though nothing does)."""
    right = wrong = 0
    for case in cases:
        found = desk.answering(case)
        if case[2]:
            right += bool(set(found) & set(case[2]))
        else:
            wrong += bool(found)
    return right, wrong


def test_thirty_of_thirty_are_answered_and_two_at_most_wrongly(desk: Desk) -> None:
    assert [sum(bool(case[2]) for case in CASES), len(CASES)] == [30, 60]
    right, wrong = judged(desk, CASES)
    assert right >= 29
    assert wrong <= 2


def test_what_was_not_used_to_set_it_is_judged_alike(desk: Desk) -> None:
    right, wrong = judged(desk, HELD_OUT)
    assert right >= 8
    assert wrong <= 2


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "How do I reset the VPN token?"),
        ("de", "Wie setze ich den VPN-Token zurück?"),
        ("fr", "Comment réinitialiser le jeton VPN ?"),
        ("es", "¿Cómo restablezco el token de la VPN?"),
    ],
)
def test_a_near_subject_is_no_answer(desk: Desk, language: str, question: str) -> None:
    assert desk.answering((language, question, ())) == []
