"""The only module that imports torch. `Embedder` loads it by name when constructed.

Torch costs two seconds and 300 MB, so a process that merely imports the engine
(web, default worker, a management command) must never pay for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Must be set before huggingface_hub is imported: it reads the variable once.
if not os.environ.get("EMBEDDING_MODEL"):
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from sentence_transformers import SentenceTransformer

# How many characters, padding included, one forward pass may hold. On a processor what no longer
# fits its caches costs twice the time: 384 tickets in parts of 64 took 5.9 s at this size, 12.7 s
# in passes of 32 texts, whatever their length. A GPU wants as much as its memory holds.
CHARACTERS = {"cpu": 5_000, "cuda": 400_000}
# A word piece is seldom longer: what a text has beyond is cut off by the tokenizer.
PIECE = 5
# On a processor, texts of fewer characters are worked out by one thread. A question of three words
# takes as long on two, which then wait for more with both cores busy: 42 ms of them instead of 19.
SHORT = 200


class SentenceModel:
    """A loaded sentence-transformers model behind two plain methods."""

    def __init__(self, name_or_path: str, *, max_tokens: int) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        local = Path(name_or_path).exists()
        self._model: Any = SentenceTransformer(
            name_or_path, device=self.device, local_files_only=local
        )
        if self.device == "cuda":
            self._model.half()
        limit = self._model.max_seq_length
        self._model.max_seq_length = min(max_tokens, limit) if limit else max_tokens
        self._longest = PIECE * int(self._model.max_seq_length)
        self.dimension = len(self._forward(["dimension"])[0])

    def encode(self, texts: list[str], *, sparing: bool = False) -> NDArray[np.float32]:
        """Return normalised float32 vectors, shape (len(texts), dimension).

        Texts of like length share a forward pass, the longest first. sparing: on half of the
        processor's cores.
        """
        result = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        is_short = sum(map(len, texts)) <= SHORT
        half = max(1, torch.get_num_threads() // 2)
        is_sparing = self.device == "cpu" and (is_short or sparing)
        with _threads(1 if is_short else half) if is_sparing else nullcontext():
            while order:
                width = max(1, min(len(texts[order[0]]), self._longest))
                count = max(1, CHARACTERS[self.device] // width)
                together, order = order[:count], order[count:]
                result[together] = self._forward([texts[index] for index in together])
        # Normalised here and not on the device: half precision loses three digits.
        norms = np.linalg.norm(result, axis=1, keepdims=True)
        normalised: NDArray[np.float32] = result / np.maximum(norms, 1e-12)
        return normalised

    def _forward(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = self._model.encode(
            texts,
            batch_size=len(texts),
            convert_to_numpy=True,
            normalize_embeddings=False,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Work with so many threads, and then as before: others of this process follow the number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
