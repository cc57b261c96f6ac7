"""`manage.py up`: starts everything in order, keeps it running, ends it in order.

One thread and no Django: it stays small, cannot deadlock when it forks, and the kernel's
parent-death signal (which watches the forking thread) works.
"""

import contextlib
import http.client
import os
import selectors
import signal
import time
from types import FrameType

from omnidesk.runtime import children, firststeps, installation
from omnidesk.runtime.children import Child
from omnidesk.runtime.console import Terminal
from omnidesk.runtime.errors import StartError
from omnidesk.runtime.files import Lock
from omnidesk.runtime.installation import Installation
from omnidesk.runtime.processes import Detached
from omnidesk.runtime.services import Services

READY_SECONDS = 180.0
INTAKE_END_SECONDS = 3.5  # web, beat, listener
WORK_END_SECONDS = 6.5  # workers; counted from the beginning of the end
SERVICE_CHECK_SECONDS = 3.0
FORCE_DEBOUNCE_SECONDS = 0.5  # A terminal and a parent may both deliver one Ctrl-C.


def main() -> int:
    """Run until asked to end. Returns the exit code. Raises SettingError, StartError."""
    installation.check_system()
    found = installation.read()
    services = Services(found.data)
    services.make_folders()
    with Lock(found.data / "run" / "up.lock") as lock:
        if not lock.try_hold():
            note = lock.read() or "another process"
            raise StartError(
                f"An OmniDesk already runs with {found.data} ({note}); end that one first."
            )
        lock.write(f"process {os.getpid()}, {found.address}")
        children.end_leftovers(found.data / "run" / "children")
        installation.check_ports(found)
        return Supervisor(found, services).run()


