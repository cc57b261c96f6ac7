"""The AI's reading: alone, many at once, and its parts beside the libraries they stand on."""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ai.engine.embed import Embedder, packaged_model_path
from ai.engine.store import point_id
from ai.engine.store_edge import EdgeStore
from ai.engine.types import Point
from tests.benchmarks.desk import AGENT, Installation
from tests.benchmarks.figures import Figures, stopwatch, timed
from tests.benchmarks.material import tickets

pytestmark = pytest.mark.bench
TEXTS = 256
POINTS = 5_000
MANY = 80


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """Our model, in this process."""
    return Embedder()


@pytest.fixture
def store() -> Iterator[EdgeStore]:
    """An empty vector store."""
    with tempfile.TemporaryDirectory() as folder:
        found = EdgeStore(Path(folder) / "store", dimension=384)
        yield found
        found.close()


def test_readings(full_desk: Installation, figures: Figures) -> None:
    figures.group("Readings (local model, no Claude)")
    with closing(full_desk.program(AGENT)) as program:

        def open_ticket(text: tuple[str, str, str]) -> None:
            given = {"subject": text[0], "description": text[1]}
            assert program.post("/api/v1/tickets/", json=given).status_code == 201

        def one(number: int) -> None:
            open_ticket(new[number])
            full_desk.until(lambda: full_desk.waiting() == 0)

        new = tickets(20 + MANY, seed=6)
        figures.calls("one ticket, from POST to verdict", timed(one, 15))
        with stopwatch() as elapsed:
            for text in new[20:]:
                open_ticket(text)
            full_desk.until(lambda: full_desk.waiting() == 0)
            figures.rate(f"{MANY} at once, opened by one script", MANY / elapsed(), "tickets")
    read = full_desk.ask(
        "SELECT extract(epoch FROM max(e.finished_at) - min(t.created_at)) FROM ai_enrichment e "
        f"JOIN tickets_ticket t ON t.id = e.ticket_id WHERE t.id > (SELECT max(id) - {MANY} "
        "FROM tickets_ticket)"
    )
    bare = bare_speed([f"{subject}\n{body}" for subject, body, _ in new[20:]])
    rate = MANY / float(read[0][0])
    figures.rate("the bare encoder on the same tickets (raw)", bare, "texts")
    figures.rate("first committed to last suggestion", rate, "tickets", bare, "local pipeline")
    alone = MANY / _read_alone(full_desk)
    figures.rate(
        "the reading alone: all committed before", alone, "tickets", bare, "local pipeline"
    )
    rows = full_desk.ask("SELECT timings FROM ai_enrichment ORDER BY id DESC LIMIT 95")
    steps = {name: [row[name] for (row,) in rows if name in row] for name in rows[0][0]}
    medians = (f"{name} {statistics.median(times):.1f}" for name, times in steps.items())
    figures.lines.append(f"  steps, median ms: {', '.join(medians)}")


def _read_alone(desk: Installation) -> float:
    """Seconds in which the ai-worker reads `MANY` tickets that wait, nobody else at work."""
    sleeping = desk.processes("ai,index")
    for process in sleeping:
        process.suspend()
    with closing(desk.program(AGENT)) as program:
        for subject, body, _ in tickets(MANY, seed=16):
            given = {"subject": subject, "description": body}
            assert program.post("/api/v1/tickets/", json=given).status_code == 201
    desk.until(lambda: desk.waiting() == MANY and desk.is_idle())
    for process in sleeping:
        process.resume()
    with stopwatch() as elapsed:
        desk.until(lambda: desk.waiting() == 0)
        return elapsed()


def bare_speed(texts: list[str]) -> float:
    """Texts a second of sentence-transformers alone, the best of three turns."""
    plain = SentenceTransformer(str(packaged_model_path()))
    plain.max_seq_length = 256

    def encode() -> object:
        return plain.encode(
            texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )

    return len(texts) / min(seconds_of(encode) for _ in range(3))


def test_embedding(full_desk: Installation, embedder: Embedder, figures: Figures) -> None:
    full_desk.quiet()
    figures.group("Embedding, packaged model")
    texts = [f"{subject}\n\n{body}" for subject, body, _ in tickets(TEXTS, seed=7)]
    plain = SentenceTransformer(str(packaged_model_path()), device=embedder.device)
    plain.max_seq_length = 256

    def alone() -> object:
        return plain.encode(
            texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )

    raw, ours = speeds(alone, lambda: embedder.encode(texts))
    figures.rate("sentence-transformers alone (raw)", raw, "texts")
    figures.rate("ours", ours, "texts", raw, embedder.device)
    figures.calls("one text", timed(lambda n: embedder.encode([texts[n]])))


def seconds_of(work: Callable[[], object]) -> float:
    with stopwatch() as elapsed:
        work()
        return elapsed()


def speeds(*encoders: Callable[[], object]) -> list[float]:
    """Texts a second of each, the best of four turns: what the processor does undisturbed."""
    turns = [[seconds_of(encode) for encode in encoders] for _ in range(4)]
    return [TEXTS / min(seconds) for seconds in zip(*turns, strict=True)]


def test_vector_search(store: EdgeStore, embedder: Embedder, figures: Figures) -> None:
    figures.group(f"Vector search, {POINTS:,} points, meaning and words")
    new = tickets(POINTS, seed=8)
    vectors = scattered(embedder.encode([subject for subject, _, _ in new[:500]]), POINTS)
    with stopwatch() as elapsed:
        store.upsert([point(number, *new[number][:2], vectors[number]) for number in range(POINTS)])
        store.optimize()
        figures.rate("into the store", POINTS / elapsed(), "points")

    def numpy_alone(number: int) -> None:
        np.argsort(vectors @ vectors[number])[-10:]

    def search(number: int) -> None:
        hits = store.search(
            new[number][0], vectors[number], organizations=[1], kinds=["ticket"], limit=10
        )
        assert len(hits) == 10

    raw = timed(numpy_alone)
    figures.calls("dot product in NumPy (raw)", raw)
    figures.calls("10 nearest", timed(search), raw)


def scattered(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """`count` vectors of length 1 around the given ones, as real ones lie in groups."""
    noise = np.random.default_rng(3).normal(0, 0.03, (count, vectors.shape[1]))
    near = vectors[np.arange(count) % len(vectors)] + noise
    found: NDArray[np.float32] = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(
        np.float32
    )
    return found


def point(number: int, subject: str, body: str, vector: NDArray[np.float32]) -> Point:
    return Point(
        id=point_id("ticket", number, 0),
        organization_id=1,
        kind="ticket",
        object_id=number,
        text=f"{subject}\n{body}",
        vector=vector,
        payload={"number": number, "title": subject, "text": body},
    )
