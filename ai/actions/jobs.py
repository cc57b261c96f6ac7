"""Larger tasks of programs: asked for, and settled with what they cost."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ai.actions import work
from ai.actions.work import Claim
from ai.models import Job
from ai.spending import Spent
from omnidesk.accounts.models import User
from tickets.actions.base import InvalidChange

# So many of one person wait at most.
MOST_OPEN = 20


@transaction.atomic
def start_job(*, organization_id: int, user: User, kind: str, data: dict[str, Any]) -> Job:
    """A task that waits for a worker. Raises `InvalidChange` where too many of theirs wait."""
    own = Job.objects.filter(organization_id=organization_id, requested_by=user)
    if own.filter(state__in=Job.LIVE).count() >= MOST_OPEN:
        raise InvalidChange(_("Wait until some of your tasks are done."), "task_type")
    return Job.objects.create(
        organization_id=organization_id, requested_by=user, kind=kind, data=data
    )


def finish_job(claim: Claim[Job], *, result: dict[str, Any], spent: Spent) -> bool:
    """Keep the result; False when the task was given away meanwhile."""
    return work.finish(claim, result=result, **_paid(spent))


def fail_job(claim: Claim[Job], *, error: str, spent: Spent) -> bool:
    """Keep why it could not be done, and what trying cost."""
    return work.fail(claim, error, **_paid(spent))


def _paid(spent: Spent) -> dict[str, Any]:
    return {
        "cost_usd": F("cost_usd") + round(spent.cost, 6),
        "tokens_in": F("tokens_in") + spent.tokens_in,
        "tokens_out": F("tokens_out") + spent.tokens_out,
    }
