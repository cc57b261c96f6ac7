"""A sender killed with SIGKILL at the worst moments: nothing lost, nothing sent twice."""

import signal
import subprocess
import time
from datetime import timedelta

from pytest_django import Settings

from integrations import delivery as sending
from integrations.models import Channel, Delivery, Step
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer
from tests.integrations.forking import Forks, kill_child
from tests.integrations.test_delivery import again, answer, ask, later


def start(forks: Forks, row: Delivery, settings: Settings) -> int:
    """A process that delivers `row`; its number."""
    work = "integrations.delivery.deliver"
    return forks.begin(work, row.organization_id, row.pk, EMAIL_URL=settings.EMAIL_URL)


def wait_for(row: Delivery, state: Step, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while again(row).state != state:
        assert time.monotonic() < end, again(row).state
        time.sleep(0.005)


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    if process.stdout is not None:
        process.stdout.close()


def long_after(row: Delivery) -> None:
    later(row, claimed_at=now() - timedelta(hours=1))


def test_killed_during_the_hand_over_is_uncertain_never_twice(
    live_cast: Cast,
    live_channel: Channel,
    outside: OutsideServer,
    settings: Settings,
    forks: Forks,
) -> None:
    outside.slow = 1.0
    row = answer(live_cast, ask(live_cast, live_channel))
    process = start(forks, row, settings)
    wait_for(row, Step.HANDING_OVER)
    kill_child(process)
    long_after(row)
    for _ in range(3):
        for found in sending.sweep():
            sending.deliver(*found)
    assert again(row).state == Step.UNCERTAIN
    assert len(outside.wait_for(1, 3)) <= 1


def test_killed_before_the_hand_over_is_sent_once(
    live_cast: Cast,
    live_channel: Channel,
    outside: OutsideServer,
    settings: Settings,
    forks: Forks,
) -> None:
    row = answer(live_cast, ask(live_cast, live_channel))
    outside.pause_greeting = 3.0
    process = start(forks, row, settings)
    wait_for(row, Step.CLAIMED)
    kill_child(process)
    outside.pause_greeting = 0.0
    assert outside.mails == []
    long_after(row)
    for found in sending.sweep():
        sending.deliver(*found)
    assert again(row).state == Step.SENT
    assert len(outside.mails) == 1


def test_killed_at_any_moment_every_answer_is_there_once_or_asks_a_person(
    live_cast: Cast,
    live_channel: Channel,
    outside: OutsideServer,
    settings: Settings,
    forks: Forks,
) -> None:
    outside.slow = 0.05
    ticket = ask(live_cast, live_channel)
    rows = [answer(live_cast, ticket) for _ in range(10)]
    for number, row in enumerate(rows):
        process = start(forks, row, settings)
        time.sleep(0.02 * number)
        kill_child(process)
    for row in rows:
        if again(row).state in {Step.CLAIMED, Step.HANDING_OVER}:
            long_after(row)
    for _ in range(3):
        for found in sending.sweep():
            sending.deliver(*found)
    time.sleep(0.3)
    with organization_scope(live_cast.nordwerk.pk):
        states = dict(Delivery.objects.values_list("external_id", "state"))
    arrived = [taken.content for taken in outside.mails]
    for external_id, state in states.items():
        line = f"Message-ID: <{external_id}>".encode()
        count = sum(line in content for content in arrived)
        assert state in {Step.SENT, Step.UNCERTAIN}
        assert count == 1 if state == Step.SENT else count <= 1
    assert Step.SENT in states.values()
