"""Conditions without which a serving process must not start."""

import os
import sys
import threading
import time

from django.db import connection

from omnidesk.core.tenancy import UnsafeDatabaseRole, refuse_unsafe_role


def refuse_unsafe_start() -> None:
    """End the process with one sentence when its database role would not keep tenants apart.

    A database that is away at this moment is another matter: readiness reports that, and the
    process connects once it is back.
    """
    try:
        refuse_unsafe_role()
    except UnsafeDatabaseRole as problem:
        sys.exit(f"OmniDesk: {problem}")
    finally:
        connection.close()


# Set by `manage.py up` for its children: the supervisor's process id.
SUPERVISOR = "OMNIDESK_SUPERVISOR"
LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 8.0


def end_with_supervisor() -> None:
    """End this process some seconds after its supervisor was killed, whatever it is doing.

    The kernel already sends SIGTERM then. A worker that is caught by it while it starts, or
    while its broker has just gone as well, may wait for ever in its own orderly shutdown; what
    it worked on is in rows that the next start takes up.
    """
    supervisor = os.environ.get(SUPERVISOR, "")
    if not supervisor.isdigit() or os.getppid() != int(supervisor):
        return

    def watch() -> None:
        while os.getppid() == int(supervisor):
            time.sleep(LOOK_SECONDS)
        time.sleep(PATIENCE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()
