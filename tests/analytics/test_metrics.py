"""`GET /metrics`: Prometheus text of the whole installation, closed to the public."""

import re
from ipaddress import ip_network

import pytest
import redis
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from integrations.actions.channels import add_channel, pause_channel
from omnidesk.accounts.models import User
from omnidesk.core import tally
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.models import Status

TOKEN = "only for the scraper"
DOCUMENTED = (
    "http_requests_total", "http_request_duration_seconds", "ai_processing_duration_seconds",
    "ai_confidence_score", "ai_requests_total", "tickets_created_total",
    "tickets_resolved_total", "sla_violations_total", "system_cpu_percent",
    "system_memory_percent", "gpu_utilization_percent", "db_connections_active",
    "ai_processing_queue_length",
)  # fmt: skip


@pytest.fixture(autouse=True)
def empty(redis_client: "redis.Redis") -> None:
    tally.flush()
    redis_client.flushdb()


def scrape(client: Client) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus would write it."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain; version=")
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for one in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}" if labels else one.name] = one.value
    return found


@pytest.fixture
def told(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def test_strangers_agents_and_administrators_of_one_organization_hear_nothing(
    client: Client, cast: Cast, told: None
) -> None:
    assert client.get("/metrics").status_code == 401
    wrong = client.get("/metrics", headers={"Authorization": "Bearer something else"})
    assert wrong.status_code == 401
    for person in (cast.alice, cast.bob, cast.dana):
        client.force_login(person)
        assert client.get("/metrics").status_code == 403


def test_without_a_token_an_empty_one_opens_nothing(client: Client, db: None) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_owners_and_named_networks_may_read(client: Client, cast: Cast, settings: Settings) -> None:
    client.force_login(User.objects.get(pk=cast.admin.pk))
    assert client.get("/metrics").status_code == 200
    client.logout()
    settings.METRICS_NETWORKS = [ip_network("127.0.0.0/8")]
    assert client.get("/metrics/").status_code == 200
    settings.METRICS_NETWORKS = [ip_network("10.0.0.0/8")]
    assert client.get("/metrics").status_code == 401


def test_every_documented_name_is_there(client: Client, cast: Cast, told: None) -> None:
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert set(DOCUMENTED) <= names


def test_what_happens_is_counted(client: Client, live_cast: Cast, told: None) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        ticket = live_cast.ticket()
    with organization_scope(live_cast.nordwerk.pk):
        solved = Status.objects.get(organization=live_cast.nordwerk, key="resolved")
        set_status(ticket=ticket, actor=Actor.person(live_cast.alice), status=solved)
    found = scrape(client)
    assert found['tickets_created_total{category="",source="portal",urgency="medium"}'] == 1
    assert found['tickets_resolved_total{category="",resolution_time_bucket="1h"}'] == 1
    assert found['tickets_unsettled{status_category="open"}'] == 0
    assert found["ai_processing_queue_length"] == 1
    again = scrape(client)
    asked = 'http_requests_total{endpoint="/metrics",method="GET",status_code="200"}'
    assert again[asked] == 1


def test_channels_and_queues_say_how_they_are(client: Client, cast: Cast, told: None) -> None:
    with organization_scope(cast.nordwerk.pk):
        channel, _ = add_channel(organization=cast.nordwerk, kind="webhook", name="Probe", given={})
    name = 'channel_up{channel="probe",kind="webhook",organization="nordwerk"}'
    assert scrape(client)[name] == 1
    with organization_scope(cast.nordwerk.pk):
        pause_channel(channel=channel, reason="Looked at.")
    found = scrape(client)
    assert found[name] == 0
    assert found['task_queue_length{queue="default"}'] == 0
    assert found['deliveries{state="queued"}'] == 0
