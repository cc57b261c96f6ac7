"""Real services in folders of their own, used by real processes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omnidesk.env import BASE_DIR
from omnidesk.runtime import processes
from omnidesk.runtime.services import Services


class User:
    """One process that uses the services of `folder`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.runtime.user", str(folder), *options],
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._told: dict[str, str] | None = None

    @property
    def told(self) -> dict[str, str]:
        """The addresses, or `problem`. Waits for them."""
        if self._told is None:
            assert self.process.stdout is not None
            self._told = json.loads(self.process.stdout.readline() or "{}")
        return self._told

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.leave()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a short path; whatever still runs in it is ended afterwards."""
    base = Path(tempfile.mkdtemp(prefix="odrt-"))
    base.chmod(0o711)
    yield base / "data"
    services = Services(base / "data")
    if services.secrets_file.exists():
        assert processes.wait_until(lambda: not serving(base / "data"), 20), "still running"
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def use(folder: Path) -> Iterator[Callable[..., User]]:
    """Start a process that uses `folder`; those that are left are ended."""
    users: list[User] = []

    def start(*options: str, folder: Path = folder) -> User:
        user = User(folder, *options)
        users.append(user)
        return user

    yield start
    for user in users:
        if user.process.poll() is None:
            user.kill()
        for stream in (user.process.stdin, user.process.stdout):
            if stream is not None:
                stream.close()


def serving(folder: Path) -> bool:
    """Whether any server process works in `folder`."""
    return bool(
        processes.find(["postgres"], folder / "postgres")
        or processes.find(["valkey-server"], folder / "valkey")
    )


def environment(**changed: str) -> dict[str, str]:
    """Our environment without what leads to the services of the test run."""
    own = ("OMNIDESK_", "DATABASE_URL", "REDIS_URL", "PYTEST_", "DJANGO_SETTINGS_MODULE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    return {**kept, **changed}
