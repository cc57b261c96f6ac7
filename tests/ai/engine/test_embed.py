"""The packaged sentence model and the batcher in front of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ai.engine.batching import MicroBatcher
from ai.engine.embed import Embedder, Vectors, packaged_model_path, verify_sha256
from ai.engine.types import EngineError


class CountingEncoder:
    """Encodes a text as its length, slowly, and remembers each batch."""

    dimension = 2

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[list[str]] = []
        self.seconds = seconds

    def encode(self, texts: list[str]) -> Vectors:
        time.sleep(self.seconds)
        self.batches.append(texts)
        if "boom" in texts:
            raise EngineError("The encoder failed.")
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_importing_the_engine_does_not_import_torch() -> None:
    program = (
        "import sys, pkgutil, importlib, ai.engine;"
        "[importlib.import_module('ai.engine.' + m.name) for m in"
        " pkgutil.iter_modules(ai.engine.__path__) if m.name not in ('_torch_backend', '_tuning')];"
        "sys.exit(any(m in sys.modules for m in ('torch', 'sentence_transformers', 'django')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_vectors_are_normalised_and_paraphrases_are_near(embedder: Embedder) -> None:
    vectors = embedder.encode(["My printer is jammed", "Paper jam in printer", "Reset my password"])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_empty_lists_and_huge_texts_are_encoded(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)
    started = time.process_time()
    vectors = embedder.encode(["x" * 1_000_000, "", "\x00\ud800"])
    assert np.isfinite(vectors).all()
    assert time.process_time() - started < 20


def test_a_vector_does_not_depend_on_what_was_encoded_with_it(embedder: Embedder) -> None:
    """Texts are sorted and split by length inside; each vector goes back to its own text."""
    texts = [f"Printer {number} is jammed. " * (number % 37 + 1) for number in range(120)]
    together = embedder.encode(texts)
    for number in (0, 1, 36, 37, 73, 119):
        assert np.allclose(together[number], embedder.encode([texts[number]])[0], atol=1e-5)


def test_a_missing_model_is_a_permanent_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be loaded") as caught:
        Embedder(str(tmp_path))
    assert caught.value.permanent


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    assert (packaged_model_path() / "config.json").exists()
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"not the model")
    with pytest.raises(EngineError, match="not the published model"):
        verify_sha256(weights, "0" * 64)
    with pytest.raises(EngineError, match="cannot be read"):
        verify_sha256(tmp_path / "missing", "0" * 64)


def test_concurrent_callers_share_a_batch() -> None:
    encoder = CountingEncoder(seconds=0.02)
    batcher = MicroBatcher(encoder, max_batch=16, max_wait_ms=50)
    results: dict[int, Vectors] = {}

    def ask(number: int) -> None:
        results[number] = batcher.encode(["t" * number])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batcher.close()
    assert {n: r[0][0] for n, r in results.items()} == {n: float(n) for n in range(1, 9)}
    assert len(encoder.batches) < 8
    assert batcher.statistics().texts == 8
    assert batcher.statistics().mean_batch > 1


def test_who_comes_alone_waits_for_nobody() -> None:
    encoder = CountingEncoder()
    batcher = MicroBatcher(encoder, max_wait_ms=3_600_000)
    assert batcher.encode(["t"])[0][0] == 1.0
    assert batcher.encode(["tt"])[0][0] == 2.0
    batcher.close()
    assert [len(batch) for batch in encoder.batches] == [1, 1]


def test_the_texts_of_one_call_go_together() -> None:
    encoder = CountingEncoder()
    batcher = MicroBatcher(encoder, max_wait_ms=0)
    batcher.encode([f"text {n}" for n in range(40)])
    batcher.close()
    assert [len(batch) for batch in encoder.batches] == [40]


def test_known_texts_come_from_the_cache_and_old_ones_are_dropped() -> None:
    encoder = CountingEncoder()
    batcher = MicroBatcher(encoder, max_wait_ms=0, cache_size=2)
    batcher.encode(["a", "bb"])
    batcher.encode(["a", "bb"])
    assert batcher.statistics().cache_hits == 2
    batcher.encode(["ccc"])
    batcher.encode(["a"])
    assert batcher.statistics().cache_hits == 2
    batcher.close()


def test_a_batch_never_exceeds_its_limit() -> None:
    encoder = CountingEncoder()
    batcher = MicroBatcher(encoder, max_batch=10)
    vectors = batcher.encode([f"text {n}" for n in range(35)])
    batcher.close()
    assert vectors.shape == (35, 2)
    assert max(len(batch) for batch in encoder.batches) <= 10


def test_a_failing_encoder_fails_its_callers_but_not_the_batcher() -> None:
    batcher = MicroBatcher(CountingEncoder(), max_wait_ms=0)
    with pytest.raises(EngineError, match="encoder failed"):
        batcher.encode(["boom"])
    assert batcher.encode(["fine"])[0][0] == 4
    batcher.close()
    with pytest.raises(EngineError, match="shutting down"):
        batcher.encode(["late"])


def test_sparing_the_cores_changes_no_vector_and_ends(embedder: Embedder) -> None:
    """As many threads as before afterwards, also where somebody else still spares them."""
    texts = ["The VPN drops every minute when I work from home in the afternoon."] * 8
    usual = embedder.encode(texts)
    before = torch.get_num_threads()
    with embedder.sparing(), embedder.sparing():
        assert np.allclose(embedder.encode(texts), usual, atol=1e-5)
        assert torch.get_num_threads() == before
    assert embedder._spared == 0
