"""The Celery application: queues by workload, beat, and safe defaults.

Queues and why they are apart:
- `default`: short database work; must never wait behind anything slow.
- `deliver`: talks to other people's servers, which may hang until a timeout.
- `ai`: the model; one process owns torch and the vector store, threads feed its batcher.
- `index`: bulk embedding; same process as `ai`, so that a re-index never delays a ticket
  longer than one batch.

Rows are the queues: a task is only a nudge, and beat sweeps what a dying process dropped. No
task uses a long ETA, because Redis redelivers unacknowledged ones past the visibility timeout.
"""

import os

from celery import Celery, signals

from omnidesk.core import memory
from omnidesk.core.boot import end_with_supervisor, refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnidesk.settings")

app = Celery("omnidesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def keep_our_logging(**kwargs: object) -> None:
    """Celery leaves the root logger alone: Django's LOGGING is already set up."""


@signals.celeryd_init.connect  # type: ignore[untyped-decorator]
def follow_supervisor(**kwargs: object) -> None:
    """A worker never outlives the `manage.py up` that started it."""
    end_with_supervisor()
    memory.begin()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def settle(**kwargs: object) -> None:
    """All that a worker needs is loaded: in its parent and in each child."""
    memory.settle()


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def check_role(**kwargs: object) -> None:
    """A worker on a role that bypasses row-level security does not start."""
    refuse_unsafe_start()
