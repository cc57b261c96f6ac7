"""Private files and kernel locks in the data folder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from omnidesk.runtime.errors import StartError

LOG_LIMIT = 10 * 1024 * 1024


def write_private(path: Path, content: str) -> None:
    """Replace `path` atomically with a file that only its owner can read."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """Create `path` with `mode`; a folder that is already there keeps its own mode."""
    try:
        if not path.exists():
            path.mkdir(mode=mode, parents=True, exist_ok=True)
            path.chmod(mode)  # The umask may have taken something away.
    except OSError as error:
        raise StartError(f"Cannot create {path}: {error.strerror or error}.") from None


def open_log(path: Path) -> int:
    """A file descriptor that appends to `path`. A log over 10 MB is set aside as `.1` first."""
    make_folder(path.parent)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)


def tail(path: Path, lines: int = 6) -> str:
    """The last non-empty lines of a log, for an error message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            found = [line for line in file.read().decode(errors="replace").splitlines() if line]
    except OSError:
        return ""
    return "\n".join(found[-lines:])


class Lock:
    """A kernel lock on a file. It ends with the process, even after kill -9."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        return self._descriptor is not None

    def _open(self) -> int:
        if self._descriptor is None:
            make_folder(self.path.parent)
            try:
                self._descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StartError(f"Cannot open {self.path}: {error.strerror or error}.") from None
        return self._descriptor

    def share(self) -> None:
        """Hold the lock together with other sharers; wait while someone holds it alone."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def hold(self) -> None:
        """Hold the lock alone; wait as long as it takes."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_hold(self) -> bool:
        """Hold the lock alone if nobody else has it now."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, content: str) -> None:
        """Leave a note in the lock file for whoever finds it taken."""
        descriptor = self._open()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content.encode(), 0)

    def read(self) -> str:
        """The note of the holder, empty if there is none."""
        return os.pread(self._open(), 4096, 0).decode(errors="replace").strip()

    def close(self) -> None:
        """Let go. The kernel releases the lock with the descriptor."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def exclusive(path: Path, *, seconds: float) -> Iterator[None]:
    """Hold the lock file `path` alone for the block; StartError if not free in `seconds`."""
    deadline = time.monotonic() + seconds
    with Lock(path) as lock:
        while not lock.try_hold():
            if time.monotonic() > deadline:
                raise StartError(
                    f"Another OmniDesk process has held {path} for {seconds:.0f} seconds; "
                    "end it and try again."
                )
            time.sleep(0.05)
        yield