class Supervisor:
    """The loop over log lines, deaths, readiness and signals."""

    def __init__(self, found: Installation, services: Services) -> None:
        self.installation = found
        self.services = services
        self.terminal = Terminal()
        self.children: list[Child] = []
        self.steps: firststeps.Steps | None = None
        self._selector = selectors.DefaultSelector()
        self._asked_at = 0.0
        self._forced = False
        self._ready_at = 0.0
        self._checked_at = 0.0
        self._exit_code = 0

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            while not self._asked_at:
                self._turn()
        finally:
            self._end()
        return self._exit_code

    # Starting ---------------------------------------------------------------------------------

    def _start(self) -> None:
        found = self.installation
        embedded = {
            "postgres": not found.external_postgres,
            "valkey": not found.external_valkey,
        }
        if any(embedded.values()):
            self.terminal.say("Starting PostgreSQL and Valkey")
            self.services.acquire(**embedded)
        environment = {
            **os.environ,
            **self.services.environment(**embedded),
            # Workers watch this process and end when it is gone.
            "OMNIDESK_SUPERVISOR": str(os.getpid()),
            **firststeps.child_variables(found),
        }
        if not firststeps.prepare_tables(environment, self.terminal, lambda: bool(self._asked_at)):
            self._exit_code = self._exit_code or (0 if self._asked_at else 1)
            self._asked_at = self._asked_at or time.monotonic()
            return
        self.terminal.say("Starting web, workers, beat" + (", mail" if found.smtp_port else ""))
        self.children = [Child(plan, environment) for plan in children.plans(found)]
        self.steps = firststeps.Steps(found, environment)

    # One turn of the loop ---------------------------------------------------------------------

    def _turn(self) -> None:
        for child in self.children:
            if not child.runs and child.output is None and time.monotonic() >= child.start_at:
                self._begin(child)
        self._read_lines(0.2)
        for child in self.children:
            if child.output is not None and not child.runs:
                self._mourn(child)
        if self.steps is not None:
            self.steps.advance(self.terminal)
        self._watch_readiness()
        self._watch_services()

    def _begin(self, child: Child) -> None:
        child.start()
        if child.output is not None:
            self._selector.register(child.output, selectors.EVENT_READ, child)
        children.register(self.installation.data / "run" / "children", self.children)

    def _read_lines(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _events in self._selector.select(seconds):
            child: Child = key.data
            lines, ended = child.lines()
            for line in lines:
                self.terminal.child(child.name, line)
            if ended:
                self._selector.unregister(key.fileobj)

    def _bury(self, child: Child) -> int:
        """Show the last lines, collect the process; its exit code."""
        ended = False
        while not ended and child.output is not None:
            lines, ended = child.lines()
            for line in lines:
                self.terminal.child(child.name, line)
            ended = ended or not lines
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(child.output or -1)
        return child.bury()

    def _mourn(self, child: Child) -> None:
        code = self._bury(child)
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        if child.is_hopeless:
            self.terminal.problem(
                f"{child.name} {how}, {children.DEATHS} times within "
                f"{children.DEATH_SECONDS:.0f} seconds. The reason stands in its lines above. "
                "Ending everything."
            )
            self._exit_code = 1
            self._asked_at = time.monotonic()
            return
        pause = child.start_at - time.monotonic()
        self.terminal.problem(f"{child.name} {how}; it starts again in {pause:.1f} s")

    def _watch_readiness(self) -> None:
        if self._ready_at:
            return
        if self.terminal.seconds > READY_SECONDS:
            self._ready_at = time.monotonic()
            self.terminal.problem(
                f"The web server does not say that it is ready after {READY_SECONDS:.0f} seconds; "
                f"{self.installation.address}/health/ready names the part that is missing."
            )
        elif self._answers_ready():
            self._ready_at = time.monotonic()
            if self.steps is not None:
                self.steps.web_is_ready(self.terminal)

    def _answers_ready(self) -> bool:
        found = self.installation
        connection = http.client.HTTPConnection(found.probe_host, found.port, timeout=1.0)
        try:
            connection.request("GET", "/health/ready", headers={"Host": f"localhost:{found.port}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _watch_services(self) -> None:
        """Start PostgreSQL or Valkey again if someone killed them (same address, same data)."""
        now = time.monotonic()
        if now - self._checked_at < SERVICE_CHECK_SECONDS:
            return
        self._checked_at = now
        Detached.collect()
        found = self.installation
        postgres = not found.external_postgres and self.services.postgres().postmaster() is None
        valkey = not found.external_valkey and self.services.valkey().process() is None
        for name, is_gone in (("PostgreSQL", postgres), ("Valkey", valkey)):
            if is_gone:
                self.terminal.problem(f"{name} is gone; starting it again")
        if postgres or valkey or self.services.is_unkept:
            try:
                self.services.acquire(
                    postgres=not found.external_postgres, valkey=not found.external_valkey
                )
            except StartError as problem:
                self.terminal.problem(str(problem))
                self._exit_code = 1
                self._asked_at = now

    # Ending -----------------------------------------------------------------------------------

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._asked_at:
            self._asked_at = now
        elif now - self._asked_at > FORCE_DEBOUNCE_SECONDS:
            self._forced = True

    def _end(self) -> None:
        """Web, beat and mail first, then the workers, then Valkey and PostgreSQL."""
        began = time.monotonic()
        self.terminal.say("Ending; again Ctrl-C forces it")
        if self.steps is not None:
            self.steps.stop()
        for stage, deadline in ((0, INTAKE_END_SECONDS), (1, WORK_END_SECONDS)):
            group = [child for child in self.children if child.plan.stage == stage]
            for child in group:
                children.ask_to_end(child)
            self._wait_for(group, began + deadline)
        with contextlib.suppress(OSError):
            (self.installation.data / "run" / "children").unlink(missing_ok=True)
        self.services.release()
        self.terminal.say(f"Ended after {time.monotonic() - began:.1f} s")

    def _wait_for(self, group: list[Child], deadline: float) -> None:
        while any(child.runs for child in group):
            if self._forced or time.monotonic() > deadline:
                for child in group:
                    child.signal(signal.SIGKILL)
            self._read_lines(0.05)
        for child in group:
            if child.output is not None:
                self._bury(child)
