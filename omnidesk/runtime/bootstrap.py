"""What happens before a `manage.py` command: the environment is completed, services are started.

A variable that is already set is never replaced: DATABASE_URL means "use that server, start none",
and a process that inherits our environment (an autoreload child, a supervised process) attaches to
nothing and stops nothing.
"""

import os
from collections.abc import Sequence

from omnidesk import env
from omnidesk.runtime.services import Services

# Commands that need neither PostgreSQL nor Valkey. `up` and `doctor` care for themselves.
WITHOUT_SERVICES = frozenset(
    {
        "",
        "help",
        "version",
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "doctor",
        "evaluate",
        "findstatic",
        "makemessages",
        "parse_mail",
        "spectacular",
        "startapp",
        "up",
    }
)

# Commands that work on tables and need nothing else.
WITHOUT_VALKEY = frozenset(
    {
        "dbshell",
        "dumpdata",
        "ensure_admin",
        "inspectdb",
        "makemigrations",
        "migrate",
        "optimizemigration",
        "showmigrations",
        "sqlmigrate",
        "squashmigrations",
    }
)

# Commands that see or change what row security and grants keep from the application.
AS_OWNER = frozenset(
    {
        "dbshell",
        "dumpdata",
        "flush",
        "inspectdb",
        "loaddata",
        "makemigrations",
        "migrate",
        "optimizemigration",
        "showmigrations",
        "sqlflush",
        "sqlmigrate",
        "squashmigrations",
    }
)


def command_of(argv: Sequence[str]) -> str:
    """The management command in `argv`, empty for none; `help` when only help is asked for."""
    arguments = list(argv[1:])
    if {"-h", "--help"} & set(arguments):
        return "help"
    if "--version" in arguments[:1]:
        return "version"
    return next((argument for argument in arguments if not argument.startswith("-")), "")


def needs(command: str, arguments: Sequence[str] = ()) -> tuple[bool, bool]:
    """Whether `command` needs PostgreSQL, and whether it needs Valkey."""
    if command in WITHOUT_SERVICES:
        return False, False
    if command == "makemigrations" and {"--check", "--dry-run"} & set(arguments):
        return False, False
    return True, command not in WITHOUT_VALKEY


def prepare(argv: Sequence[str]) -> Services | None:
    """Complete os.environ for the command in `argv` and start the embedded services it needs.

    Returns the services that this process uses from now on, None if it uses none. They are
    released at exit. Raises `SettingError` or `StartError`, both with one sentence.
    """
    command = command_of(argv)
    data = env.data_dir()
    os.environ["OMNIDESK_DATA"] = str(data)
    if command in AS_OWNER:
        os.environ.setdefault("OMNIDESK_ROLE", "owner")
    env.role()
    services = Services(data)
    services.make_folders()
    env.secret_key()  # Checked, and made if there is none.

    embedded = {"postgres": not env.text("DATABASE_URL"), "valkey": not env.text("REDIS_URL")}
    # For `doctor`, and only if nobody above us has noted it: we are about to set the addresses.
    os.environ.setdefault("OMNIDESK_EMBEDDED", ",".join(key for key in embedded if embedded[key]))
    postgres, valkey = needs(command, argv)
    start = {"postgres": embedded["postgres"] and postgres, "valkey": embedded["valkey"] and valkey}
    if any(start.values()):
        services.acquire(**start)
    # `up` has to see what is set by hand; it adds the addresses itself once the services run.
    if command != "up" and services.secrets_file.exists():
        os.environ.update(services.environment(**embedded))
    return services if any(start.values()) else None
