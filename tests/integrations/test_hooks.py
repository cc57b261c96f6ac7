"""Outgoing webhooks: every change once, signed, retried, logged, paused after days of failure."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from integrations import calling
from integrations.actions.hooks import call_again, queue_calls, queue_test, rotate_secret
from integrations.hooks import CallState, WebhookCall, WebhookEndpoint
from omnidesk.accounts.models import Membership, User
from omnidesk.core.clock import now
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Asked, FakeServer, Said
from tickets.actions.base import Actor, FieldChange, InvalidChange, log
from tickets.actions.reply import add_note
from tickets.actions.triage import set_urgency
from tickets.models import Ticket


class Receiver:
    """A program that checks what the specification tells it to check."""

    def __init__(self) -> None:
        self.calls: list[Asked] = []
        self.answers: list[Said] = []
        self.server = FakeServer(self._handle)

    def _handle(self, asked: Asked) -> Said:
        self.calls.append(asked)
        return self.answers.pop(0) if self.answers else Said(204)


def verified(asked: Asked, secret: str) -> bool:
    """By the text of Standard Webhooks, independent of the product's code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    headers = asked.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + asked.body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{right}" in headers["webhook-signature"].split(" ")


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    reset_breakers()
    found = Receiver()
    found.server.start()
    yield found
    found.server.stop()


@pytest.fixture
def endpoint(cast: Cast, receiver: Receiver) -> WebhookEndpoint:
    with organization_scope(cast.nordwerk.pk):
        return WebhookEndpoint.objects.create(
            organization=cast.nordwerk,
            name="Chat",
            url=f"{receiver.server.url}/hook",
            events=["ticket.opened", "ticket.urgency_changed"],
        )


def queue(cast: Cast) -> list[WebhookCall]:
    with organization_scope(cast.nordwerk.pk):
        return queue_calls(cast.nordwerk.pk)


def send(call: WebhookCall) -> CallState | None:
    with organization_scope(call.organization_id):
        WebhookCall.objects.filter(pk=call.pk).update(next_try_at=now() - timedelta(minutes=1))
    return calling.send(call.organization_id, call.pk)


def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket()


def again(row: WebhookEndpoint) -> WebhookEndpoint:
    with organization_scope(row.organization_id):
        return WebhookEndpoint.objects.get(pk=row.pk)


