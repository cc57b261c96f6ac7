"""The same work by several threads or processes, each with a database connection of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Final

from django.db import connections


def at_once(work: Callable[[], object], times: int = 3) -> None:
    """Do `work` in so many threads that start together, and wait for all.

    Their connections are closed. Fails where one of them failed.
    """
    gate = threading.Barrier(times)
    failures: list[Exception] = []

    def each() -> None:
        try:
            gate.wait()
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=each) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# Children of one that is ready: to start Python and Django anew costs two seconds of CPU for each.
PROGRAM: Final = """
import sys, django
django.setup()
from importlib import import_module
from multiprocessing import get_context

module, _dot, name = sys.argv[1].rpartition(".")
call, fork = getattr(import_module(module), name), get_context("fork")
gate = fork.Barrier(int(sys.argv[2]))

def work():
    gate.wait()
    print(call(), flush=True)

children = [fork.Process(target=work) for _ in range(gate.parties)]
for child in children:
    child.start()
for child in children:
    child.join()
sys.exit(any(child.exitcode for child in children))
"""


def in_processes(work: str, count: int) -> list[str]:
    """Let so many processes call `module.function` at the same moment; what each returned.

    They have an installation's settings and this worker's database. Fails where one of them failed.
    """
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, work, str(count)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"},
        text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-count:]
