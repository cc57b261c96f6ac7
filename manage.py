#!/usr/bin/env python
"""The one entry point: `manage.py up` runs OmniDesk, `manage.py help` lists the rest."""

import os
import sys

from omnidesk.env import SettingError
from omnidesk.runtime import bootstrap, supervisor
from omnidesk.runtime.errors import StartError


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnidesk.settings")
    try:
        command = bootstrap.command_of(sys.argv)
        bootstrap.prepare(sys.argv)
        if command == "up":
            return supervisor.main()
        # Imported after the environment is complete: importing Django is not free, and a wrong
        # setting is answered before it.
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        execute_from_command_line(sys.argv)
    except SettingError as problem:
        sys.stderr.write(f"OmniDesk: {problem}\n")
        return 2
    except StartError as problem:
        sys.stderr.write(f"OmniDesk: {problem}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