def test_a_change_is_told_once_and_signed(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    found = ticket(cast)
    [call] = queue(cast)
    assert queue(cast) == []
    assert send(call) == CallState.SENT
    assert send(call) is None
    [asked] = receiver.calls
    assert verified(asked, endpoint.secret)
    assert asked.headers["webhook-id"] == call.message_id
    told = asked.json()
    assert told["type"] == "ticket.opened"
    assert told["data"]["ticket"]["number"] == found.number
    assert "disconnects" not in asked.body.decode()


def test_only_the_chosen_events_and_filtered_tickets(cast: Cast, endpoint: WebhookEndpoint) -> None:
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(only_priorities=["high", "critical"])
        found = cast.ticket()
        add_note(ticket=found, actor=Actor.person(cast.alice), text="Seen")
        assert queue_calls(cast.nordwerk.pk) == []
        set_urgency(ticket=found, actor=Actor.person(cast.alice), urgency="critical")
        verbs = {one.event for one in queue_calls(cast.nordwerk.pk)}
    assert verbs == {"ticket.opened", "ticket.urgency_changed"}


def test_of_fields_that_people_fill_in_only_the_change_is_told(
    cast: Cast, endpoint: WebhookEndpoint
) -> None:
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(events=["*"])
        change = FieldChange("ticket.fields_changed", "custom_fields", {"pin": 1}, {"pin": 2})
        log(cast.ticket(), Actor.person(cast.alice), change)
    bodies = {call.event: call.body["data"] for call in queue(cast)}
    assert bodies["ticket.fields_changed"]["change"] == {
        "field": "custom_fields", "old": None, "new": None,
    }  # fmt: skip
    assert "pin" not in str(bodies)


def test_another_organization_is_told_nothing(cast: Cast, endpoint: WebhookEndpoint) -> None:
    with organization_scope(cast.lumen.pk):
        WebhookEndpoint.objects.create(
            organization=cast.lumen, name="Spy", url="https://x.example", events=["*"]
        )
    ticket(cast)
    with organization_scope(cast.lumen.pk):
        assert queue_calls(cast.lumen.pk) == []


def test_what_no_event_announced_is_found_by_the_sweep(
    cast: Cast, endpoint: WebhookEndpoint
) -> None:
    ticket(cast)
    [(organization_id, call_id)] = calling.sweep()
    assert organization_id == cast.nordwerk.pk
    assert calling.send(organization_id, call_id) == CallState.SENT
    assert calling.sweep() == []


def test_a_failure_is_tried_again_with_the_same_id_and_kept_in_the_log(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    ticket(cast)
    [call] = queue(cast)
    receiver.answers = [Said(500, "down"), Said(drop=True), Said(429, b"", {"Retry-After": "90"})]
    for _ in range(3):
        assert send(call) == CallState.QUEUED
        reset_breakers()
    assert again(endpoint).failing_since is not None
    assert send(call) == CallState.SENT
    assert {asked.headers["webhook-id"] for asked in receiver.calls} == {call.message_id}
    assert again(endpoint).failing_since is None
    with organization_scope(cast.nordwerk.pk):
        kept = WebhookCall.objects.get()
    assert (kept.attempts, kept.status_code, kept.error) == (4, 204, "")


def test_after_the_last_try_it_failed_and_a_person_can_send_it_again(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    ticket(cast)
    [call] = queue(cast)
    with organization_scope(cast.nordwerk.pk):
        WebhookCall.objects.update(attempts=len(calling.WAITS))
    receiver.answers = [Said(503)]
    assert send(call) == CallState.FAILED
    with organization_scope(cast.nordwerk.pk):
        call_again(call)
        with pytest.raises(InvalidChange):
            call_again(call)
    assert send(call) == CallState.SENT


def test_days_of_failure_pause_it_and_gone_pauses_it_at_once(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    ticket(cast)
    [call] = queue(cast)
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(failing_since=now() - timedelta(days=4))
    receiver.answers = [Said(500)]
    assert send(call) == CallState.QUEUED
    paused = again(endpoint)
    assert (paused.is_active, "three days" in paused.pause_reason) == (False, True)
    assert send(call) is None
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(is_active=True, failing_since=None, pause_reason="")
    receiver.answers = [Said(410)]
    reset_breakers()
    assert send(call) == CallState.FAILED
    assert "410" in again(endpoint).pause_reason


def test_both_secrets_sign_for_a_day(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    former = endpoint.secret
    with organization_scope(cast.nordwerk.pk):
        fresh = rotate_secret(endpoint)
        first = queue_test(endpoint)
    assert send(first) == CallState.SENT
    assert verified(receiver.calls[0], former)
    assert verified(receiver.calls[0], fresh)
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(old_secret_until=now() - timedelta(minutes=1))
        second = queue_test(endpoint)
    send(second)
    assert not verified(receiver.calls[1], former)
    assert verified(receiver.calls[1], fresh)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://10.0.0.1/",
            "http://169.254.169.254/latest"],
)  # fmt: skip
def test_private_addresses_are_refused(
    cast: Cast, endpoint: WebhookEndpoint, settings: Settings, url: str
) -> None:
    settings.OUTBOUND_ALLOW = []
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(url=url)
        call = queue_test(endpoint)
    assert send(call) == CallState.QUEUED
    with organization_scope(cast.nordwerk.pk):
        assert "inside our own network" in WebhookCall.objects.get().error


def test_two_workers_send_one_call_once(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    with organization_scope(cast.nordwerk.pk):
        call = queue_test(endpoint)
    assert calling._claim(call.organization_id, call.pk) is not None
    assert calling.send(call.organization_id, call.pk) is None
    assert receiver.calls == []


def test_leads_are_told_of_an_endpoint_that_gave_up(
    client: Client, cast: Cast, endpoint: WebhookEndpoint
) -> None:
    with organization_scope(cast.nordwerk.pk):
        WebhookEndpoint.objects.update(is_active=False, pause_reason="It failed for three days.")
    client.force_login(cast.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    strip = client.get(reverse("integrations:alerts")).content.decode()
    assert "Chat" in strip
    assert "It failed for three days." in strip


class TestAdministration:
    @pytest.fixture
    def boss(self, cast: Cast, client: Client) -> Client:
        with organization_scope(cast.nordwerk.pk):
            Membership.objects.filter(user=cast.bob).update(role="administrator")
        User.objects.filter(pk=cast.bob.pk).update(is_staff=True)
        client.force_login(
            User.objects.get(pk=cast.bob.pk),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        return client

    def test_a_new_endpoint_shows_its_secret_once(self, boss: Client, cast: Cast) -> None:
        form = {
            "organization": cast.nordwerk.pk, "name": "Chat", "url": "https://chat.example/hook",
            "events": '["*"]', "only_sources": "[]", "only_priorities": "[]", "is_active": "on",
        }  # fmt: skip
        page = boss.post(
            reverse("admin:integrations_webhookendpoint_add"), form, follow=True
        ).content.decode()
        with organization_scope(cast.nordwerk.pk):
            row = WebhookEndpoint.objects.get()
        assert row.secret in page
        change = reverse("admin:integrations_webhookendpoint_change", args=[row.pk])
        assert row.secret not in boss.get(change).content.decode()

    def test_an_event_that_nothing_tells_is_refused(self, boss: Client, cast: Cast) -> None:
        form = {
            "organization": cast.nordwerk.pk, "name": "Chat", "url": "https://chat.example/hook",
            "events": '["ticket.eaten"]', "only_sources": "[]", "only_priorities": "[]",
        }  # fmt: skip
        page = boss.post(reverse("admin:integrations_webhookendpoint_add"), form).content.decode()
        assert "is no event" in page

    def test_test_rotate_and_send_again(
        self, boss: Client, cast: Cast, endpoint: WebhookEndpoint
    ) -> None:
        listed = reverse("admin:integrations_webhookendpoint_changelist")
        for action in ("say_hello", "new_secret", "resume"):
            data = {"action": action, "_selected_action": [endpoint.pk]}
            assert boss.post(listed, data).status_code == 302
        with organization_scope(cast.nordwerk.pk):
            call = WebhookCall.objects.get()
            WebhookCall.objects.update(state=CallState.FAILED)
        calls = reverse("admin:integrations_webhookcall_changelist")
        assert boss.get(calls).status_code == 200
        boss.post(calls, {"action": "send_again", "_selected_action": [call.pk]})
        with organization_scope(cast.nordwerk.pk):
            assert WebhookCall.objects.get().state == CallState.QUEUED
