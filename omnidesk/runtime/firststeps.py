"""The one-off commands around a start: tables, static files, administrator, demo data."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from omnidesk import env
from omnidesk.env import BASE_DIR
from omnidesk.runtime import files, processes
from omnidesk.runtime.console import Terminal
from omnidesk.runtime.installation import Installation


def child_variables(found: Installation) -> dict[str, str]:
    """What supervised processes get on top of our own environment."""
    return {
        "DJANGO_SETTINGS_MODULE": "omnidesk.settings",
        "OMNIDESK_DATA": str(found.data),
        "OMNIDESK_PORT": str(found.port),
        "OMNIDESK_ROLE": "app",
        "OMNIDESK_LOG_FORMAT": env.text("OMNIDESK_LOG_FORMAT", "text"),
        "PYTHONUNBUFFERED": "1",
        # Celery: SIGTERM means the soft shutdown (a few seconds for running tasks, the rest is
        # delivered again) instead of waiting for every task however long it takes.
        "REMAP_SIGTERM": "SIGQUIT",
    }


class Step:
    """One `manage.py` command in the background, its output kept in a file."""

    def __init__(self, *command: str, environment: Mapping[str, str]) -> None:
        self.command = command
        self.began = time.monotonic()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the step
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=processes.dying_with_parent(),
        )

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def lines(self) -> list[str]:
        """The non-empty lines written so far. Closes the output once the command has ended."""
        if self._output.closed:
            return []
        self._output.seek(0)
        found = self._output.read().decode(errors="replace").splitlines()
        if self.code is not None:
            self._output.close()
        return [line for line in found if line.strip()]

    def stop(self) -> None:
        if self.code is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait()


def prepare_tables(
    environment: Mapping[str, str], terminal: Terminal, is_cancelled: Callable[[], bool]
) -> bool:
    """Bring tables and static files up to date, side by side. False if that failed."""
    terminal.say("Preparing tables and static files")
    owner = {**environment, "OMNIDESK_ROLE": "owner"}
    steps = [Step("migrate", "--no-input", "--verbosity=0", environment=owner)]
    stamp = Path(environment["OMNIDESK_DATA"]) / "run" / "static.stamp"
    fingerprint = _static_fingerprint()
    if not _static_is_current(stamp, fingerprint):
        steps.append(Step("collectstatic", "--no-input", "--verbosity=0", environment=environment))
    while any(step.code is None for step in steps):
        if is_cancelled():
            for step in steps:
                step.stop()
            return False
        time.sleep(0.03)
    for step in steps:
        lines = step.lines()
        if step.code:
            for line in lines[-12:]:
                terminal.child("omnidesk", line)
            terminal.problem(f"manage.py {step.command[0]} ended with code {step.code}.")
            return False
    if len(steps) > 1:
        files.write_private(stamp, fingerprint)
    return True


def _static_fingerprint() -> str:
    """Changes when a static file or an installed package changes."""
    digest = hashlib.sha256((BASE_DIR / "requirements.txt").read_bytes())
    digest.update(env.text("OMNIDESK_DEBUG").encode())
    for path in _static_files():
        status = path.stat()
        digest.update(
            f"{path.relative_to(BASE_DIR)} {status.st_mtime_ns} {status.st_size}".encode()
        )
    return digest.hexdigest()


def _static_files() -> Iterator[Path]:
    for folder in (BASE_DIR / "static", *BASE_DIR.glob("*/static"), *BASE_DIR.glob("*/*/static")):
        if folder.is_relative_to(env.data_dir()):
            continue
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _static_is_current(stamp: Path, fingerprint: str) -> bool:
    collected = stamp.parent.parent / "static"
    return collected.is_dir() and stamp.exists() and stamp.read_text() == fingerprint


class Steps:
    """The administrator, then demo data, while the web server comes up; then the good news."""

    def __init__(self, found: Installation, environment: Mapping[str, str]) -> None:
        self._installation = found
        self._environment = environment
        self._waiting = [("ensure_admin",)]
        if found.demo:
            self._waiting.append(("load_demo",))
        self._current: Step | None = None
        self._web_ready = False
        self._admin_done = False
        self._admin_lines: list[str] = []
        self._announced = False

    def advance(self, terminal: Terminal) -> None:
        """Start the next command, or report the one that has ended."""
        if self._current is None:
            if self._waiting:
                self._current = Step(*self._waiting.pop(0), environment=self._environment)
            return
        code = self._current.code
        if code is None:
            return
        name, lines = self._current.command[0], self._current.lines()
        if name == "ensure_admin":
            self._admin_done = True
        if code:
            for line in lines[-12:]:
                terminal.child("omnidesk", line)
            terminal.problem(f"manage.py {name} ended with code {code}; OmniDesk runs without it.")
        elif name == "ensure_admin":
            self._admin_lines = lines
        else:
            for line in lines:
                terminal.say(line)
        self._current = None
        self._announce(terminal)

    def web_is_ready(self, terminal: Terminal) -> None:
        self._web_ready = True
        self._announce(terminal)

    def stop(self) -> None:
        if self._current is not None:
            self._current.stop()

    def _announce(self, terminal: Terminal) -> None:
        if self._announced or not (self._web_ready and self._admin_done):
            return
        self._announced = True
        found = self._installation
        terminal.say(f"OmniDesk is ready: {found.address}", style="bold green")
        for line in self._admin_lines:
            terminal.say(line, style="bold")
        if found.smtp_port:
            terminal.say(f"Mail is taken in on port {found.smtp_port} (SMTP)")
        if any(name == ("load_demo",) for name in self._waiting) or self._current is not None:
            terminal.say("Demo data is being loaded; tickets appear while you look")
        terminal.say("Ctrl-C ends it")
