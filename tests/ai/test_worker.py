"""The ai-worker as a process of its own: killed, restarted, asked, started twice."""

import time
from collections.abc import Callable

import pytest
import redis
from django.core.management import call_command

from ai import client, sweeping
from ai.actions.queue import enqueue
from ai.models import Enrichment, Suggestion
from ai.tasks import enrich
from omnidesk.core.tenancy import organization_scope
from tests.ai.api.conftest import signed_in
from tests.ai.conftest import Worker
from tests.cast import Cast
from tickets.models import Change, Ticket

pytestmark = pytest.mark.slow


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def queue_up(cast: Cast, count: int) -> list[int]:
    """Tickets with rows and nudges, as the web leaves them."""
    with organization_scope(cast.nordwerk.pk):
        rows = []
        for number in range(count):
            ticket = cast.ticket(subject=f"VPN drops in room {number}")
            rows.append(
                enqueue(
                    organization_id=cast.nordwerk.pk,
                    ticket_id=ticket.pk,
                    trigger="opened",
                    message_id=ticket.messages.get().pk,
                ).pk
            )
    for row in rows:
        enrich.delay(cast.nordwerk.pk, row)
    return rows


def states(cast: Cast) -> list[str]:
    with organization_scope(cast.nordwerk.pk):
        return list(Enrichment.objects.values_list("state", flat=True))


def test_killed_restarted_asked_and_started_twice(
    live_cast: Cast, worker: Worker, capsys: pytest.CaptureFixture[str], redis_client: "redis.Redis"
) -> None:
    """One test, for starting a worker takes longer than everything that is asked of it."""
    count = 24
    queue_up(live_cast, 4)
    worker.start()
    worker.wait_ready()
    kill_in_the_middle(live_cast, worker, count - 4)
    worker.start()
    worker.wait_ready()
    every_ticket_is_read_exactly_once(live_cast, count)
    the_web_gets_answers(live_cast, worker)
    # The command leaves the work to the worker, which has the vectors.
    call_command("train", organization="nordwerk")
    shown = capsys.readouterr().out
    assert "the ai-worker learns" in shown
    assert "too little" in shown
    a_second_is_refused(worker)


def kill_in_the_middle(cast: Cast, worker: Worker, more: int) -> None:
    """Some are done, and others are taken and not kept yet."""
    wait_for(lambda: set(states(cast)) == {"done"}, 60, "It reads nothing.")
    queue_up(cast, more)
    wait_for(lambda: "running" in states(cast), 60, "It never was in the middle of its work.")
    worker.kill()
    assert "running" in states(cast), "the kill came too late to prove anything"


def every_ticket_is_read_exactly_once(cast: Cast, count: int) -> None:
    def all_done() -> bool:
        for organization_id, enrichment_id in sweeping.readings_to_nudge():
            enrich.delay(organization_id, enrichment_id)
        return states(cast) == ["done"] * count

    wait_for(all_done, 90, f"Some were lost: {states(cast)}")
    with organization_scope(cast.nordwerk.pk):
        assert set(Ticket.objects.values_list("ai_state", flat=True)) == {"done"}
        assert Change.objects.filter(verb="ticket.ai_done").count() == count
        assert Suggestion.objects.filter(field="category").count() == count
        assert Enrichment.objects.filter(attempts__gt=1).exists()


def the_web_gets_answers(cast: Cast, worker: Worker) -> None:
    client._rest.end()

    def found() -> bool:
        answer = client.search([cast.nordwerk.pk], "the VPN drops all the time")
        return not answer.degraded and len(answer.hits) > 2

    wait_for(found, 20, worker.text()[-2000:])
    assert client.search([cast.lumen.pk], "the VPN drops all the time").hits == ()
    label = client.classify(cast.nordwerk.pk, "Toner", "The printer needs toner.")
    assert label["category"]["value"] == "Printing"
    assert len(client.embed(["one", "two"])["embeddings"]) == 2
    assert client.status()["model"] == "all-MiniLM-L6-v2"
    alice = signed_in(cast.alice)
    body = {"subject": "Toner", "description": "The printer needs toner. It is urgent."}
    answer = alice.post("/api/v1/ai/classify/", body).json()
    assert answer["category"]["value"] == "Printing"
    assert answer["language"] == "en"
    assert alice.post("/api/v1/analyze/", {"description": "toner"}).status_code == 200
    assert alice.get("/api/v1/ai/models/status/").json()["reachable"] is True


def a_second_is_refused(worker: Worker) -> None:
    second = Worker(worker.folder)
    second.log = worker.folder / "second.log"
    second.start()
    assert second.process is not None
    assert second.process.wait(60) == 1
    assert "is a second AI worker running?" in second.text()
