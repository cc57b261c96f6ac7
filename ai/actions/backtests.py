"""The rows of backtests: starting one, taking it, its progress, its end."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ai.alive import BACKTEST, lost
from ai.models import Backtest
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text
from tickets.actions.base import InvalidChange

State = Backtest.State
MOST_TICKETS = 2_000
KEPT = 20


@transaction.atomic
def start_backtest(*, organization_id: int, user: User | None, most: int) -> Backtest:
    """A run that waits for a worker: the one that is there, or a new one."""
    if not 1 <= most <= MOST_TICKETS:
        raise InvalidChange(
            _("Between 1 and %(most)d tickets can be replayed.") % {"most": MOST_TICKETS}, "most"
        )
    fail_lost_backtests(organization_id)
    row, created = Backtest.objects.get_or_create(
        organization_id=organization_id,
        state__in=[State.PENDING, State.RUNNING],
        defaults={
            "organization_id": organization_id, "requested_by": user, "most": most,
            "state": State.PENDING,
        },
    )  # fmt: skip
    if created:
        rows = Backtest.objects.filter(organization_id=organization_id)
        kept = rows.order_by("-pk").values_list("pk", flat=True)[:KEPT]
        rows.exclude(pk__in=list(kept)).delete()
    return row


def fail_lost_backtests(organization_id: int) -> None:
    """Close the runs whose process has ended, so that the next one need not wait for them."""
    mine = Backtest.objects.filter(organization_id=organization_id, state=State.RUNNING)
    running = set(mine.values_list("pk", flat=True))
    if running and (gone := lost(running, BACKTEST)):
        error = "The process that ran it ended before it was done."
        mine.filter(pk__in=gone).update(state=State.FAILED, finished_at=now(), error=error)


def claim_backtest(backtest_id: int) -> bool:
    """Take a waiting run; False when somebody else was faster."""
    waiting = Backtest.objects.filter(pk=backtest_id, state=State.PENDING)
    return waiting.update(state=State.RUNNING, progress=0) == 1


def note_replayed(backtest_id: int, progress: float) -> None:
    """How far the run is, 0..1."""
    Backtest.objects.filter(pk=backtest_id).update(progress=round(progress, 3))


def finish_backtest(backtest_id: int, report: dict[str, Any], cases: list[dict[str, Any]]) -> None:
    """Keep what was found and close the run."""
    Backtest.objects.filter(pk=backtest_id, state=State.RUNNING).update(
        state=State.DONE, progress=1.0, finished_at=now(), report=report, cases=cases
    )


def fail_backtest(backtest_id: int, error: str) -> None:
    """Close the run with what went wrong."""
    Backtest.objects.filter(pk=backtest_id, state=State.RUNNING).update(
        state=State.FAILED, finished_at=now(), error=clean_text(error, 2_000)
    )
