"""Stops the embedded services once their last user is gone, however it went.

`python -m omnidesk.runtime.keeper DATA keep|remove` runs beside the services, in a session of its
own. It waits in the kernel (no polling) until no process holds `run/users.lock`.
"""

import shutil
import signal
import sys
from pathlib import Path

from omnidesk.runtime import children
from omnidesk.runtime.files import Lock, exclusive
from omnidesk.runtime.services import LOCK_SECONDS, Services


def keep(data: Path, *, remove: bool) -> None:
    """Return when the services of `data` are stopped, or when another keeper is at work."""
    services = Services(data, ephemeral=remove)
    with Lock(data / "run" / "keeper.lock") as keeper:
        if not keeper.try_hold():
            return
        stopped = False
        while not stopped:
            with Lock(data / "run" / "users.lock") as users:
                users.hold()
            _end_orphans(data)
            with exclusive(data / "run" / "services.lock", seconds=LOCK_SECONDS):
                stopped = services.stop_if_unused()
                if stopped:
                    # Before services.lock is free: who starts next must see that no one keeps.
                    keeper.close()
    if remove:
        shutil.rmtree(data, ignore_errors=True)


def _end_orphans(data: Path) -> None:
    """After a killed supervisor, let its processes end before the services do."""
    with Lock(data / "run" / "up.lock") as up:
        gone = up.try_hold()
    # Not while holding up.lock: the next start must not find it taken.
    if gone:
        children.end_leftovers(data / "run" / "children")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    keep(Path(sys.argv[1]), remove=sys.argv[2:] == ["remove"])
