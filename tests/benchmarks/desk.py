"""A whole installation in a folder of its own, started as anybody starts it."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from omnidesk.env import BASE_DIR
from omnidesk.runtime import processes
from omnidesk.runtime.services import Services
from tests.runtime.conftest import environment

AGENT = "agent@nordwerk.example"
LEAD = "lead@nordwerk.example"
REQUESTER = "requester@nordwerk.example"
DESK = "helpdesk@nordwerk.example"
ORGANIZATION = "nordwerk"
PASSWORD = "only for measuring 1"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
READY_SECONDS = 240.0
# Of two cores, over some seconds: below this nothing of ours is at work.
QUIET_SHARE = 0.08


class Installation:
    """`manage.py up` with demo data; answers leave to `sink_port`."""

    def __init__(self, base: Path, sink_port: int) -> None:
        self.data = base / "data"
        self.output = base / "output"
        self.port, self.smtp_port = processes.free_port(), processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._variables = environment(
            OMNIDESK_DATA=str(self.data),
            OMNIDESK_PORT=str(self.port),
            OMNIDESK_SMTP_PORT=str(self.smtp_port),
            OMNIDESK_DEMO="1",
            OMNIDESK_DEMO_PASSWORD=PASSWORD,
            EMAIL_URL=f"smtp://127.0.0.1:{sink_port}",
        )
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait for its demo data."""
        with self.output.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=BASE_DIR,
                env=self._variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.until(lambda: "Demo desk loaded" in self.output.read_text(), READY_SECONDS)

    def stop(self) -> None:
        """End it like Ctrl-C."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)

    def until(self, condition: Callable[[], bool], seconds: float = 300.0) -> None:
        """Wait for a condition; fail when it does not come or the installation ended."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process.poll() is None, self.output.read_text()[-3000:]
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
            time.sleep(0.05)

    def quiet(self, seconds: float = 600.0) -> None:
        """Wait until the workers have nothing left to read, to index or to learn."""
        self.until(lambda: self.waiting() == 0 and self.is_idle(), seconds)

    def is_idle(self) -> bool:
        """Whether its processes did next to nothing for some seconds."""
        before, pause = self._cpu_seconds(), 4.0
        time.sleep(pause)
        return (self._cpu_seconds() - before) / pause < QUIET_SHARE

    def _cpu_seconds(self) -> float:
        total = 0.0
        for process in self.processes():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def processes(self, words: str = "") -> list[psutil.Process]:
        """Those that `up` started, or those of them with `words` in their command."""
        assert self._process is not None
        found = psutil.Process(self._process.pid).children(recursive=True)
        return [process for process in found if not words or words in _command(process)]

    def command(self, *arguments: str) -> str:
        """What a `manage.py` command says."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self._variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def database(self) -> "psycopg.Connection[Any]":
        """A connection that sees every organization."""
        address = Services(self.data).environment(postgres=True, valkey=False)
        return psycopg.connect(address["OMNIDESK_OWNER_DATABASE_URL"], autocommit=True)

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with self.database() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def waiting(self) -> int:
        """Tickets that the AI has not read yet."""
        [(count,)] = self.ask("SELECT count(*) FROM tickets_ticket WHERE ai_state = 'pending'")
        return int(count)

    def signed_in(self, email: str) -> httpx2.Client:
        """One keep-alive connection with a browser's session."""
        client = httpx2.Client(base_url=self.url, timeout=60, follow_redirects=True)
        page = client.get("/account/sign-in/").text
        token = TOKEN.search(page)
        assert token is not None
        fields = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = client.post(
            "/account/sign-in/", data=fields, headers={"Referer": f"{self.url}/account/sign-in/"}
        )
        assert "sessionid" in client.cookies, answer.text[:500]
        return client

    def program(self, email: str) -> httpx2.Client:
        """One keep-alive connection with a personal API key, as scripts use it."""
        browser = self.signed_in(email)
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": self.url}
        made = browser.post("/api/v1/users/me/keys/", json={"name": "bench"}, headers=headers)
        assert made.status_code == 201, made.text
        browser.close()
        key = made.json()["key"]
        return httpx2.Client(
            base_url=self.url, timeout=60, headers={"Authorization": f"Token {key}"}
        )


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
