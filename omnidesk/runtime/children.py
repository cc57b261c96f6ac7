"""One supervised process: start, log lines, restart with backoff, end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from omnidesk.env import BASE_DIR
from omnidesk.runtime import files, processes
from omnidesk.runtime.installation import Installation

DEATHS = 5  # This many
DEATH_SECONDS = 60.0  # within this time: something is wrong that a restart does not mend.
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
LINE_LIMIT = 32 * 1024
BACKGROUND = 10


@dataclass(frozen=True)
class Plan:
    """What to run. `stage` orders the end: 0 takes in work and goes first, 1 does the work.

    `niceness` is how far it gives way to the others when the machine is busy.
    """

    name: str
    command: tuple[str, ...]
    stage: int
    niceness: int = 0


def plans(installation: Installation) -> list[Plan]:
    """The processes of an installation. Started in this order."""
    python = sys.executable
    # Root in a container is the operator's decision; four lines of warning a worker are noise.
    calm = "ignore:You're running the worker with superuser"
    celery = (python, "-W", calm, "-m", "celery", "-A", "omnidesk", "--quiet")
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    web = (
        python,
        "-m",
        "gunicorn",
        "omnidesk.asgi:application",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "-w",
        str(installation.web_workers),
        "-b",
        f"{installation.host}:{installation.port}",
        "--graceful-timeout",
        "5",
        "--timeout",
        "60",
        "--no-control-socket",
    )
    worker = (*celery, "worker", "-Q", "default,deliver", "-c", "2", "-n", "worker@%h", *quiet)
    ai = (*celery, "worker", "-Q", "ai,index", "-P", "threads", "-c", "8", "-n", "ai@%h", *quiet)
    found = [
        Plan("web", web, 0),
        Plan("worker", worker, 1),
        # Reading fills every core it gets; people, mail and answers must not wait for it.
        Plan("ai-worker", ai, 1, BACKGROUND),
        Plan("beat", (*celery, "beat", "--loglevel", "INFO"), 0),
    ]
    if installation.smtp_port:
        found.append(Plan("listener", (python, "manage.py", "listen_mail"), 0))
    return found


class Child:
    """A process of `plan` in a group of its own, which dies when this process does."""

    def __init__(self, plan: Plan, environment: Mapping[str, str]) -> None:
        self.plan = plan
        self.name = plan.name
        self._environment = dict(environment)
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._born = 0.0
        self.start_at = 0.0  # When to start (monotonic); 0 is "now".

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> "IO[bytes] | None":
        return self._process.stdout if self._process else None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.plan.command,
            cwd=BASE_DIR,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=processes.dying_with_parent(niceness=self.plan.niceness),
        )
        self._born = time.monotonic()
        if self._process.stdout is not None:
            os.set_blocking(self._process.stdout.fileno(), False)

    def lines(self) -> tuple[list[str], bool]:
        """The complete lines since the last call, and whether the output has ended."""
        stream = self.output
        if stream is None:
            return [], True
        try:
            chunk = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return [], False
        content = self._rest + chunk
        if chunk and len(content) < LINE_LIMIT:
            *complete, self._rest = content.split(b"\n")
        else:
            complete, self._rest = content.split(b"\n"), b""
        texts = [line.decode(errors="replace").rstrip() for line in complete]
        return [text for text in texts if text], not chunk

    def bury(self) -> int:
        """Note a death. Returns the exit code; `start_at` says when to try again."""
        if self._process is None:
            return 0
        code = self._process.wait()
        self.signal(signal.SIGKILL)  # What is left of its group, if anything.
        if self._process.stdout is not None:
            self._process.stdout.close()
        now = time.monotonic()
        if now - self._born > DEATH_SECONDS:
            self._deaths.clear()
        self._deaths.append(now)
        self._process = None
        self.start_at = now + BACKOFF_SECONDS[min(len(self._deaths), len(BACKOFF_SECONDS)) - 1]
        return code

    @property
    def is_hopeless(self) -> bool:
        return len(self._deaths) == DEATHS and self._deaths[-1] - self._deaths[0] < DEATH_SECONDS

    def signal(self, number: int) -> None:
        """Signal the whole group."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:  # macOS says so for a group of zombies.
            return


def ask_to_end(child: Child) -> None:
    """SIGTERM to the leader only: gunicorn and celery end their own children in order."""
    if child.runs:
        os.kill(child.pid, signal.SIGTERM)


def register(path: Path, children: list[Child]) -> None:
    """Write down the process groups, so that a later start can find them after a kill -9."""
    found = {}
    for child in children:
        if child.runs:
            try:
                found[str(child.pid)] = psutil.Process(child.pid).create_time()
            except psutil.Error:
                continue
    files.write_private(path, json.dumps(found))


def end_leftovers(path: Path, seconds: float = 6.0) -> int:
    """End the process groups of a supervisor that was killed. Returns how many there were.

    The kernel has already told the leaders to end (see `dying_with_parent`); this waits for
    them and kills what does not. Call it only when that supervisor is gone (up.lock is free).
    """
    try:
        noted = json.loads(path.read_text())
    except (OSError, ValueError):
        return 0
    leaders = [
        leader for leader in (_same(int(pid), born) for pid, born in noted.items()) if leader
    ]
    for leader in leaders:
        processes.signal_quietly(leader, signal.SIGTERM)
    _gone, left = psutil.wait_procs(leaders, timeout=seconds)
    for leader in left:
        try:
            os.killpg(leader.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs(left, timeout=2.0)
    return len(leaders)


def _same(pid: int, born: float) -> psutil.Process | None:
    """The process `pid` if it is the one that was born then, not a later one with its number."""
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - born) < 1.0 else None
    except psutil.Error:
        return None
