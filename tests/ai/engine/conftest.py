"""One sentence model for the whole test run of the engine."""

from __future__ import annotations

import pytest

from ai.engine.embed import Embedder


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder()
