"""Taking work from its row, telling how far it is, settling it once, finding what died.

Who works holds an advisory lock (`ai.alive`): when the process ends, however it ends, the next
look puts its work back or gives it up, without waiting for a time to pass.
"""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from ai.alive import at_work, lost
from ai.models.work import Work
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import clean_text

LONGEST_ERROR: Final = 2_000
ENDED: Final = "The process that ran it ended before it was done."
W = TypeVar("W", bound=Work)


@dataclass(frozen=True, slots=True)
class Claim(Generic[W]):
    """The right to settle one row's work: lost as soon as the row is somebody else's."""

    model: type[W]
    pk: int
    name: str

    def rows(self) -> QuerySet[W]:
        """The row while it is ours, as a query: to update it, or to lock it."""
        own = self.model._default_manager.filter(pk=self.pk, state=Work.State.RUNNING)
        return own.filter(**self.model.signed(self.name))


def claim(model: type[W], pk: int) -> Claim[W] | None:
    """Take waiting work; None when somebody else was faster.

    Only within `at_work`, or within the transaction that wrote the row: a running row without a
    process behind it is taken for lost.
    """
    name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    waiting = model._default_manager.filter(pk=pk, state=Work.State.PENDING)
    taken = waiting.update(state=Work.State.RUNNING, **model.taking(name))
    return Claim(model, pk, name) if taken else None


@contextmanager
def working(model: type[W], organization_id: int, pk: int) -> Iterator[Claim[W] | None]:
    """Take the work and count as being at it until the block ends; None: it is not to be had."""
    with at_work(pk, model.LOCK):
        with organization_scope(organization_id):
            found = claim(model, pk)
        yield found


def note_progress(claim: Claim[Any], progress: float) -> None:
    """How far it is, 0..1."""
    claim.rows().update(progress=round(progress, 3))


def finish(claim: Claim[W], **values: Any) -> bool:
    """Keep the result; False when the work was given away meanwhile."""
    return _settle(claim, Work.State.DONE, claim.model.finishing() | values)


def fail(claim: Claim[W], error: str = "", **values: Any) -> bool:
    """Keep why it could not be done; False when the work was given away meanwhile."""
    why = claim.model.failing(clean_text(error, LONGEST_ERROR))
    return _settle(claim, Work.State.FAILED, why | values)


def _settle(claim: Claim[W], state: str, values: dict[str, Any]) -> bool:
    end = {"state": state, "finished_at": now(), **claim.model.signed("")}
    return claim.rows().update(**end | values) == 1


@transaction.atomic
def recover(model: type[W], organization_id: int) -> list[int]:
    """Work that waits; that of dead processes is put back first, or given up. Queries: 2-5."""
    own = model._default_manager.filter(organization_id=organization_id)
    # Locked before the dead are looked for: who takes a row meanwhile is seen to be alive.
    running = own.filter(state=Work.State.RUNNING).order_by("pk").select_for_update(of=("self",))
    held = list(running.values_list("pk", flat=True))
    if held and (gone := lost(held, model.LOCK)):
        dead = own.filter(pk__in=gone)
        over = dead
        if model.MOST_ATTEMPTS > 1:
            over = dead.filter(attempts__gte=model.MOST_ATTEMPTS)
        end = {"finished_at": now(), **model.signed(""), **model.failing(ENDED)}
        over.update(state=Work.State.FAILED, **end)
        again = dead.filter(state=Work.State.RUNNING)
        again.update(state=Work.State.PENDING, **model.signed(""))
    return list(own.filter(state=Work.State.PENDING).order_by("pk").values_list("pk", flat=True))
