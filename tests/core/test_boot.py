"""A worker does not outlive its supervisor, even one that hangs."""

import os
import subprocess
import sys
import time

import pytest

from omnidesk.env import BASE_DIR

# A supervisor that starts a hanging child and dies without a word to it.
SUPERVISOR = """
import os, subprocess, sys
os.environ["OMNIDESK_SUPERVISOR"] = str(os.getpid())
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
sys.stdin.read()
os._exit(1)
"""
HANGING = """
import os, signal, time
from omnidesk.core import boot
boot.LOOK_SECONDS = boot.PATIENCE_SECONDS = 0.1
signal.signal(signal.SIGTERM, signal.SIG_IGN)
boot.end_with_supervisor()
print(os.getpid(), flush=True)
time.sleep(120)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("killed", [True, False])
def test_a_hanging_worker_ends_with_its_supervisor_and_not_before(killed: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, HANGING],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        if killed:
            supervisor.kill()
            supervisor.wait()
            deadline = time.monotonic() + 30
            while alive(child) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not alive(child)
        else:
            time.sleep(1.0)
            assert alive(child)
            os.kill(child, 9)
            supervisor.kill()
