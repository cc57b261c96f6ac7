"""The roles and the database inside the embedded PostgreSQL."""

import psycopg
from psycopg import sql

from omnidesk.runtime.postgres import DATABASE, Postgres

OWNER = "omnidesk_owner"
APP = "omnidesk_app"
# A ticket is read with the seven things beside it, each found by its key: the joins are good as
# they are written, and finding their best order took ten times as long as the query. Nor does
# anything that people wait for get faster by being compiled first.
PLANNING = {"join_collapse_limit": "4", "jit": "off"}

# Written last, so its presence says that everything before it was done. Raise the number when
# the statements below change.
_READY = "omnidesk roles 2"


def ensure(server: Postgres) -> None:
    """Create the owner, the application's role and the database. Safe to repeat at any point.

    The owner may bypass row security (migrations and backups see all rows) and owns the
    database; the application's role may neither bypass it nor own anything.
    """
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        if _is_ready(connection):
            return
        _ensure_role(connection, OWNER, server.secrets.owner_password, "BYPASSRLS")
        _ensure_role(connection, APP, server.secrets.app_password, "NOBYPASSRLS")
        for name, value in PLANNING.items():
            connection.execute(
                sql.SQL("ALTER ROLE {} SET {} TO {}").format(
                    sql.Identifier(APP), sql.Identifier(name), sql.Literal(value)
                )
            )
        exists = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if exists is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )
    with psycopg.connect(server.superuser_url(DATABASE)) as connection:
        grant(connection)
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(DATABASE), sql.Literal(_READY)
            )
        )


def grant(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """In the connected database: the owner owns the schema, the application reads and writes."""
    names = {"owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
    defaults = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
    for statement in (
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}",
        f"{defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {{app}}",
        f"{defaults} GRANT USAGE, SELECT ON SEQUENCES TO {{app}}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _is_ready(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    row = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
        [DATABASE],
    ).fetchone()
    return row is not None and row[0] == _READY


def _ensure_role(
    connection: "psycopg.Connection[tuple[object, ...]]", name: str, password: str, row_rule: str
) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    # The identifier, the literal and `row_rule` (a constant of this module) are the only parts.
    statement = sql.SQL(
        "{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION {rule} "
        "PASSWORD {password}"
    ).format(
        verb=sql.SQL("CREATE" if exists is None else "ALTER"),
        name=sql.Identifier(name),
        rule=sql.SQL(row_rule),
        password=sql.Literal(password),
    )
    connection.execute(statement)
