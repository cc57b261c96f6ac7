"""The embedded PostgreSQL and Valkey of one test run, and its databases.

The first process (the xdist controller, or pytest itself) starts the services in a folder of
their own; xdist's workers inherit OMNIDESK_TEST_STACK and attach. Each worker gets a copy of one
migrated template database, its own Redis database and its own data folder.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from omnidesk.env import BASE_DIR
from omnidesk.runtime import roles
from omnidesk.runtime.files import exclusive
from omnidesk.runtime.postgres import DATABASE
from omnidesk.runtime.services import Services

TEMPLATE = "omnidesk_template"
FOLDER_VARIABLE = "OMNIDESK_TEST_STACK"

# A test database lives for one run: what makes a real one safe against power cuts is turned off.
POSTGRES_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
VALKEY_SETTINGS = {"databases": "64", "appendonly": "no"}

# What the developer's shell may hold and a test must not see.
FOREIGN = (
    "ANTHROPIC_API_KEY",
    "DATABASE_URL",
    "EMAIL_URL",
    "EMBEDDING_MODEL",
    "OMNIDESK_OWNER_DATABASE_URL",
    "QDRANT_URL",
    "REDIS_URL",
)

_running: list[Services] = []


def worker() -> str:
    """`gw0`, `gw1`, ... in an xdist worker, otherwise `main`."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _worker_number() -> int:
    return 0 if worker() == "main" else int(worker().removeprefix("gw")) + 1


def _services() -> Services:
    return Services(
        Path(os.environ[FOLDER_VARIABLE]), POSTGRES_SETTINGS, VALKEY_SETTINGS, ephemeral=True
    )


def prepare_environment() -> None:
    """Set the variables that the settings read; under pytest, start the services first.

    Other readers of the test settings (mypy's Django plugin) get addresses where nobody listens.
    """
    for name in (*FOREIGN, *(key for key in os.environ if key.startswith("OMNIDESK_"))):
        if name not in {FOLDER_VARIABLE, "OMNIDESK_ROLE"}:
            os.environ.pop(name, None)
    os.environ["OMNIDESK_SECRET_KEY"] = "tests-only-" + "k" * 40
    # As many test processes as cores run at once: torch's threads would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if FOLDER_VARIABLE not in os.environ:
        if "PYTEST_VERSION" not in os.environ:
            _set_addresses(Services(BASE_DIR / "var" / "no-services"))
            return
        folder = Path(tempfile.mkdtemp(prefix="omnidesk-test-"))
        folder.chmod(0o711)  # As root, PostgreSQL's own user passes through.
        os.environ[FOLDER_VARIABLE] = str(folder)
        services = _services()
        services.make_folders()
        services.acquire(postgres=True, valkey=True)
        _running.append(services)
    services = _services()
    _set_addresses(services)
    os.environ["REDIS_URL"] = services.valkey().url(_worker_number())
    os.environ["OMNIDESK_DATA"] = str(services.data / "workers" / worker())


def _set_addresses(services: Services) -> None:
    os.environ.update(services.environment(postgres=True, valkey=True))
    os.environ["OMNIDESK_DATA"] = str(services.data)


def stop() -> None:
    """End the services if this process started them. A killed run leaves that to the keeper."""
    while _running:
        _running.pop().release()
        os.environ.pop(FOLDER_VARIABLE, None)


def create_database() -> str:
    """Give this worker its database, a copy of the migrated template; returns its name."""
    server = _services().postgres()
    name = f"{DATABASE}_{worker()}"
    with (
        exclusive(server.data / "run" / "template.lock", seconds=600),
        psycopg.connect(server.superuser_url(), autocommit=True) as connection,
    ):
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [TEMPLATE]
        ).fetchone()
        if found is None:
            _create_template(connection)
        for statement in (
            "DROP DATABASE IF EXISTS {name} WITH (FORCE)",
            "CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}",
        ):
            connection.execute(
                sql.SQL(statement).format(
                    name=sql.Identifier(name),
                    template=sql.Identifier(TEMPLATE),
                    owner=sql.Identifier(roles.OWNER),
                )
            )
    return name


def app_url(database: str) -> str:
    """The application's URL for one of the test databases."""
    server = _services().postgres()
    return server.url(roles.APP, server.secrets.app_password, database)


def owner_url(database: str) -> str:
    """The owner's URL (BYPASSRLS) for one of the test databases: to write past the policies."""
    server = _services().postgres()
    return server.url(roles.OWNER, server.secrets.owner_password, database)


def superuser_url(database: str) -> str:
    """The cluster administrator's URL for one of the test databases."""
    return _services().postgres().superuser_url(database)


def _create_template(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Migrate once, as the owner and through manage.py, exactly as an installation does."""
    names = {
        "template": sql.Identifier(TEMPLATE),
        "owner": sql.Identifier(roles.OWNER),
        "app": sql.Identifier(roles.APP),
    }
    for statement in (
        "DROP DATABASE IF EXISTS {template} WITH (FORCE)",
        "CREATE DATABASE {template} OWNER {owner}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    server = _services().postgres()
    with psycopg.connect(server.superuser_url(TEMPLATE)) as inside:
        roles.grant(inside)
    owner_url = server.url(roles.OWNER, server.secrets.owner_password, TEMPLATE)
    migration = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "omnidesk.settings",
            "DATABASE_URL": owner_url,
            "OMNIDESK_OWNER_DATABASE_URL": owner_url,
            "OMNIDESK_ROLE": "owner",
        },
        capture_output=True,
        text=True,
    )
    if migration.returncode:
        pytest.fail(f"The migrations failed:\n{migration.stdout}{migration.stderr}", pytrace=False)
    # From here on nobody may change it, and its being a template says that it is complete.
    connection.execute(sql.SQL("ALTER DATABASE {template} IS_TEMPLATE true").format(**names))
