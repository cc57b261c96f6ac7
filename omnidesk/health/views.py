"""`/health/live`: the process answers. `/health/ready`: every part it needs answers.

No person, no transaction, no tenant data: probes come every few seconds.
"""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

_migrated = False


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process can answer at all."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 with every part `ok`, or 503 naming the part that is not."""
    parts = {name: _state(check) for name, check in CHECKS.items()}
    healthy = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {"status": "ok" if healthy else "unavailable", "parts": parts},
        status=200 if healthy else 503,
    )


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001  # intended: any failure of a part is its answer
        return type(error).__name__
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    global _migrated  # noqa: PLW0603  # once true it stays true for this process
    if _migrated:
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise PendingMigrations
    _migrated = True


def _redis() -> None:
    cache.set("health", "1", 10)


class PendingMigrations(Exception):
    """The database's tables are older than the code."""


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
}
