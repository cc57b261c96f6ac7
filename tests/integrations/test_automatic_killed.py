"""A process killed with SIGKILL between deciding to answer automatically and the sending.

Locks on tables hold the process at exact moments: whatever it had done by then, the answer leaves
once, or not at all where somebody has thrown the switch meanwhile.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from ai import automatic_tasks
from ai.actions import queue
from ai.actions.switch import stop_all
from ai.models import AutomaticAnswer, Enrichment
from ai.sweeping import recover_all
from integrations import delivery as sending
from integrations.models import Channel, Delivery, Step
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import LINE, may, vpn_article, waiting
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer
from tests.integrations.forking import Forks, is_there, kill_child
from tests.integrations.test_delivery import again, ask
from tests.integrations.test_killed import long_after, start, wait_for
from tickets.models import Message, Ticket

PROGRAM: Final = """
import os, signal, sys, django
django.setup()
from ai.actions.verdict import apply_reading
from ai.actions import queue
from ai.automatic_tasks import send
from ai.models import Enrichment
from ai.reading import Automatic, Reading
from omnidesk.core.tenancy import organization_scope

def decide(home, pk, category, article, text):
    with organization_scope(home):
        claim = queue.claim(pk)
        ticket = Enrichment.objects.select_related("ticket").get(pk=pk).ticket
    source = {"number": 1, "kind": "article", "id": int(article), "title": "VPN"}
    found = Automatic(int(category), 1.0, text, (source,), 0.9, "en")
    with organization_scope(home):
        apply_reading(claim=claim, ticket=ticket, reading=Reading("en", (), automatic=found))

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    what, home, pk, *more = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        (send if what == "send" else decide)(int(home), int(pk), *more)
        os._exit(0)
    print(child, flush=True)
