"""The AI's background work. Rows are the queues: a task that is lost is found by `ai.sweep`.

What loads models stands behind `import_module`: this module is imported by the web as well,
which must stay small.
"""

import logging
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from celery import shared_task
from django.core.cache import cache

from ai import attachments, documents, sweeping, toolbox
from ai.actions import queue, training
from ai.automatic_tasks import backtest
from ai.models import Backtest, IndexEntry, Job, ToolServer, Turn
from ai.toolclient import ToolProblem
from omnidesk.core.tasks import ScopelessTask
from omnidesk.core.tenancy import all_organization_ids, organization_scope

logger = logging.getLogger(__name__)

FILL_BATCH = 64
FULL_CHECK_SECONDS = 600
LOOK_EVERY = 10


@shared_task(name="ai.enrich", base=ScopelessTask)  # type: ignore[untyped-decorator]
def enrich(organization_id: int, enrichment_id: int) -> None:
    """Read one ticket, if its row still waits, and others that wait with it."""
    if queue.was_company(enrichment_id):
        return
    with organization_scope(organization_id):
        claim = queue.claim(enrichment_id)
    if claim is None:
        return
    tickets = import_module("ai.pipeline").take_turn(claim, organization_id)
    if tickets:
        index_objects(organization_id, IndexEntry.Kind.TICKET.value, tickets)
        # Many tickets in one moment are looked at together; beat sees the last of them.
        if cache.add(f"ai.surge.{organization_id}", 1, timeout=LOOK_EVERY):
            look_for_surges.delay([organization_id])


@shared_task(name="ai.enrich_many", base=ScopelessTask)  # type: ignore[untyped-decorator]
def enrich_many(organization_id: int, enrichment_ids: Sequence[int]) -> None:
    """Read several tickets: handed out here, where it delays nobody who takes them in."""
    for enrichment_id in enrichment_ids:
        enrich.delay(organization_id, enrichment_id)


