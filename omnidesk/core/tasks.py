"""The base of every background task: ids in, the organization's scope around the work."""

from datetime import timedelta
from typing import Any

from celery import Task, shared_task

from omnidesk.core.clock import now
from omnidesk.core.models import IdempotencyKey
from omnidesk.core.tenancy import organization_scope


class TenantTask(Task):  # type: ignore[misc]
    """A task whose first argument is the organization id it works for.

    The body runs inside that organization's database scope, which is one transaction. Work
    that must not hold a transaction (network, models) derives from `ScopelessTask` and opens
    short scopes itself.
    """

    abstract = True
    acks_late = True
    reject_on_worker_lost = True

    def __call__(self, organization_id: int, *args: Any, **kwargs: Any) -> Any:
        """Run the task's function inside the scope."""
        with organization_scope(organization_id):
            return super().__call__(organization_id, *args, **kwargs)


class ScopelessTask(Task):  # type: ignore[misc]
    """A task that opens its own scopes, because it talks to models or networks in between."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True


@shared_task(name="core.forget_idempotency_keys")  # type: ignore[untyped-decorator]
def forget_idempotency_keys() -> int:
    """Delete remembered answers older than a day; returns how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=now() - timedelta(days=1))
    deleted, _ = old.delete()
    return deleted