"""
# What the process waits for when it dies, and whether its transaction is kept nevertheless: who
# has said COMMIT is not asked any more.
BEFORE: Final = {
    "asking the switch": "LOCK TABLE ai_automaticswitch IN EXCLUSIVE MODE",
    "taking the row": "LOCK TABLE ai_automaticanswer IN EXCLUSIVE MODE",
    "writing the message": "LOCK TABLE tickets_message IN SHARE MODE",
    "settling the row": "LOCK TABLE ai_automaticanswer IN SHARE MODE",
}
AFTER: Final = {
    "committing": "SELECT 1 FROM accounts_organization FOR UPDATE",
    "putting it into the outbox": "LOCK TABLE integrations_delivery IN SHARE MODE",
}


class Workers:
    """A program that does each piece of work in a process of its own, which can be killed."""

    def __init__(self) -> None:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"}
        self.parent = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._hears("ready")

    def _hears(self, wanted: str = "") -> str:
        assert self.parent.stdout is not None
        line = self.parent.stdout.readline().strip()
        assert line
        assert wanted in line
        return line

    def kill_while(self, held_by: str, what: str, organization_id: int, *values: object) -> None:
        """Have it done, and kill the process once it waits for what `held_by` locks."""
        assert self.parent.stdin is not None
        with holding(held_by) as someone_waits:
            line = "\t".join(map(str, (what, organization_id, *values)))
            self.parent.stdin.write(f"{line}\n")
            self.parent.stdin.flush()
            child = int(self._hears())
            try:
                until(someone_waits)
            finally:
                os.kill(child, signal.SIGKILL)
            until(lambda: not is_there(child))

    def close(self) -> None:
        self.parent.communicate(timeout=10)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    found = Workers()
    yield found
    found.close()


@contextmanager
def holding(statement: str) -> Iterator[Callable[[], bool]]:
    """Hold locks until the block ends; gives a question: is somebody waiting for them?"""
    parameters = {**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters) as own, psycopg.connect(**parameters) as other:
        # Within a transaction the same view of the others' activity would be shown for ever.
        other.autocommit = True
        own.execute(statement)
        me = own.info.backend_pid

        def is_waited_for() -> bool:
            row = other.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", [me]
            ).fetchone()
            return bool(row and row[0])

        yield is_waited_for
        own.rollback()


def until(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.002)


def held_answer(cast: Cast, channel: Channel) -> AutomaticAnswer:
    """An answer to a mail, whose time has come."""
    ticket = ask(cast, channel)
    with organization_scope(cast.nordwerk.pk):
        may(cast, "send")
        return waiting(cast, vpn_article(cast), ticket)


def fresh(answer: AutomaticAnswer) -> AutomaticAnswer:
    with organization_scope(answer.organization_id):
        return AutomaticAnswer.objects.get(pk=answer.pk)


def recover(cast: Cast) -> None:
    """What the sweeps of a running installation do, more than once, a minute later."""
    home = cast.nordwerk.pk
    for _ in range(2):
        automatic_tasks.sweep()
        with organization_scope(home):
            due = list(AutomaticAnswer.objects.filter(state="held").values_list("pk", flat=True))
            minute = now() - timedelta(minutes=1)
            Message.objects.filter(is_ai=True, delivery=None).update(created_at=minute)
        for answer_id in due:
            automatic_tasks.send(home, answer_id)
        for found in sending.sweep():
            sending.deliver(*found)


def arrived(outside: OutsideServer) -> int:
    return sum(LINE.encode() in taken.content for taken in outside.mails)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [*BEFORE, *AFTER])
def test_killed_while_sending_it_leaves_once(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer, workers: Workers, moment: str
) -> None:
    answer = held_answer(live_cast, live_channel)
    workers.kill_while((BEFORE | AFTER)[moment], "send", answer.organization_id, answer.pk)
    assert outside.mails == []
    recover(live_cast)
    assert fresh(answer).state == "sent"
    assert arrived(outside) == 1


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["taking the row", "settling the row", *AFTER])
def test_killed_while_sending_the_switch_ends_it(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer, workers: Workers, moment: str
) -> None:
    answer = held_answer(live_cast, live_channel)
    workers.kill_while((BEFORE | AFTER)[moment], "send", answer.organization_id, answer.pk)
    assert stop_all(user=None, reason="Drill") == (1 if moment in BEFORE else 0)
    recover(live_cast)
    assert outside.mails == []
    if moment in BEFORE:
        assert (fresh(answer).state, fresh(answer).reason) == ("stopped", "switch")
        return
    with organization_scope(answer.organization_id):
        row = Delivery.objects.get(message=fresh(answer).message)
    assert (row.state, "stopped" in row.error) == (Step.FAILED, True)


@pytest.mark.slow
def test_killed_in_the_hand_over_it_asks_a_person_and_never_leaves_twice(
    live_cast: Cast,
    live_channel: Channel,
    outside: OutsideServer,
    settings: Settings,
    forks: Forks,
) -> None:
    answer = held_answer(live_cast, live_channel)
    automatic_tasks.send(answer.organization_id, answer.pk)
    with organization_scope(answer.organization_id):
        row = Delivery.objects.get(message=fresh(answer).message)
    outside.slow = 1.0
    process = start(forks, row, settings)
    wait_for(row, Step.HANDING_OVER)
    kill_child(process)
    long_after(row)
    recover(live_cast)
    assert again(row).state == Step.UNCERTAIN
    assert len(outside.wait_for(1, 3)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["settling the row", "committing"])
def test_killed_while_deciding_it_is_decided_once(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer, workers: Workers, moment: str
) -> None:
    ticket, home = ask(live_cast, live_channel), live_cast.nordwerk.pk
    with organization_scope(home):
        may(live_cast, "send")
        article = vpn_article(live_cast)
        row = queue.enqueue(
            organization_id=home, ticket_id=ticket.pk, trigger=Enrichment.Trigger.OPENED.value
        )
    given = (row.pk, live_cast.vpn.pk, article.pk, f"1. {LINE} [1]")
    workers.kill_while((BEFORE | AFTER)[moment], "decide", home, *given)
    # The reading was not kept: whoever owns the queue next reads the ticket again.
    assert bool(recover_all()) is (moment == "settling the row")
    if moment == "settling the row":
        with organization_scope(home):
            assert not AutomaticAnswer.objects.exists()
        workers.kill_while(AFTER["committing"], "decide", home, *given)
    with organization_scope(home):
        answer = AutomaticAnswer.objects.get(ticket=Ticket.objects.get(pk=ticket.pk))
        assert answer.state == "held"
        AutomaticAnswer.objects.update(send_at=now() - timedelta(seconds=1))
    recover(live_cast)
    assert (fresh(answer).state, arrived(outside)) == ("sent", 1)
