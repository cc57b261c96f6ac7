"""Mail in through the listener, answers out to a server beside us."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psutil
import pytest

from tests.benchmarks.desk import AGENT, DESK, Installation
from tests.benchmarks.figures import Figures, stopwatch, timed
from tests.benchmarks.material import mails
from tests.fakes.smtp import OutsideServer

pytestmark = pytest.mark.bench
MAILS = 120
ANSWERS = 60


def send(port: int, letters: list[bytes], to: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        for letter in letters:
            client.sendmail("person@nordwerk.example", [to], letter)


def speed(port: int, letters: list[bytes], senders: int = 1) -> float:
    """Mails a second over `senders` connections."""
    shares = [letters[start::senders] for start in range(senders)]
    with stopwatch() as elapsed, ThreadPoolExecutor(senders) as pool:
        for done in [pool.submit(send, port, share, DESK) for share in shares]:
            done.result()
        return len(letters) / elapsed()


def test_intake(full_desk: Installation, sink: OutsideServer, figures: Figures) -> None:
    figures.group("Mail in (each a committed ticket before the sender hears 250)")
    raw = speed(sink.port, mails(MAILS, DESK, seed=5))
    figures.rate("SMTP alone (raw)", raw, "mails")
    for senders in (1, 4):
        found = speed(full_desk.smtp_port, mails(MAILS, DESK, seed=10 + senders), senders)
        figures.rate(f"{senders} at a time", found, "mails", raw, "while the AI reads them")
        full_desk.quiet()
    [(count,)] = full_desk.ask("SELECT count(*) FROM tickets_ticket WHERE source = 'email'")
    assert count >= 2 * MAILS


def test_delivery(full_desk: Installation, sink: OutsideServer, figures: Figures) -> None:
    figures.group("Mail out (to a server on this machine)")
    numbers = [
        int(number)
        for (number,) in full_desk.ask(
            "SELECT number FROM tickets_ticket WHERE source = 'email' ORDER BY id DESC LIMIT 90"
        )
    ]
    with closing(full_desk.program(AGENT)) as program:

        def answer(number: int) -> None:
            path = f"/api/v1/tickets/{numbers[number]}/responses/"
            done = program.post(path, json={"text": f"Please restart it, then try step {number}."})
            assert done.status_code == 201, done.text

        def delivered(number: int) -> None:
            before = len(sink.mails)
            answer(number)
            full_desk.until(lambda: len(sink.mails) > before, 60)

        figures.calls("from the answer's POST to the other server", timed(delivered, 20))
        # A backlog: the worker sleeps while answers gather, then shows its speed.
        worker = full_desk.processes("default,deliver")
        assert worker
        for process in worker:
            process.suspend()
        try:
            for number in range(ANSWERS):
                answer(number + 25)
            before = len(sink.mails)
        finally:
            resume(worker)
        with stopwatch() as elapsed:
            full_desk.until(lambda: len(sink.mails) >= before + ANSWERS)
            figures.rate(f"a backlog of {ANSWERS}", ANSWERS / elapsed(), "answers")


def resume(processes: list[psutil.Process]) -> None:
    for process in processes:
        process.resume()
