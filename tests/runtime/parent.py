"""Supervises one process until it is killed. `python -m tests.runtime.parent REGISTRY COMMAND...`

Prints the process id of each child it starts.
"""

import os
import sys
import time
from pathlib import Path

from omnidesk.runtime import children
from omnidesk.runtime.children import Child, Plan


def main() -> int:
    child = Child(Plan("trial", tuple(sys.argv[2:]), 0), os.environ)
    while True:
        if child.output is None and time.monotonic() >= child.start_at:
            child.start()
            children.register(Path(sys.argv[1]), [child])
            sys.stdout.write(f"{child.pid}\n")
            sys.stdout.flush()
        elif child.output is not None and not child.runs:
            child.bury()
            if child.is_hopeless:
                return 3
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
