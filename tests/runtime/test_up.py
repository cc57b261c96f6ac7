"""`manage.py up`: the whole installation, started and ended for real."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from omnidesk.env import BASE_DIR
from omnidesk.runtime import processes
from tests.runtime.conftest import environment, serving

READY_SECONDS = 240
END_SECONDS = 10  # Promised.

Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def up(folder: Path) -> Iterator[Up]:
    """Start `manage.py up` on `folder`; its output goes to a file beside it."""
    started: list[subprocess.Popen[str]] = []
    folder.parent.mkdir(exist_ok=True)

    def start(**variables: str) -> "subprocess.Popen[str]":
        values = {
            "OMNIDESK_DATA": str(folder),
            "OMNIDESK_DEMO": "0",
            "OMNIDESK_SMTP_PORT": "0",
            "OMNIDESK_PORT": str(processes.free_port()),
            **variables,
        }
        with (folder.parent / "output").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=BASE_DIR,
                env=environment(**values),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def output(folder: Path) -> str:
    return (folder.parent / "output").read_text(errors="replace")


def wait_ready(process: "subprocess.Popen[str]", folder: Path) -> None:
    def settled() -> bool:
        return "OmniDesk is ready" in output(folder) or process.poll() is not None

    assert processes.wait_until(settled, READY_SECONDS, 0.1), output(folder)
    assert process.poll() is None, output(folder)


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    members: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return members


def is_keeper(process: psutil.Process) -> bool:
    """It ends by itself a moment after the services."""
    try:
        return "omnidesk.runtime.keeper" in process.cmdline()
    except psutil.Error:
        return False


@pytest.mark.parametrize(
    ("variables", "code", "sentence"),
    [
        ({"OMNIDESK_PORT": "http"}, 2, "OMNIDESK_PORT must be a whole number, not 'http'."),
        ({"OMNIDESK_DEMO": "maybe"}, 2, "OMNIDESK_DEMO must be 1 or 0, not 'maybe'."),
        ({"OMNIDESK_ADMIN_EMAIL": "me"}, 2, "OMNIDESK_ADMIN_EMAIL must be an e-mail address"),
        ({"DATABASE_URL": "sqlite:///x"}, 2, "DATABASE_URL must start with postgresql://"),
        ({"REDIS_URL": "localhost"}, 2, "REDIS_URL must start with redis://"),
        ({"OMNIDESK_HOST": "192.0.2.1"}, 2, "'192.0.2.1' is not an address of this machine."),
        ({"OMNIDESK_SECRET_KEY": "abc"}, 2, "OMNIDESK_SECRET_KEY must have at least 32"),
        ({"OMNIDESK_DATA": "/proc/none/data"}, 1, "Cannot create /proc/none/data"),
    ],
)
def test_a_bad_value_is_one_sentence(
    up: Up, folder: Path, variables: dict[str, str], code: int, sentence: str
) -> None:
    process = up(**variables)
    assert process.wait(30) == code
    (line,) = output(folder).splitlines()
    assert line.startswith(f"OmniDesk: {sentence}")
    assert not serving(folder)


def test_a_taken_port_is_one_sentence(up: Up, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = up(OMNIDESK_PORT=str(port))
        assert process.wait(30) == 1
    (line,) = output(folder).splitlines()
    assert line == (
        f"OmniDesk: Port {port} is taken by another program; end it, or choose another "
        "with OMNIDESK_PORT."
    )
    assert not serving(folder)


def test_it_starts_serves_survives_a_kill_and_ends_in_time(up: Up, folder: Path) -> None:
    port = processes.free_port()
    process = up(OMNIDESK_PORT=str(port))
    wait_ready(process, folder)
    first_output = output(folder)
    assert "Password: " in first_output
    refuses_a_second(up, folder, process)
    # The services and their keeper may serve on for the next start.
    members = [
        member
        for member in family(process)
        if {"gunicorn", "celery"} & set(member.cmdline()) and not is_keeper(member)
    ]
    assert len(members) >= 7
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    again = up(OMNIDESK_PORT=str(port))
    wait_ready(again, folder)
    assert all(processes.is_gone(member) for member in members)
    assert "Password: " not in output(folder)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/health/ready")
    assert connection.getresponse().status == 200
    connection.close()
    assert "Traceback" not in first_output + output(folder)
    ends_in_time(again, folder)


def refuses_a_second(up: Up, folder: Path, running: "subprocess.Popen[str]") -> None:
    second = up()
    assert second.wait(30) == 1
    said = output(folder)
    assert f"An OmniDesk already runs with {folder} (process {running.pid}," in said
    assert "Traceback" not in said


def ends_in_time(process: "subprocess.Popen[str]", folder: Path) -> None:
    members = family(process)
    assert len(members) >= 7
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(END_SECONDS) == 0
    assert time.monotonic() - began < END_SECONDS
    others = [member for member in members if not is_keeper(member)]
    # A large process that was killed takes the system a moment to clear away.
    assert processes.wait_until(lambda: all(map(processes.is_gone, others)), 3)
    assert not serving(folder)
