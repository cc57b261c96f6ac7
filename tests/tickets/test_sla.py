"""The state of agreed times, in Python and in the database alike."""

from datetime import timedelta

import pytest

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.models import Ticket
from tickets.sla import SlaState, in_sla_state, sla_state

PAST, FUTURE = timedelta(hours=-1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "stage", "expected"),
    [
        ({}, "open", "none"),
        ({"first_response_due": FUTURE}, "open", "running"),
        ({"first_response_due": PAST}, "open", "breached"),
        ({"first_response_due": PAST, "first_response_at": 2 * PAST}, "open", "running"),
        ({"first_response_due": 2 * PAST, "first_response_at": PAST}, "open", "breached"),
        ({"next_response_due": PAST}, "open", "breached"),
        ({"next_response_due": FUTURE, "resolution_due": FUTURE}, "open", "running"),
        ({"resolution_due": PAST}, "pending", "breached"),
        ({"resolution_due": FUTURE}, "pending", "running"),
        ({"resolution_due": PAST, "sla_paused_at": 2 * PAST}, "pending", "paused"),
        ({"resolution_due": 2 * PAST, "sla_paused_at": PAST}, "pending", "breached"),
        ({"first_response_due": PAST, "resolved_at": 2 * PAST}, "solved", "met"),
        ({"resolution_due": PAST, "resolved_at": 2 * PAST}, "solved", "met"),
        ({"resolution_due": 2 * PAST, "resolved_at": PAST}, "closed", "breached"),
    ],
)
def test_both_say_the_same(
    cast: Cast, fields: dict[str, timedelta], stage: str, expected: str
) -> None:
    moment = now()
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        names = ("first_response_due", "next_response_due", "resolution_due", "next_due")
        unset = dict.fromkeys((*names, "sla_paused_at"))
        times = unset | {name: moment + distance for name, distance in fields.items()}
        Ticket.objects.filter(pk=ticket.pk).update(status_category=stage, **times)
        ticket.refresh_from_db()
        assert sla_state(ticket, moment) == expected
        found = [s.value for s in SlaState if Ticket.objects.filter(in_sla_state(s, moment))]
        assert found == [expected]
