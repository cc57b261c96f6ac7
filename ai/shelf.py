"""Where the vector store lies, and how a newly built one takes its place.

Each build has a folder (or a collection) of its own, named by the embedding model and the number
of its `Rebuild`; the first has no number. The row says which one is in use, so all processes
agree and a restart finds it again. Only the ai-worker opens stores.
"""

import logging
import re
import shutil
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from ai.db import release
from ai.engine.embed import Embedder
from ai.engine.store import VectorStore
from ai.engine.store_pair import PairedStore
from ai.models import Rebuild

logger = logging.getLogger(__name__)
COLLECTION = "omnidesk"
# Several workers may share a server: how long one of them may not know of a switch (seconds).
LOOK_EVERY = 5.0


class Place(Protocol):
    """A folder or a server that holds stores by name."""

    def open(self, name: str, dimension: int, quantization: str) -> VectorStore: ...

    def names(self) -> list[str]: ...

    def drop(self, name: str) -> None: ...


class FolderPlace:
    """Folders of the embedded store, which one process owns."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, name: str, dimension: int, quantization: str) -> VectorStore:
        """The store of that name, made where there is none."""
        # Loaded by name: the client of the other kind is large and not needed.
        module = import_module("ai.engine.store_edge")
        store: VectorStore = module.EdgeStore(
            self.root / name, dimension=dimension, quantization=quantization
        )
        return store

    def names(self) -> list[str]:
        """What lies there."""
        return [path.name for path in self.root.iterdir()] if self.root.exists() else []

    def drop(self, name: str) -> None:
        """Remove it; one that is gone is no error."""
        shutil.rmtree(self.root / name, ignore_errors=True)


class ServerPlace:
    """Collections of a Qdrant server."""

    def __init__(self) -> None:
        self._module: Any = import_module("ai.engine.store_server")
        self._client = self._module.connect(settings.QDRANT_URL, api_key=settings.QDRANT_API_KEY)

    def open(self, name: str, dimension: int, quantization: str) -> VectorStore:
        """The store of that name, made where there is none."""
        store: VectorStore = self._module.ServerStore.connect(
            settings.QDRANT_URL,
            dimension=dimension,
            collection=f"{COLLECTION}-{name}",
            api_key=settings.QDRANT_API_KEY,
            quantization=quantization,
        )
        return store

    def names(self) -> list[str]:
        """What lies there."""
        start = f"{COLLECTION}-"
        found: list[str] = self._module.collections(self._client)
        return [name.removeprefix(start) for name in found if name.startswith(start)]

    def drop(self, name: str) -> None:
        """Remove it; one that is gone is no error."""
        self._module.drop(self._client, f"{COLLECTION}-{name}")


class Shelf:
    """The stores of one embedding model: the one in use, the one being built, what is left over.

    Vectors of two models cannot be compared, so another model begins with an empty store and the
    sweep fills it.
    """

    def __init__(self, place: Place, base: str, dimension: int) -> None:
        self.base = base
        self._place, self._dimension = place, dimension
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        active = Rebuild.active(base)
        self.number = active.pk if active else 0
        self.quantization = active.quantization if active else settings.VECTOR_QUANTIZATION
        self._coming: Rebuild | None = None
        self.store = PairedStore(self._open(self.number, self.quantization))
        self.follow()

    def follow(self) -> None:
        """Do what the rows say: build beside, switch to what was built, or give it up."""
        self.store.close_retired()
        with self._lock:
            self._looked = time.monotonic()
            live, active = Rebuild.live(self.base), Rebuild.active(self.base)
            if self._coming and (live is None or live.pk != self._coming.pk):
                self._end(self._coming, active)
            if active and active.pk != self.number and self._coming is None:
                # Another process built it and this one was not told in time.
                self.store.begin(self._open(active.pk, active.quantization))
                self._turn_to(active)
            if live and self._coming is None:
                self.store.begin(self._open(live.pk, live.quantization))
                self._coming = live

    def follow_now_and_then(self) -> None:
        """As `follow`, where the last look was a while ago."""
        if time.monotonic() - self._looked > LOOK_EVERY:
            self.follow()
            release()

    def tidy(self) -> bool:
        """Remove what neither is in use nor being built; False while it may still be read."""
        if not self.store.close_retired():
            return False
        rows = (Rebuild.live(self.base), Rebuild.active(self.base))
        kept = {self._name(self.number)} | {self._name(row.pk) for row in rows if row}
        own = re.compile(rf"{re.escape(self.base)}(-g\d+)?")
        for name in self._place.names():
            if own.fullmatch(name) and name not in kept:
                self._place.drop(name)
                logger.info("vector_store_dropped", extra={"store": name})
        return True

    def _end(self, coming: Rebuild, active: Rebuild | None) -> None:
        if active and active.pk == coming.pk:
            self._turn_to(active)
        else:
            self.store.abandon()
        self._coming = None

    def _turn_to(self, active: Rebuild) -> None:
        self.store.switch()
        self.number, self.quantization = active.pk, active.quantization

    def _open(self, number: int, quantization: str) -> VectorStore:
        return self._place.open(self._name(number), self._dimension, quantization)

    def _name(self, number: int) -> str:
        return f"{self.base}-g{number}" if number else self.base


def open_shelf(embedder: Embedder) -> Shelf:
    """The stores of this installation for this model."""
    tail = re.sub(r"[^a-z0-9]+", "-", embedder.name.lower()).strip("-")[-60:]
    base = f"{tail}-{embedder.dimension}"
    place = ServerPlace() if settings.QDRANT_URL else FolderPlace(settings.DATA_DIR / "qdrant")
    return Shelf(place, base, embedder.dimension)
