"""How long a start, a restart and an end take. `make bench` prints the table."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from omnidesk.env import BASE_DIR
from omnidesk.runtime import processes
from tests.runtime.conftest import environment

LIMIT_SECONDS = {"first start": 60.0, "restart": 30.0, "end": 10.0}


def start(folder: Path, variables: dict[str, str]) -> "tuple[subprocess.Popen[str], float]":
    log = folder.with_name("output")
    began = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=BASE_DIR,
            env=environment(**variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def settled() -> bool:
        return "OmniDesk is ready" in log.read_text() or process.poll() is not None

    processes.wait_until(settled, 180, 0.05)
    assert process.poll() is None, log.read_text()
    return process, time.monotonic() - began


def end(process: "subprocess.Popen[str]") -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    return time.monotonic() - began


@pytest.mark.bench
def test_start_restart_and_end() -> None:
    with tempfile.TemporaryDirectory(prefix="odbench-") as place:
        Path(place).chmod(0o711)
        folder = Path(place) / "data"
        variables = {
            "OMNIDESK_DATA": str(folder),
            "OMNIDESK_DEMO": "0",
            "OMNIDESK_SMTP_PORT": "0",
            "OMNIDESK_PORT": str(processes.free_port()),
        }
        process, first = start(folder, variables)
        seconds = {"first start": first, "end": end(process)}
        process, seconds["restart"] = start(folder, variables)
        seconds["end"] = max(seconds["end"], end(process))
    sys.stdout.write("\n")
    for name, limit in LIMIT_SECONDS.items():
        sys.stdout.write(f"{name:<12} {seconds[name]:6.1f} s   (limit {limit:.0f} s)\n")
        assert seconds[name] <= limit