@shared_task(name="ai.sweep", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Find what a dying process dropped, and what nobody announced (imports, demo data)."""
    full = cache.add("ai.full-check", 1, timeout=FULL_CHECK_SECONDS)
    changed = sweeping.organizations_to_index(recent_only=not full)
    if changed:
        index_fill.delay(changed, recent_only=not full)
    if sweeping.rebuild_waits():
        rebuild_index.delay()
    # What came in bulk is learned from before it is read.
    for organization_id, training_id in sweeping.trainings_due(None if full else changed):
        train.delay(organization_id, training_id)
    for organization_id, enrichment_id in sweeping.readings_to_nudge():
        enrich.delay(organization_id, enrichment_id)
    for organization_id, document_id in documents.documents_to_nudge():
        read_document.delay(organization_id, document_id)
    for organization_id, turn_id in sweeping.work_to_nudge(Turn):
        chat.delay(organization_id, turn_id)
    for organization_id, attachment_id in attachments.files_to_nudge(recent_only=not full):
        read_attachment.delay(organization_id, attachment_id)
    for organization_id, job_id in sweeping.work_to_nudge(Job):
        do_job.delay(organization_id, job_id)
    for organization_id, backtest_id in sweeping.work_to_nudge(Backtest):
        backtest.delay(organization_id, backtest_id)


@shared_task(name="ai.surges", base=ScopelessTask)  # type: ignore[untyped-decorator]
def look_for_surges(organizations: Sequence[int] = ()) -> None:
    """Notice when many people report one thing; without `organizations`, wherever tickets came."""
    surging = import_module("ai.surging")
    loaded = import_module("ai.runtime").runtime()
    for organization_id in organizations or surging.organizations_to_look_at():
        surging.look(loaded, organization_id)


@shared_task(name="ai.proposals", base=ScopelessTask)  # type: ignore[untyped-decorator]
def look_for_proposals(organizations: Sequence[int] = ()) -> None:
    """Propose articles that are missing or wrong; without `organizations`, for everybody."""
    proposing = import_module("ai.proposing")
    loaded = import_module("ai.runtime").runtime()
    for organization_id in organizations or proposing.organizations_to_look_at():
        proposing.look(loaded, organization_id)


@shared_task(name="ai.chat", base=ScopelessTask)  # type: ignore[untyped-decorator]
def chat(organization_id: int, turn_id: int) -> None:
    """Answer a question of a conversation."""
    import_module("ai.answers").chat(organization_id, turn_id)


@shared_task(name="ai.job", base=ScopelessTask)  # type: ignore[untyped-decorator]
def do_job(organization_id: int, job_id: int) -> None:
    """Do a larger task of a program, if its row still waits."""
    loaded = import_module("ai.runtime").runtime()
    import_module("ai.jobs.running").run(loaded, organization_id, job_id)


@shared_task(name="ai.index.objects", base=ScopelessTask)  # type: ignore[untyped-decorator]
def index_objects(organization_id: int, kind: str, ids: Sequence[int]) -> None:
    """Bring these rows into the vector store, or out of it."""
    indexing = import_module("ai.indexing")
    loaded = import_module("ai.runtime").runtime()
    indexing.index_rows(loaded, organization_id, kind, ids)


@shared_task(name="ai.index.document", base=ScopelessTask)  # type: ignore[untyped-decorator]
def read_document(organization_id: int, document_id: int) -> None:
    """Read an uploaded file, if its row still waits, and index what it says."""
    if documents.read_document(organization_id, document_id):
        index_objects(organization_id, IndexEntry.Kind.DOCUMENT.value, [document_id])


@shared_task(name="ai.index.attachment", base=ScopelessTask)  # type: ignore[untyped-decorator]
def read_attachment(organization_id: int, attachment_id: int) -> None:
    """Read a file that came with a ticket, if nobody has."""
    attachments.read_file(organization_id, attachment_id)


@shared_task(name="ai.index.fill", base=ScopelessTask)  # type: ignore[untyped-decorator]
def index_fill(organizations: Sequence[int], recent_only: bool = True) -> None:
    """Index one batch of what the store lacks for the first of `organizations`, then go on.

    One batch a task, so that a ticket that arrives meanwhile gets its turn; one organization
    after the other, so that nobody waits behind another one's large import.
    """
    indexing = import_module("ai.indexing")
    loaded = import_module("ai.runtime").runtime()
    first, *others = organizations
    done = indexing.fill(loaded, first, recent_only=recent_only, limit=FILL_BATCH)
    if done is None:
        return
    following = [*others, first] if done >= FILL_BATCH else others
    if following:
        index_fill.delay(following, recent_only=recent_only)


@shared_task(name="ai.index.rebuild", base=ScopelessTask)  # type: ignore[untyped-decorator]
def rebuild_index() -> None:
    """One batch of a rebuild of the vector store, then the next: tickets get their turns."""
    loaded = import_module("ai.runtime").runtime()
    if import_module("ai.rebuilding").step(loaded):
        rebuild_index.delay()


@shared_task(name="ai.train", base=ScopelessTask)  # type: ignore[untyped-decorator]
def train(organization_id: int, training_id: int, fine_tune: str = "") -> None:
    """Learn from the organization's history; the run's row keeps the result or the error."""
    loaded = import_module("ai.runtime").runtime()
    import_module("ai.learning").run(
        organization_id,
        training_id,
        encoder=loaded.batcher,
        store=loaded.store,
        fine_tune=fine_tune,
    )


@shared_task(name="ai.train_due", base=ScopelessTask)  # type: ignore[untyped-decorator]
def train_due() -> None:
    """Start a training wherever enough has been decided since the last one."""
    for organization_id, training_id in sweeping.trainings_due():
        train.delay(organization_id, training_id)


# --- Asked by the web, which waits for the answer (ai.client) -----------------------------------
# Late acknowledgement would repeat a question that nobody waits for any more.
_ASKED: dict[str, Any] = {"base": ScopelessTask, "ignore_result": False, "acks_late": False}


@shared_task(name="ai.forget_shared", base=ScopelessTask)  # type: ignore[untyped-decorator]
def forget_shared(organization_ids: Sequence[int] = ()) -> None:
    """Remove the shared models of these organizations, or of all: somebody withdrew."""
    for organization_id in organization_ids or sorted(all_organization_ids()):
        with organization_scope(organization_id):
            training.forget_shared(organization_id=organization_id)


@shared_task(name="ai.embed", **_ASKED)  # type: ignore[untyped-decorator]
def embed(texts: Sequence[str]) -> dict[str, Any]:
    """Vectors of texts with the model's name and dimension."""
    found: dict[str, Any] = import_module("ai.answers").embed(texts)
    return found


@shared_task(name="ai.classify_text", **_ASKED)  # type: ignore[untyped-decorator]
def classify_text(organization_id: int, subject: str, description: str) -> dict[str, Any]:
    """Category, urgency, team and language of a text that is no ticket."""
    found: dict[str, Any] = import_module("ai.answers").classify(
        organization_id, subject, description
    )
    return found


@shared_task(name="ai.status", **_ASKED)  # type: ignore[untyped-decorator]
def status() -> dict[str, Any]:
    """The ai-worker's models: device, batches, cache, the trained ones it holds."""
    found: dict[str, Any] = import_module("ai.runtime").runtime().status()
    return {**found, "trained": import_module("ai.pipeline.brains").loaded()}


@shared_task(name="ai.answer", **_ASKED)  # type: ignore[untyped-decorator]
def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """A question answered with its sources (`ai.answers.answer`)."""
    found: dict[str, Any] = import_module("ai.answers").answer(asked)
    return found


@shared_task(name="ai.write", **_ASKED)  # type: ignore[untyped-decorator]
def write(asked: dict[str, Any]) -> dict[str, Any]:
    """A summary or translation by a model outside, or why not (`ai.answers.write`)."""
    found: dict[str, Any] = import_module("ai.answers").write(asked)
    return found


@shared_task(name="ai.retrieve", **_ASKED)  # type: ignore[untyped-decorator]
def retrieve(asked: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Passages that may answer a question (`ai.answers.retrieve`)."""
    found: list[dict[str, Any]] = import_module("ai.answers").retrieve(asked, limit)
    return found


@shared_task(name="ai.look_at_tools", base=ScopelessTask, time_limit=60, soft_time_limit=50)  # type: ignore[untyped-decorator]
def look_at_tools(organization_id: int, server_id: int) -> list[str]:
    """Ask a tool server what it offers; how it went is on its row."""
    with organization_scope(organization_id):
        server = ToolServer.objects.get(pk=server_id)
    try:
        return toolbox.look(server)
    except ToolProblem:
        return []
