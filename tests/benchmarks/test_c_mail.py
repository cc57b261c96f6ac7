"""Mail in through the listener and from an old mailbox, answers out to a server beside us.

A mail counts when its ticket is committed, not when the sender hears "taken". Another product's
rate on the same machine goes in by BENCH_PEER_MAILS (docs/performance.md says where 95 is from).
"""

import mailbox
import os
import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.benchmarks.desk import AGENT, DESK, ORGANIZATION, Installation
from tests.benchmarks.figures import Figures, stopwatch, timed
from tests.benchmarks.material import mails
from tests.fakes.smtp import OutsideServer

pytestmark = pytest.mark.bench
MAILS = 120
MANY = 400
ANSWERS = 60
PEER = float(os.environ.get("BENCH_PEER_MAILS", "95"))


def send(port: int, letters: list[bytes], to: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        for letter in letters:
            client.sendmail("person@nordwerk.example", [to], letter)


def deliver(port: int, letters: list[bytes], senders: int = 1) -> None:
    """Hand the letters over by `senders` connections at once."""
    shares = [letters[start::senders] for start in range(senders)]
    with ThreadPoolExecutor(senders) as pool:
        for done in [pool.submit(send, port, share, DESK) for share in shares]:
            done.result()


def tickets(desk: Installation) -> int:
    [(count,)] = desk.ask("SELECT count(*) FROM tickets_ticket WHERE source = 'email'")
    return int(count)


def intake(desk: Installation, count: int, work: Callable[[], None]) -> tuple[float, float]:
    """Mails a second until `work` has handed them over, and until all are tickets."""
    wanted = tickets(desk) + count
    with stopwatch() as elapsed:
        work()
        handed_over = elapsed()
        desk.until(lambda: tickets(desk) >= wanted)
        return count / handed_over, count / elapsed()


def run(desk: Installation, *arguments: str) -> None:
    desk.command(*arguments)


def against_peer(rate: float) -> str:
    return f"{rate / PEER:.1f} times {PEER:.0f} mails/s"


def test_intake(
    full_desk: Installation, sink: OutsideServer, figures: Figures, tmp_path: Path
) -> None:
    figures.group("Mail in (until the ticket is committed)")
    letters = mails(MAILS, DESK, seed=5)
    with stopwatch() as elapsed:
        deliver(sink.port, letters)
        raw = MAILS / elapsed()
    figures.rate("SMTP alone (raw)", raw, "mails")
    for senders in (1, 8):
        letters = mails(MANY, DESK, seed=10 + senders)
        port = full_desk.smtp_port
        taken, done = intake(full_desk, MANY, lambda: deliver(port, letters, senders))  # noqa: B023
        figures.rate(f"SMTP, senders at once: {senders}", done, "mails", raw, against_peer(done))
        figures.rate("of these: heard 250", taken, "mails", raw, "while the AI reads")
        full_desk.quiet()
    path = tmp_path / "old.mbox"
    file = mailbox.mbox(str(path))
    for letter in mails(MANY, DESK, seed=30):
        file.add(letter)
    file.close()
    [(channel,)] = full_desk.ask(
        "SELECT slug FROM integrations_channel WHERE kind = 'email' AND address = %s", DESK
    )
    command = ("import_mail", str(path), "--channel", str(channel))
    more = ("--organization", ORGANIZATION)
    with stopwatch() as elapsed:
        full_desk.command("check", "--tag", "models")
        start = elapsed()
    _taken, done = intake(full_desk, MANY, lambda: run(full_desk, *command, *more))
    net = 1 / (1 / done - start / MANY)
    figures.rate("import of an mbox, with the start", done, "mails", 0.0, against_peer(done))
    figures.rate("the same without a command's start", net, "mails", 0.0, against_peer(net))
    full_desk.quiet()


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
