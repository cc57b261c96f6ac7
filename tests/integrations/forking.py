"""Processes that do one piece of work each and may be killed: children of one that is ready.

To start Python and Django anew costs two seconds of CPU for each of them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Final

PROGRAM: Final = """
import json, os, signal, sys, django
django.setup()
from importlib import import_module
from django.conf import settings

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    module, function, values, changed = json.loads(line)
    work = getattr(import_module(module), function)
    child = os.fork()
    if child == 0:
        for name, value in changed.items():
            setattr(settings, name, value)
        work(*values)
        os._exit(0)
    print(child, flush=True)
"""


class Forks:
    """The one that is ready, with an installation's settings and no connection open."""

    def __init__(self) -> None:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"}
        self._parent = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._hears() == "ready"

    def _hears(self) -> str:
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline().strip()
        assert line
        return line

    def begin(self, work: str, *values: object, **settings: object) -> int:
        """Let a child call `module.function` with these values and settings; its number."""
        module, _dot, function = work.rpartition(".")
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps([module, function, values, settings]) + "\n")
        self._parent.stdin.flush()
        return int(self._hears())

    def close(self) -> None:
        self._parent.communicate(timeout=10)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_child(pid: int) -> None:
    """By SIGKILL; one that has ended by itself is as good."""
    if is_there(pid):
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while is_there(pid):
        assert time.monotonic() < end
        time.sleep(0.005)
