"""The ai-worker's start and end, heard as Celery signals."""

import logging
import sys
from importlib import import_module
from typing import Any

from celery import signals

from ai.db import release
from ai.documents import documents_to_nudge
from ai.engine.types import EngineError
from ai.hotline import Hotline
from ai.models import Job, Turn
from ai.sweeping import recover_all, work_to_nudge
from ai.tasks import chat, do_job, enrich, read_document, rebuild_index

logger = logging.getLogger(__name__)
QUEUE = "ai"
_open: list[Hotline] = []


def _serves_ai(app: Any) -> bool:
    return QUEUE in app.amqp.queues.consume_from


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator]
def warm_up(sender: str, instance: Any, **kwargs: object) -> None:
    """Load the models before the first ticket comes; end with one sentence where that fails.

    Only one process can hold the embedded vector store, so a second ai-worker stops here.
    """
    if not _serves_ai(instance.app):
        return
    try:
        loaded = import_module("ai.runtime").runtime()
    except EngineError as error:
        sys.exit(f"OmniDesk: {error.message}")
    import_module("ai.pipeline.think").rehearse(loaded)
    import_module("ai.indexing").forget_lost_store(loaded)
    if loaded.is_embedded:
        # Whoever owns the store is the only ai-worker: rows in work are a dead one's.
        for organization_id, enrichment_id in recover_all():
            logger.warning("reading_recovered", extra={"enrichment": enrichment_id})
            enrich.delay(organization_id, enrichment_id)
        for organization_id, document_id in documents_to_nudge(all_running=True):
            read_document.delay(organization_id, document_id)
        # What a dead one was building goes on; what it left to remove is removed.
        rebuild_index.delay()
    for organization_id, turn_id in work_to_nudge(Turn):
        chat.delay(organization_id, turn_id)
    for organization_id, job_id in work_to_nudge(Job):
        do_job.delay(organization_id, job_id)
    release()
    _open.append(Hotline({"search": import_module("ai.answers").search}))
    _open[-1].open()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def let_go(sender: Any, **kwargs: object) -> None:
    """End the hotline; flush the vector store, so that the next start needs no recovery."""
    while _open:
        _open.pop().close()
    if "ai.runtime" in sys.modules:
        import_module("ai.runtime").close_runtime()
