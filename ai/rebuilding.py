"""The search index built anew while everybody goes on searching.

A second store is filled beside the one in use, from the tables, a batch at a time; what changes
meanwhile is written to both (`ai.engine.store_pair`). Then the row says that it is the one in
use, and the old one is removed. The row remembers the last entry: a worker that was killed goes
on from there.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ai.actions import rebuilds
from ai.db import release
from ai.engine.store import VectorStore
from ai.engine.types import EngineError
from ai.indexing import embed_rows, kinds_of, read_rows, trim
from ai.models import IndexEntry, Rebuild
from ai.runtime import Runtime
from ai.shelf import LOOK_EVERY
from omnidesk.core.clock import now
from omnidesk.core.tenancy import system_scope

logger = logging.getLogger(__name__)
# Passages of one batch: a ticket that waits for the same model hardly notices.
MOST_POINTS = 64
# How often a row may change while it is being written before the next batch gets its turn.
MOST_ROUNDS = 5
# Less than this share of what is known to be indexed: something is wrong with what was built.
LEAST_SHARE = 0.98
# Other workers of a server have noticed by then that there is a second store to write to.
EVERYBODY_KNOWS = timedelta(seconds=2 * LOOK_EVERY)

_stepping = threading.Lock()


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries to be written: (organization, kind) -> ids of objects."""

    rows: dict[tuple[int, str], list[int]]
    last: int
    points: int


def step(runtime: Runtime) -> bool:
    """Write the next batch, or end the rebuild; whether there is more to do at once."""
    if not _stepping.acquire(blocking=False):
        return False
    try:
        row = rebuilds.begin(base=runtime.shelf.base)
        runtime.shelf.follow()
        if row is None:
            if runtime.shelf.tidy():
                rebuilds.note_tidy()
            return False
        try:
            return _go_on(runtime, row)
        except Exception as error:  # intended: the row says what went wrong, the sweep retries
            logger.exception("rebuild_failed", extra={"rebuild": row.pk})
            rebuilds.note_failure(row, f"{type(error).__name__}: {error}")
            runtime.shelf.follow()
            return False
    finally:
        _stepping.release()
        release()


def _go_on(runtime: Runtime, row: Rebuild) -> bool:
    coming = runtime.store.coming
    if coming is None:
        return False
    if not runtime.is_embedded and row.created_at > now() - EVERYBODY_KNOWS:
        return False
    if row.entry and not coming.count():
        rebuilds.start_again(row)
        return True
    batch = next_batch(row.entry)
    if batch is None:
        return _end(runtime, row, coming)
    release()
    for (organization_id, kind), ids in batch.rows.items():
        _write(runtime, coming, organization_id, kind, ids)
    if rebuilds.note_step(row, entry=batch.last, done=batch.points):
        return True
    runtime.shelf.follow()
    return False


def next_batch(after: int) -> Batch | None:
    """What comes after this entry; None at the end. A large document is a batch of its own."""
    with system_scope():
        entries = list(
            IndexEntry.objects.filter(pk__gt=after)
            .order_by("pk")
            .values_list("pk", "organization_id", "kind", "object_id", "chunks")[:MOST_POINTS]
        )
    rows: dict[tuple[int, str], list[int]] = defaultdict(list)
    last, points = after, 0
    for pk, organization_id, kind, object_id, chunks in entries:
        if points and points + chunks > MOST_POINTS:
            break
        rows[organization_id, kind].append(object_id)
        last, points = pk, points + chunks
    return Batch(dict(rows), last, points) if rows else None


def _write(
    runtime: Runtime, coming: VectorStore, organization_id: int, kind: str, ids: Sequence[int]
) -> None:
    """Write rows as they are; once more where one changed while it was being written."""
    written: dict[int, str] = {}
    for _round in range(MOST_ROUNDS):
        sources = read_rows(organization_id, kind, ids)
        release()
        now_there = {one.object_id: one.fingerprint() for one in sources}
        changed = [one for one in sources if written.get(one.object_id) != one.fingerprint()]
        gone = [pk for pk in ids if pk not in now_there and (pk in written or not written)]
        if written and not changed and not gone:
            return
        points = embed_rows(runtime, changed)
        coming.upsert([point for found in points.values() for point in found])
        for one in changed:
            trim(coming, one, points[one.object_id])
        for pk in gone:
            for each in kinds_of(kind):
                coming.delete_object(each, pk)
        if not now_there:
            return
        written = now_there


def _end(runtime: Runtime, row: Rebuild, coming: VectorStore) -> bool:
    coming.optimize()
    due, there = rebuilds.points_due(), coming.count()
    if there < due * LEAST_SHARE:
        message = f"The new index holds {there} of {due} passages: the one in use stays."
        raise EngineError(message)
    if rebuilds.finish(row):
        logger.info("index_rebuilt", extra={"rebuild": row.pk, "points": there})
    runtime.shelf.follow()
    return False


def steps(runtime: Runtime) -> Iterator[None]:
    """All that is left to do, where no ai-worker runs: yields after each batch."""
    while step(runtime):
        yield
