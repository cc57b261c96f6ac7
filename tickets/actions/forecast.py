"""Learning from the history of clocks, and keeping the forecast of every running one.

Forecasts are figures beside tickets: they change none and raise no version. One runs at a time per
organization: it holds the history's row, and a second one leaves at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.dateparse import parse_datetime

from omnidesk.core.bulk import update_many
from omnidesk.core.clock import now
from tickets.forecast_selectors import (
    Asked,
    cases,
    known_history,
    lives,
    usual_of,
)
from tickets.models import SlaForecast, SlaHistory
from tickets.sla_backtest import calibrate, pasts, team_loads
from tickets.sla_calibration import from_content
from tickets.sla_forecast import Outlook, learn, to_content

# A forecast that moved by less is not written again.
NOTICED: Final = 0.005
# Forecasts are calibrated anew after this long; it costs several times what learning does.
CALIBRATED_FOR: Final = timedelta(hours=20)
_FIELDS: Final = ("risk", "alike", "longer", "depth", "load", "made_at")


@transaction.atomic
def learn_history(*, organization_id: int) -> int:
    """Learn how long clocks took, and once a day how right forecasts were; returns from how many.

    Queries: 5, 6 where clocks stood still.
    """
    moment = now()
    rows = SlaHistory.objects.filter(organization_id=organization_id)
    before: dict[str, Any] = rows.values_list("content", flat=True).first() or {}
    found = lives(organization_id, moment)
    calibrated_at = parse_datetime(before.get("calibrated_at", ""))
    if calibrated_at is not None and moment - calibrated_at < CALIBRATED_FOR:
        calibration = from_content(before.get("calibration", {}))
    else:
        calibration, calibrated_at = calibrate(found, moment), moment
    loads = team_loads(found)
    usual = usual_of(found)
    history = learn(pasts(found, moment, loads, usual))
    history = replace(history, calibration=calibration)
    SlaHistory.objects.update_or_create(
        organization_id=organization_id,
        defaults={
            "content": {
                **to_content(history),
                "usual": usual,
                "calibrated_at": calibrated_at.isoformat(),
            },
            "clocks": len(found),
            "learnt_at": moment,
        },
    )
    return len(found)


@transaction.atomic
def forecast_clocks(
    *, organization_id: int, ticket_ids: Collection[int] | None = None
) -> int | None:
    """Forecast the organization's running clocks, or those of some tickets; returns how many.

    None where nothing was learnt yet or another forecast is at work. Rows of clocks that no longer
    run go. Queries: 7 to 10.
    """
    held = SlaHistory.objects.filter(organization_id=organization_id)
    if not list(held.select_for_update(skip_locked=True).values_list("pk")):
        return None
    known = known_history(organization_id)
    if known is None:
        return None
    asked = cases(organization_id, known.usual, ticket_ids)
    found = [(one, known.history.outlook(one.case)) for one in asked]
    said = [(one, outlook) for one, outlook in found if outlook is not None]
    _write(organization_id, said, ticket_ids)
    return len(said)


def _write(
    organization_id: int,
    said: Sequence[tuple[Asked, Outlook]],
    ticket_ids: Collection[int] | None,
) -> None:
    rows = SlaForecast.objects.filter(organization_id=organization_id)
    if ticket_ids is not None:
        rows = rows.filter(ticket__in=ticket_ids)
    there = {row.clock_id: row for row in rows.order_by("pk").iterator(chunk_size=5_000)}
    new, changed, moment = [], [], now()
    for asked, outlook in said:
        row = there.pop(asked.clock_id, None)
        if row is None:
            row = SlaForecast(
                organization_id=organization_id, clock_id=asked.clock_id, ticket_id=asked.ticket_id
            )
            new.append(row)
        elif abs(row.risk - outlook.risk) < NOTICED and row.depth == outlook.depth:
            continue
        else:
            changed.append(row)
        row.risk, row.alike, row.longer = outlook.risk, outlook.alike, outlook.longer
        row.depth, row.load, row.made_at = outlook.depth, outlook.load, moment
    rows.filter(pk__in=[row.pk for row in there.values()]).delete()
    update_many(changed, _FIELDS)
    SlaForecast.objects.bulk_create(new, batch_size=2_000)
