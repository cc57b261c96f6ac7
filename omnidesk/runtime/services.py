"""Sharing the embedded services between processes: who starts them, who may stop them."""

import atexit
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from omnidesk.env import BASE_DIR
from omnidesk.runtime import files, processes, roles, secretfile
from omnidesk.runtime.errors import StartError
from omnidesk.runtime.files import Lock, exclusive
from omnidesk.runtime.postgres import Postgres
from omnidesk.runtime.valkey import Valkey

# Longer than the longest honest start (crash recovery), so a waiter never gives up too early.
LOCK_SECONDS = 150.0


@dataclass
class Services:
    """The embedded services of one data folder, as one process uses them.

    `acquire` counts this process in and starts what is missing; `release` counts it out and stops
    everything if it was the last. The count is a shared kernel lock, so a killed process is
    counted out too; the keeper then does the stopping.
    """

    data: Path
    postgres_settings: Mapping[str, str] = field(default_factory=dict)
    valkey_settings: Mapping[str, str] = field(default_factory=dict)
    ephemeral: bool = False  # Remove the whole folder once nobody uses it (tests).
    _users: Lock | None = field(default=None, init=False)
    _pid: int = field(default=0, init=False)

    @property
    def secrets_file(self) -> Path:
        return self.data / "services.json"

    def postgres(self) -> Postgres:
        return Postgres(self.data, self._secrets(), self.postgres_settings)

    def valkey(self) -> Valkey:
        return Valkey(self.data, self._secrets(), self.valkey_settings)

    def _secrets(self) -> secretfile.ServiceSecrets:
        return secretfile.peek(self.secrets_file) or secretfile.ServiceSecrets()

    def environment(self, *, postgres: bool, valkey: bool) -> dict[str, str]:
        """The variables that lead other code to the services; does not start anything."""
        found = {}
        if postgres:
            server = self.postgres()
            found["DATABASE_URL"] = server.url(roles.APP, server.secrets.app_password)
            found["OMNIDESK_OWNER_DATABASE_URL"] = server.url(
                roles.OWNER, server.secrets.owner_password
            )
        if valkey:
            found["REDIS_URL"] = self.valkey().url()
        return found

    def make_folders(self) -> None:
        # As root, PostgreSQL's own user has to pass through (not list) these two.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        files.make_folder(self.data, mode)
        files.make_folder(self.data / "run", mode)

    def acquire(self, *, postgres: bool, valkey: bool) -> None:
        """Use the services from now on; start those that do not run. May be called again."""
        self.make_folders()
        with exclusive(self.data / "run" / "services.lock", seconds=LOCK_SECONDS):
            if self._users is None:
                self._users = Lock(self.data / "run" / "users.lock")
                self._users.share()
                self._pid = os.getpid()
                atexit.register(self.release)
            # First of all: whoever is killed from here on leaves someone to clean up.
            self._ensure_keeper()
            self._load_secrets()
            if postgres:
                self._start_postgres()
            if valkey:
                self._start_valkey()

    @property
    def is_unkept(self) -> bool:
        """Whether we use the services and no keeper watches over them."""
        if self._users is None:
            return False
        with Lock(self.data / "run" / "keeper.lock") as keeper:
            return keeper.try_hold()

    def release(self) -> None:
        """Stop using the services; stop them, Valkey first, if nobody else uses them."""
        # A forked child shares the lock with its parent; only the parent may let go.
        if self._users is None or self._pid != os.getpid():
            return
        atexit.unregister(self.release)
        with exclusive(self.data / "run" / "services.lock", seconds=LOCK_SECONDS):
            users, self._users = self._users, None
            users.close()
            self.stop_if_unused()
        if self.ephemeral and not self.data.joinpath("services.json").exists():
            shutil.rmtree(self.data, ignore_errors=True)

    def stop_if_unused(self) -> bool:
        """Stop both services unless some process uses them. Call it holding services.lock."""
        with Lock(self.data / "run" / "users.lock") as users:
            if not users.try_hold():
                # Either somebody uses them, or the keeper just woke and holds the lock for a
                # moment. Sharing waits for the second and not for the first; without it, a last
                # user could return before anybody stops the services.
                users.share()
                if not users.try_hold():
                    return False
            if self.secrets_file.exists():
                self.valkey().stop()
                self.postgres().stop()
            if self.ephemeral:
                self.secrets_file.unlink(missing_ok=True)
        return True

    def _load_secrets(self) -> None:
        if not self.secrets_file.exists() and (self.data / "postgres" / "PG_VERSION").exists():
            raise StartError(
                f"{self.secrets_file} is missing; it holds the passwords of the database beside "
                "it. Restore it from a backup."
            )
        secretfile.load(self.secrets_file)

    def _start_postgres(self) -> None:
        server = self.postgres()
        if server.postmaster() is None and server.uses_tcp:
            port = processes.free_port(server.port)
            secretfile.with_ports(self.secrets_file, server.secrets, postgres=port)
            server = self.postgres()
        server.start()
        roles.ensure(server)

    def _start_valkey(self) -> None:
        server = self.valkey()
        # A process without a known port is left from a folder that was removed.
        if server.process() is None or not server.secrets.valkey_port:
            port = processes.free_port(server.secrets.valkey_port)
            secretfile.with_ports(self.secrets_file, server.secrets, valkey=port)
            server = self.valkey()
        server.start()

    def _ensure_keeper(self) -> None:
        """Start the keeper unless one watches already. Call it holding services.lock."""
        with Lock(self.data / "run" / "keeper.lock") as keeper:
            if not keeper.try_hold():
                return
        mode = "remove" if self.ephemeral else "keep"
        processes.Detached(
            [sys.executable, "-m", "omnidesk.runtime.keeper", str(self.data), mode],
            self.data / "log" / "keeper.log",
            cwd=BASE_DIR,
        )
