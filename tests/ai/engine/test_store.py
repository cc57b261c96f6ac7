"""One contract for both vector stores: the embedded one and the server's client."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from qdrant_client import QdrantClient

from ai.engine.store import Candidate, VectorStore, fuse, make_point, point_id, within_reach
from ai.engine.store_edge import EdgeStore
from ai.engine.store_server import ServerStore
from ai.engine.types import EngineError, Point

DIMENSION = 8


def unit(*numbers: float) -> NDArray[np.float32]:
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[: len(numbers)] = numbers
    normalised: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return normalised


# The in-memory client says that it has no payload indexes; a server has.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


@pytest.fixture(params=["edge", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    opened: VectorStore
    if request.param == "edge":
        opened = EdgeStore(tmp_path / "vectors", dimension=DIMENSION)
    else:
        opened = ServerStore(QdrantClient(":memory:"), dimension=DIMENSION)
    yield opened
    opened.close()


def ticket(
    number: int, text: str, vector: NDArray[np.float32], organization: int = 1, chunk: int = 0
) -> Point:
    return make_point(
        organization, "ticket", number, text, vector, chunk=chunk, payload={"status": "open"}
    )


def test_the_nearest_vector_comes_first(store: VectorStore) -> None:
    store.upsert([ticket(1, "printer jam", unit(1, 0)), ticket(2, "vpn down", unit(0, 1))])
    hits = store.search("", unit(0.9, 0.1), organizations=[1])
    assert [hit.object_id for hit in hits] == [1, 2]
    assert hits[0].dense > 0.99
    assert hits[0].payload["status"] == "open"
    assert hits[0].kind == "ticket"


def test_no_organization_sees_nothing(store: VectorStore) -> None:
    store.upsert([ticket(1, "printer jam", unit(1, 0))])
    assert store.search("printer jam", unit(1, 0), organizations=[]) == []
    assert store.search("printer jam", unit(1, 0), organizations=frozenset()) == []
    assert store.count(organizations=[]) == 0


def test_another_organization_is_never_found_by_vector_word_or_code(store: VectorStore) -> None:
    store.upsert(
        [
            ticket(1, "error 0x80070035 on the share", unit(1, 0), organization=1),
            ticket(2, "error 0x80070035 on the share", unit(1, 0), organization=2),
            ticket(3, "error 0x80070035 on the share", unit(1, 0), organization=3),
        ]
    )
    hits = store.search("error 0x80070035 on the share", unit(1, 0), organizations=[2])
    assert [hit.object_id for hit in hits] == [2]
    hits = store.search("0x80070035", unit(1, 0), organizations=[1, 3])
    assert {hit.object_id for hit in hits} == {1, 3}


def test_an_exact_code_outweighs_a_closer_vector(store: VectorStore) -> None:
    store.upsert(
        [
            ticket(1, "share cannot be opened, 0x80070035", unit(0.7, 0.7)),
            *(
                ticket(n, f"network drive trouble number {n}", unit(1, 0.1 * n))
                for n in range(2, 6)
            ),
        ]
    )
    hits = store.search("what does 0x80070035 mean", unit(1, 0), organizations=[1])
    assert hits[0].object_id == 1
    assert hits[0].lexical > 0


def test_a_hit_of_words_alone_knows_its_cosine(store: VectorStore) -> None:
    far = [ticket(n, f"filler {n}", unit(1, 0.001 * n)) for n in range(2, 80)]
    store.upsert([ticket(1, "quasar calibration", unit(0.5, 0.866)), *far])
    hits = store.search("quasar calibration", unit(1, 0), organizations=[1], limit=100)
    found = next(hit for hit in hits if hit.object_id == 1)
    assert found.dense == pytest.approx(0.5, abs=0.01)


def test_kinds_filters_and_exclusions_narrow_the_search(store: VectorStore) -> None:
    article = make_point(1, "article", 9, "vpn", unit(1, 0), payload={"public": True, "lang": "en"})
    hidden = make_point(1, "article", 8, "vpn", unit(1, 0), payload={"public": False, "lang": "de"})
    store.upsert([ticket(1, "vpn", unit(1, 0)), article, hidden])

    def found(**options: object) -> set[int]:
        hits = store.search("vpn", unit(1, 0), organizations=[1], **options)  # type: ignore[arg-type]
        return {hit.object_id for hit in hits}

    assert found() == {1, 8, 9}
    assert found(kinds=["article"]) == {8, 9}
    assert found(kinds=["article"], filters={"public": True}) == {9}
    assert found(filters={"lang": ["en", "de"]}) == {8, 9}
    assert found(filters={"public": [True, False]}) == {8, 9}
    assert found(filters={"lang": []}) == set()
    assert found(exclude=[point_id("ticket", 1)]) == {8, 9}


def test_points_are_read_back_by_their_ids(store: VectorStore) -> None:
    store.upsert([ticket(1, "printer jam", unit(1, 0)), ticket(2, "vpn down", unit(0, 1))])
    found = store.retrieve([point_id("ticket", 2), point_id("ticket", 3)])
    assert list(found) == [point_id("ticket", 2)]
    assert found[point_id("ticket", 2)].payload["object_id"] == 2
    np.testing.assert_allclose(found[point_id("ticket", 2)].vector, unit(0, 1), atol=1e-6)
    assert store.retrieve([]) == {}


def test_an_upsert_replaces_and_a_delete_removes(store: VectorStore) -> None:
    store.upsert([ticket(1, "old words", unit(1, 0))])
    store.upsert([ticket(1, "new words", unit(0, 1))])
    assert store.count() == 1
    assert store.search("", unit(0, 1), organizations=[1])[0].dense > 0.99
    store.delete([point_id("ticket", 1), point_id("ticket", 77)])
    assert store.count() == 0


def test_an_object_s_surplus_chunks_can_be_dropped(store: VectorStore) -> None:
    store.upsert([ticket(1, f"part {n}", unit(1, n), chunk=n) for n in range(4)])
    store.upsert([ticket(2, "other", unit(1, 0))])
    store.delete_object("ticket", 1, keep_chunks=2)
    assert store.count() == 3
    store.delete_object("ticket", 1)
    assert store.count() == 1


def test_an_organization_can_be_deleted_whole(store: VectorStore) -> None:
    store.upsert([ticket(n, "x", unit(1, n), organization=n % 2) for n in range(6)])
    store.delete_organization(1)
    assert store.count(organizations=[1]) == 0
    assert store.count(organizations=[0]) == 3
    assert store.count(organizations=[0], kinds=["article"]) == 0


def test_hostile_text_is_stored_and_searched(store: VectorStore) -> None:
    for number, text in enumerate(["", "\x00\ud800 ", "_" * 5000, "a" * 50_000, "你好" * 999], 1):
        store.upsert([ticket(number, text, unit(1, number))])
        assert store.search(text, unit(1, number), organizations=[1])
    store.optimize()
    assert store.count() == 5


def test_wrong_points_are_refused(store: VectorStore) -> None:
    with pytest.raises(EngineError, match="Unknown kind"):
        store.upsert([make_point(1, "poem", 1, "x", unit(1))])
    with pytest.raises(EngineError, match="Reserved"):
        store.upsert([make_point(1, "ticket", 1, "x", unit(1), payload={"kind": "y"})])
    with pytest.raises(EngineError, match="numbers"):
        store.upsert([make_point(1, "ticket", 1, "x", np.ones(3, dtype=np.float32))])
    with pytest.raises(EngineError, match="own argument"):
        store.search("x", unit(1), organizations=[1], filters={"organization_id": 2})


def test_the_edge_store_keeps_its_points_over_a_restart(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path / "v", dimension=DIMENSION)
    first.upsert([ticket(1, "printer jam", unit(1, 0))])
    first.close()
    second = EdgeStore(tmp_path / "v", dimension=DIMENSION)
    assert second.search("printer", unit(1, 0), organizations=[1])[0].object_id == 1
    second.close()
    with pytest.raises(EngineError, match="another size"):
        EdgeStore(tmp_path / "v", dimension=4)


def test_a_second_process_is_told_why_it_cannot_open_the_edge_store(tmp_path: Path) -> None:
    holder = EdgeStore(tmp_path / "v", dimension=DIMENSION)
    program = (
        "import sys; from pathlib import Path; from ai.engine.store_edge import EdgeStore;"
        "EdgeStore(Path(sys.argv[1]), dimension=8)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "v")], capture_output=True, text=True
    )
    holder.close()
    assert done.returncode == 1
    assert "in use by another process" in done.stderr


def test_an_unreachable_server_is_a_temporary_error() -> None:
    with pytest.raises(EngineError, match="cannot be reached") as caught:
        ServerStore.connect("http://127.0.0.1:9", dimension=DIMENSION, timeout=2)
    assert not caught.value.permanent


def test_the_edge_store_serves_readers_while_it_writes(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "v", dimension=DIMENSION)
    store.upsert([ticket(n, f"printer {n}", unit(1, n)) for n in range(200)])
    failures: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(50):
                assert store.search("printer", unit(1, 0), organizations=[1], limit=5)
        except Exception as error:  # noqa: BLE001 - reported below
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(200, 300):
        store.upsert([ticket(number, f"printer {number}", unit(1, number))])
    for reader in readers:
        reader.join()
    assert failures == []
    assert store.count() == 300
    store.close()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_out_of_reach_would_not_have_been_shown(seed: int) -> None:
    """The best of all sides are the same whether all vectors are read or those within reach."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(400, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[0]
    cosines = {str(n): float(vectors[n] @ query) for n in range(400)}
    near = sorted(cosines.items(), key=lambda pair: -pair[1])[: 10 * int(rng.integers(1, 9))]
    by_word, by_code = (
        [(str(n), float(rng.exponential(size))) for n in rng.choice(400, count, replace=False)]
        for size, count in ((12.0, 80), (2.0, 3 * (seed % 3)))
    )
    reached = within_reach(near, by_word, by_code, limit=10)

    def best(keys: set[str]) -> list[str]:
        seen = {key for key, _ in near} | keys
        sides = (
            [Candidate(key, score, {}, vectors[int(key)]) for key, score in side if key in seen]
            for side in (near, by_word, by_code)
        )
        return [hit.id for hit in fuse(query, *sides, limit=10)]

    everything = {key for side in (by_word, by_code) for key, _ in side}
    assert best(reached) == best(everything)
    assert len(near) < 80 or len(reached) < len(everything)
