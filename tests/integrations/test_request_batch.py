"""Many calls of another helpdesk at once end as one at a time would, in a few statements, once."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import taking
from integrations.actions.channels import add_channel
from integrations.actions.receipts import Arrival, keep_all
from integrations.models import Channel, Receipt, ReceiptState, RemoteRequest
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.at_once import at_once
from tests.cast import Cast
from tickets.models import Change, Message, Ticket

# Of these 10 are savepoints that only a test has, 9 read the setup for the first time.
MOST_STATEMENTS = 54


def channel_of(cast: Cast, kind: str, **given: str) -> Channel:
    with organization_scope(cast.nordwerk.pk):
        found, _ = add_channel(organization=cast.nordwerk, kind=kind, name="Probe", given=given)
    return found


def arrive(channel: Channel, calls: Sequence[Any]) -> None:
    bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in calls]
    with organization_scope(channel.organization_id):
        keep_all(channel, [Arrival(external_id=f"{n}:{b!r}", raw=b) for n, b in enumerate(bodies)])


def take(channel: Channel) -> int:
    return taking.take_waiting(channel.organization_id, channel.pk)


def request(number: int, **more: Any) -> dict[str, Any]:
    """As a ServiceDesk Plus tells of it."""
    return {
        "event": "request.created",
        "request": {
            "id": str(number), "display_id": str(number), "subject": f"Printer {number}",
            "status": "Open", "priority": "High", "last_updated_time": "1700000000000",
            "requester_email": f"person{number}@nordwerk.example", **more,
        },
    }  # fmt: skip


def alert(number: int, **more: Any) -> dict[str, Any]:
    """As a program tells of it."""
    return {
        "subject": f"Disk {number}", "description": "It is full.", "reference": f"disk-{number}",
        "email": f"person{number}@nordwerk.example", "name": f"Person {number}", **more,
    }  # fmt: skip


def test_fifty_calls_cost_a_few_statements(cast: Cast) -> None:
    channel = channel_of(cast, "servicedesk_plus", enrich="no")
    arrive(channel, [request(number) for number in range(50)])
    with CaptureQueriesContext(connection) as captured:
        assert take(channel) == 50
    assert len(captured) <= MOST_STATEMENTS
    with organization_scope(cast.nordwerk.pk):
        assert RemoteRequest.objects.values("ticket").distinct().count() == 50
        assert Ticket.objects.filter(urgency="high", source="servicedesk_plus").count() == 50
        assert not Receipt.objects.exclude(state=ReceiptState.ACCEPTED).exists()


ALERTS = [
    alert(1), alert(2, email=""), alert(3, email="", reference=""), alert(4, reference=""),
    alert(1, description="Still full."), alert(5, state="resolved"),
    alert(5, state="resolved", description="It was nothing."), alert(6, email="no address"),
    alert(7, email="gone@nordwerk.example"), alert(8, email="x@stranger.example"),
    alert(9, urgency="critical"), alert(10, email="person1@nordwerk.example", name="Other"),
]  # fmt: skip
REQUESTS = [
    request(1), request(2, requester_email=""), request(1, status="Resolved",
    last_updated_time="1700000000009"), request(3, requester_email="no address"),
    request(4, requester_email="gone@nordwerk.example"), request(5, subject=""),
    request(6, requester_email="x@stranger.example"),
]  # fmt: skip


def outcome(cast: Cast) -> dict[str, list[Any]]:
    """All that calls led to, told by their words instead of by numbers."""
    with organization_scope(cast.nordwerk.pk):
        tickets = Ticket.objects.values_list(
            "subject", "description", "requester__email", "requester__name", "status__key",
            "urgency", "priority", "source", "language", "version", "message_count", "ai_state",
        )  # fmt: skip
        known = RemoteRequest.objects.values_list(
            "remote_id", "display_id", "remote_version", "ticket__subject", "stage"
        )
        return {
            "receipts": list(
                Receipt.objects.order_by("key").values_list(
                    "key", "state", "reason", "ticket__subject", "message__text", "trail"
                )
            ),
            "tickets": sorted(tickets, key=str),
            "requests": sorted(known, key=str),
            "messages": sorted(Message.objects.values_list("text", "author__email"), key=str),
            "changes": sorted(Change.objects.values_list("verb", "new", "actor_label"), key=str),
            "people": sorted(User.objects.values_list("email", "name", "memberships__role")),
        }


def tried(cast: Cast, work: Callable[[], None]) -> dict[str, list[Any]]:
    """What `work` leads to; then nothing has happened."""
    with transaction.atomic():
        work()
        found = outcome(cast)
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("strangers", [True, False])
@pytest.mark.parametrize(("kind", "calls"), [("webhook", ALERTS), ("servicedesk_plus", REQUESTS)])
def test_a_batch_ends_as_calls_that_come_one_by_one(
    cast: Cast, kind: str, calls: list[Any], strangers: bool
) -> None:
    channel = channel_of(cast, kind)
    User.objects.create_user("gone@nordwerk.example", None, is_active=False)
    with organization_scope(cast.nordwerk.pk):
        Channel.objects.filter(pk=channel.pk).update(accepts_strangers=strangers)

    def alone() -> None:
        arrive(channel, calls)
        with organization_scope(cast.nordwerk.pk):
            waiting = list(Receipt.objects.order_by("pk").values_list("pk", flat=True))
        for receipt in waiting:
            taking.take_in(cast.nordwerk.pk, receipt)

    def together() -> None:
        arrive(channel, calls)
        assert take(channel) == len(calls)

    expected, found = tried(cast, alone), tried(cast, together)
    for what, rows in expected.items():
        assert found[what] == rows, what
    states = [row[1] for row in expected["receipts"]]
    assert ReceiptState.QUARANTINED in states


def test_what_is_no_call_goes_to_quarantine_and_harms_no_other(cast: Cast) -> None:
    channel = channel_of(cast, "webhook")
    arrive(channel, [alert(1), b"\xff nonsense", b"[]", alert(2)])
    assert take(channel) == 4
    with organization_scope(cast.nordwerk.pk):
        assert Receipt.objects.filter(state=ReceiptState.QUARANTINED).count() == 2
        assert Ticket.objects.count() == 2


def test_several_takers_at_once_open_each_ticket_once(live_cast: Cast) -> None:
    channel = channel_of(live_cast, "webhook")
    arrive(channel, [alert(number % 60, text=str(number)) for number in range(120)])

    at_once(lambda: take(channel))
    take(channel)
    with organization_scope(live_cast.nordwerk.pk):
        assert Ticket.objects.count() == RemoteRequest.objects.count() == 60
        assert not Receipt.objects.exclude(state=ReceiptState.ACCEPTED).exists()
