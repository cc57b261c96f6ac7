"""Uses the embedded services of a folder until its standard input ends.

`python -m tests.runtime.user FOLDER [valkey] [--remove]`: prints one JSON line once it may begin.
"""

import json
import sys
from pathlib import Path

from omnidesk.runtime.errors import StartError
from omnidesk.runtime.services import Services


def main() -> int:
    services = Services(Path(sys.argv[1]), {"fsync": "off"}, ephemeral="--remove" in sys.argv)
    valkey = "valkey" in sys.argv
    try:
        services.make_folders()
        services.acquire(postgres=True, valkey=valkey)
    except StartError as problem:
        sys.stdout.write(json.dumps({"problem": str(problem)}) + "\n")
        return 1
    found = services.environment(postgres=True, valkey=valkey)
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0  # Leaving releases, through atexit.


if __name__ == "__main__":
    sys.exit(main())
