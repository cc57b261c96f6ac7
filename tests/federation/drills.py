"""A real process keeps two systems in step and is killed with SIGKILL, at any call and after it.

The process forks for each run, so that a run begins at once; the fake on the other side holds the
knife: it kills before it acts, after it acted and before it answers, or some moments after it
answered, while what it said is written down. Now and then a run is ordered twice at the same time.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from integrations.links import ExternalLink
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.fakes.http import Asked, Said
from tests.federation.rounds import Story

PROGRAM = """
import os, sys, django
django.setup()
from integrations.base import TransportError
from integrations.federation import engine
from integrations.models import Channel
from omnidesk.core import http
from omnidesk.core.tenancy import organization_scope
organization, channel, patience = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
http.FIRST_WAIT, http.LONGEST_WAIT = 0.01, 1.0
http.HttpDoor.__init__.__kwdefaults__["timeout"] = patience

def run():
    try:
        with organization_scope(organization):
            row = Channel.objects.select_related("organization").get(pk=channel)
        engine.sync(row)
    except TransportError as problem:
        return 1
    except BaseException as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        return 2
    return 0

print("ready", flush=True)
for line in sys.stdin:
    children = []
    for _ in range(int(line)):
        child = os.fork()
        if child == 0:
            os._exit(run())
        children.append(child)
    print(children[0], flush=True)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(*codes, flush=True)
"""
MODES = ("before", "after", "late")
LATEST = 0.06  # seconds after an answer


@dataclass
class Knife:
    """Kills `pid` at the call number `at` of a run."""

    real: Any
    at: int = 0
    mode: str = ""
    delay: float = 0.0
    seen: int = 0
    pid: int = 0
    known: threading.Event = field(default_factory=threading.Event)

    def handle(self, asked: Asked) -> Said:
        self.seen += 1
        mine = self.seen == self.at
        if mine and self.mode == "before":
            self.kill()
            return Said(drop=True)
        said: Said = self.real(asked)
        if mine and self.mode == "after":
            self.kill()
        elif mine:
            threading.Timer(self.delay, self.kill).start()
        return said

    def kill(self) -> None:
        if self.known.wait(10):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@dataclass
class Drill(Story):
    """A story whose every sync is a process that may be killed."""

    calls: int = 12  # the first calls of a run, one of which is the last
    twice: float = 0.0  # how often a run is ordered twice
    patience: float = 20.0  # seconds that the process waits for an answer
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        channel = self.bridge.channel
        self.knife = Knife(self.remote.server._handle)  # type: ignore[attr-defined]
        self.remote.server._handle = self.knife.handle  # type: ignore[attr-defined]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "omnidesk.settings",
            "OMNIDESK_OUTBOUND_ALLOW": "127.0.0.0/8",
        }
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                PROGRAM,
                *map(str, (channel.organization_id, channel.pk, self.patience)),
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def sync(self) -> None:
        with organization_scope(self.bridge.cast.nordwerk.pk):
            rows = ExternalLink.objects.filter(due_at__isnull=False)
            rows.update(due_at=now(), claimed_at=None)
        knife = self.knife
        knife.known.clear()
        knife.seen, knife.at = 0, self.chance.randint(1, self.calls)
        knife.mode = self.chance.choice(MODES)
        knife.delay = self.chance.random() * LATEST
        side_by_side = 1 + (self.twice > 0 and self.chance.random() < self.twice)
        self._say(str(side_by_side))
        knife.pid = int(self._line())
        knife.known.set()
        codes = list(map(int, self._line().split()))
        assert set(codes) <= {0, 1, -signal.SIGKILL}, codes
        killed = -signal.SIGKILL in codes
        self.died += killed
        self.outcomes[f"killed {knife.mode}" if killed else "survived"] += 1
        self.outcomes["stopped by a fault"] += codes.count(1)
        self.outcomes["ordered twice"] += side_by_side - 1
        knife.at = 0

    def end(self) -> None:
        """Let the process go."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def _say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()
