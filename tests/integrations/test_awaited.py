"""Many signed calls at once: few statements each, one nudge for all, none left behind."""

import time

import pytest
import redis
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from integrations import awaited, tasks
from integrations.actions.channels import add_channel
from integrations.models import Channel, Receipt
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.integrations.test_servicedesk_plus import SECRET, call, event
from tickets.models import Ticket

QUEUE = "celery.deliver"


@pytest.fixture
def channel(live_cast: Cast, redis_client: "redis.Redis") -> Channel:
    """Calls are taken as they are."""
    with organization_scope(live_cast.nordwerk.pk):
        found, _ = add_channel(
            organization=live_cast.nordwerk, kind="servicedesk-plus", name="SDP",
            given={"secret": SECRET, "enrich": "no"},
        )  # fmt: skip
    return found


def states(channel: Channel) -> list[str]:
    with organization_scope(channel.organization_id):
        return sorted(Receipt.objects.values_list("state", flat=True))


def test_a_call_costs_ten_statements(
    client: Client, channel: Channel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call(client, channel, event("1"))
    # begin, scope; organizations, scope, channel, scope; savepoint, receipt, release; commit
    with django_assert_num_queries(10):
        assert call(client, channel, event("2"), delivery="second").status_code == 202
    # the same, the savepoint rolled back (two statements), and the known receipt read twice
    again = str(int(time.time()) + 1)  # a new try is signed anew
    with django_assert_num_queries(13):
        known = call(client, channel, event("2"), stamp=again, delivery="second")
    assert known.status_code == 200


def test_one_nudge_stands_for_all_until_a_worker_has_heard_it(
    client: Client, channel: Channel, redis_client: "redis.Redis"
) -> None:
    for number in range(5):
        assert call(client, channel, event(str(100 + number))).status_code == 202
    assert redis_client.llen(QUEUE) == 1
    assert tasks.take_waiting(channel.organization_id, channel.pk) == 5
    assert states(channel) == ["accepted"] * 5
    assert call(client, channel, event("200")).status_code == 202
    assert redis_client.llen(QUEUE) == 2
    assert tasks.take_waiting(channel.organization_id, channel.pk) == 1
    with organization_scope(channel.organization_id):
        assert Ticket.objects.count() == 6


def test_what_comes_while_a_worker_looks_nudges_again(
    client: Client, channel: Channel, redis_client: "redis.Redis"
) -> None:
    call(client, channel, event("1"))
    awaited.done(f"take:{channel.pk}")  # the worker begins; it may have looked already
    call(client, channel, event("2"))
    assert redis_client.llen(QUEUE) == 2


def test_a_nudge_that_was_lost_is_forgotten_and_swept(
    client: Client, channel: Channel, redis_client: "redis.Redis"
) -> None:
    call(client, channel, event("1"))
    redis_client.delete(QUEUE)
    assert tasks.sweep_receipts() == 1
    assert tasks.take_waiting(channel.organization_id, channel.pk) == 1
