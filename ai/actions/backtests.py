"""Starting a backtest; `ai.actions.work` takes and settles it."""

from django.db import transaction
from django.utils.translation import gettext as _

from ai.actions.work import recover
from ai.models import Backtest
from omnidesk.accounts.models import User
from tickets.actions.base import InvalidChange

MOST_TICKETS = 2_000
KEPT = 20


@transaction.atomic
def start_backtest(*, organization_id: int, user: User | None, most: int) -> Backtest:
    """A run that waits for a worker: the one that is there, or a new one."""
    if not 1 <= most <= MOST_TICKETS:
        raise InvalidChange(
            _("Between 1 and %(most)d tickets can be replayed.") % {"most": MOST_TICKETS}, "most"
        )
    recover(Backtest, organization_id)
    row, created = Backtest.objects.get_or_create(
        organization_id=organization_id,
        state__in=Backtest.LIVE,
        defaults={
            "organization_id": organization_id, "requested_by": user, "most": most,
            "state": Backtest.State.PENDING,
        },
    )  # fmt: skip
    if created:
        rows = Backtest.objects.filter(organization_id=organization_id)
        kept = rows.order_by("-pk").values_list("pk", flat=True)[:KEPT]
        rows.exclude(pk__in=list(kept)).delete()
    return row
