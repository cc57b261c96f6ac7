"""Finding, ending and outliving processes."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import psutil

from omnidesk.runtime import files
from omnidesk.runtime.errors import StartError

_PR_SET_PDEATHSIG = 1


def _load_prctl() -> "Callable[[int, int], int] | None":
    if sys.platform != "linux":
        return None
    prctl: Callable[[int, int], int] = ctypes.CDLL(None, use_errno=True).prctl
    return prctl


# Resolved at import: between fork and exec only async-signal-safe work is allowed.
_prctl = _load_prctl()


def dying_with_parent(
    signal_number: int = signal.SIGTERM, *, niceness: int = 0
) -> Callable[[], None]:
    """A preexec function: the kernel sends `signal_number` to the child when we die.

    The child and what it starts give way to others by `niceness` (0 to 19).

    Linux only (elsewhere it does nothing). It must be called in the main thread of a process
    without other threads: the kernel watches the *thread* that forked.
    """
    parent = os.getpid()

    def prepare() -> None:
        if niceness:
            os.nice(niceness)
        if _prctl is None:
            return
        _prctl(_PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:  # The parent died between fork and prctl.
            os._exit(1)

    return prepare


class Detached(subprocess.Popen[bytes]):
    """A process that outlives us on purpose, in a session of its own and without our terminal."""

    _made: "ClassVar[list[Detached]]" = []

    def __init__(self, command: Sequence[str], log: Path, **options: Any) -> None:
        descriptor = files.open_log(log)
        try:
            super().__init__(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                **options,
            )
        except OSError as error:
            raise StartError(f"Cannot start {command[0]}: {error.strerror or error}.") from None
        finally:
            os.close(descriptor)
        self._made.append(self)

    def __del__(self) -> None:
        """Not the usual warning about a process that still runs: it is meant to."""

    @classmethod
    def collect(cls) -> None:
        """Collect the ended ones, so that a long-lived starter gathers no zombies."""
        cls._made[:] = [process for process in cls._made if process.poll() is None]


def find(names: Iterable[str], folder: Path) -> list[psutil.Process]:
    """The live processes of `names` whose working folder is `folder`.

    Both servers change into their data folder, and nothing else of that name does, so this is
    proof of identity where a process id in a file is not: ids are reused after a restart.
    """
    wanted, place = set(names), str(folder.resolve())
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] not in wanted:
            continue
        try:
            if process.cwd() == place and not is_gone(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def is_gone(process: psutil.Process) -> bool:
    """Whether the process has ended; one that only waits for its parent to notice has."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end(process: psutil.Process, steps: Iterable[tuple[int, float]]) -> bool:
    """Send each signal of `steps` and wait its seconds; True as soon as the process is gone."""
    for signal_number, seconds in steps:
        signal_quietly(process, signal_number)
        if wait_until(lambda: is_gone(process), seconds, 0.01):
            return True
    return False


def signal_quietly(process: psutil.Process, number: int) -> None:
    """Signal a process that may be gone already."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def free_port(preferred: int = 0, *, host: str = "127.0.0.1") -> int:
    """`preferred` if it can be bound now, otherwise any free TCP port on `host`."""
    for candidate in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.03) -> bool:
    """Poll `condition` for at most `seconds`; True once it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
