"""`Idempotency-Key` on POST."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections

from omnidesk.core.api import idempotency
from omnidesk.core.clock import now
from omnidesk.core.models import IdempotencyKey
from omnidesk.core.tasks import forget_idempotency_keys
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Ticket

URL = "/api/v1/tickets/"
GIVEN = {"subject": "Printer jams", "description": "The printer on floor 2 jams."}
KEY = {"Idempotency-Key": "7a1c-retry"}


def count(cast: Cast) -> int:
    with organization_scope(cast.nordwerk.pk):
        return Ticket.objects.count()


def test_a_retry_gets_the_first_answer_and_does_nothing(cast: Cast, alice: Client) -> None:
    first = alice.post(URL, GIVEN, headers=KEY)
    again = alice.post(URL, {**GIVEN}, headers=KEY)
    assert again.status_code == 201
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert count(cast) == 1


def test_the_order_of_json_fields_does_not_matter(cast: Cast, alice: Client) -> None:
    alice.post(URL, GIVEN, headers=KEY)
    turned = dict(reversed(GIVEN.items()))
    assert alice.post(URL, turned, headers=KEY).status_code == 201
    assert count(cast) == 1


def test_another_request_with_the_same_key_is_refused(cast: Cast, alice: Client) -> None:
    first = alice.post(URL, GIVEN, headers=KEY).json()
    other = alice.post(URL, {**GIVEN, "urgency": "high"}, headers=KEY)
    alice.problem(other, 422, "idempotency-key-reused")
    elsewhere = alice.post(f"{URL}{first['number']}/reprocess/", headers=KEY)
    alice.problem(elsewhere, 422, "idempotency-key-reused")
    assert count(cast) == 1


def test_keys_of_two_people_do_not_meet(cast: Cast, alice: Client, dana: Client) -> None:
    assert alice.post(URL, GIVEN, headers=KEY).status_code == 201
    other = dana.post(URL, GIVEN, headers=KEY)
    assert other.status_code == 201
    assert "Idempotent-Replayed" not in other
    assert count(cast) == 2


def test_a_refused_request_may_be_corrected_under_its_key(cast: Cast, alice: Client) -> None:
    assert alice.post(URL, {**GIVEN, "category": "Coffee"}, headers=KEY).status_code == 400
    assert alice.post(URL, GIVEN, headers=KEY).status_code == 201
    assert count(cast) == 1


@pytest.mark.parametrize("key", ["x" * 201, "two words", "ключ"])
def test_a_strange_key_is_refused(cast: Cast, alice: Client, key: str) -> None:
    response = alice.post(URL, GIVEN, headers={"Idempotency-Key": key})
    assert "Idempotency-Key" in alice.problem(response, 400, "invalid")["errors"]
    assert count(cast) == 0


def test_a_broken_body_is_malformed_with_a_key_too(alice: Client) -> None:
    response = alice.post(URL, "{", content_type="application/json", headers=KEY)
    alice.problem(response, 400, "malformed")


def test_keys_are_forgotten_after_a_day(cast: Cast, alice: Client) -> None:
    alice.post(URL, GIVEN, headers=KEY)
    assert forget_idempotency_keys() == 0
    IdempotencyKey.objects.update(created_at=now() - timedelta(hours=25))
    assert forget_idempotency_keys() == 1
    assert alice.post(URL, GIVEN, headers=KEY).status_code == 201
    assert count(cast) == 2


def test_of_two_at_once_one_works_and_the_other_gets_its_answer(live_cast: Cast) -> None:
    start = Barrier(2)

    def post(_: int) -> tuple[int, int]:
        client = Client()
        client.force_login(live_cast.alice)
        start.wait(timeout=10)
        try:
            response = client.post(URL, GIVEN, headers=KEY)
            return response.status_code, response.json()["number"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(post, range(2))
    assert first == second
    assert first[0] == 201
    assert count(live_cast) == 1


def test_a_retry_while_the_first_still_runs_is_told_to_wait(
    live_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    name = f"{live_cast.alice.pk}:{KEY['Idempotency-Key']}"

    def post() -> None:
        client = Client()
        client.force_login(live_cast.alice)
        try:
            response = client.post(URL, GIVEN, headers=KEY)
            client.problem(response, 409, "conflict")
            assert response["Retry-After"] == "1"
        finally:
            connections.close_all()

    with organization_scope(()):
        # Another request holds the key: its transaction has not ended.
        idempotency._take_turn(name)
        assert connection.in_atomic_block
        with ThreadPoolExecutor(1) as pool:
            pool.submit(post).result(timeout=30)
    assert count(live_cast) == 0
