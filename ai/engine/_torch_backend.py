"""The only module that imports torch. `Embedder` loads it by name when constructed.

Torch costs two seconds and 300 MB, so a process that merely imports the engine
(web, default worker, a management command) must never pay for it.
"""

from __future__ import annotations

import os
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
        probe = self.encode(["dimension"], batch_size=1)
        self.dimension = int(probe.shape[1])

    def encode(self, texts: list[str], *, batch_size: int) -> NDArray[np.float32]:
        """Return normalised float32 vectors, shape (len(texts), dimension)."""
        vectors = self._model.encode(
            texts,
            batch_size=batch_size,
            convert_to_numpy=True,
            normalize_embeddings=False,
            show_progress_bar=False,
        )
        result = np.asarray(vectors, dtype=np.float32)
        # Normalised here and not on the device: half precision loses three digits.
        norms = np.linalg.norm(result, axis=1, keepdims=True)
        normalised: NDArray[np.float32] = result / np.maximum(norms, 1e-12)
        return normalised
