"""Which organizations the current code may see, enforced by PostgreSQL row-level security.

The context lives twice: in a `ContextVar` (so that code can ask) and in the transaction-local
settings `omnidesk.organizations` and `omnidesk.user` (so that the database can enforce).
Outside a scope the application's role sees no tenant-owned row at all.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from omnidesk.core.aftermath import gathering

_organizations: ContextVar[frozenset[int]] = ContextVar("organizations", default=frozenset())


class UnsafeDatabaseRole(RuntimeError):
    """The application's database role can bypass row-level security."""


def current_organizations() -> frozenset[int]:
    """Ids of the organizations the running code may see; empty outside every scope."""
    return _organizations.get()


@contextmanager
def organization_scope(
    organizations: int | Iterable[int], *, user_id: int | None = None
) -> Iterator[None]:
    """Open a transaction that sees exactly `organizations` (one id or several).

    `user_id` additionally opens that person's own memberships. Scopes nest: the inner one
    replaces the outer until it ends. What was published inside is told when the outermost ends.
    """
    ids = frozenset([organizations] if isinstance(organizations, int) else organizations)
    with nullcontext() if connection.in_atomic_block else gathering(), _scope(ids, user_id):
        yield


@contextmanager
def _scope(ids: frozenset[int], user_id: int | None) -> Iterator[None]:
    token = _organizations.set(ids)
    try:
        with transaction.atomic():
            nested = len(connection.savepoint_ids) > 0
            person = "" if user_id is None else str(int(user_id))
            if nested:
                earlier = _exchange(_render(ids), person)
            else:
                earlier = None
                _write_raw(_render(ids), person)
            yield
            # A scope that ends inside an outer one gives the outer its view back. (After an
            # error the savepoint's rollback does that: SET LOCAL is transactional.)
            if earlier is not None and not connection.needs_rollback:
                _write_raw(*earlier)
    finally:
        _organizations.reset(token)


@contextmanager
def system_scope() -> Iterator[None]:
    """Open a transaction that sees every organization: sweeps, commands, installation owners."""
    with organization_scope(all_organization_ids()):
        yield


def all_organization_ids() -> frozenset[int]:
    """Ids of all organizations (the directory itself is not tenant-owned)."""
    model = apps.get_model(settings.ORGANIZATION_MODEL)
    return frozenset(model._default_manager.values_list("pk", flat=True))


def replace_scope(organizations: Iterable[int]) -> None:
    """Change what the running scope sees, for its rest: a request that just learnt who asks."""
    ids = frozenset(organizations)
    _organizations.set(ids)
    _write_one("organizations", _render(ids))


def identify(user_id: int) -> None:
    """Let the running scope read this person's own memberships: a token was just recognised."""
    _write_one("user", str(int(user_id)))


def extend_scope(organization_id: int) -> None:
    """Let the running scope also see an organization that was created inside it."""
    replace_scope(_organizations.get() | {organization_id})


def _render(ids: Iterable[int]) -> str:
    return ",".join(str(int(i)) for i in sorted(ids))


def _write_raw(organizations: str, user: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('omnidesk.organizations', %s, true),"
            " set_config('omnidesk.user', %s, true)",
            [organizations, user],
        )


def _write_one(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [f"omnidesk.{name}", value])


def _exchange(organizations: str, user: str) -> tuple[str, str]:
    """Write both settings and return what they were, in one statement.

    The materialized part is read in full before the outer row that writes is made.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH earlier AS MATERIALIZED ("
            "SELECT coalesce(current_setting('omnidesk.organizations', true), '') AS o,"
            " coalesce(current_setting('omnidesk.user', true), '') AS u)"
            " SELECT o, u, set_config('omnidesk.organizations', %s, true),"
            " set_config('omnidesk.user', %s, true) FROM earlier",
            [organizations, user],
        )
        row = cursor.fetchone()
    return row[0], row[1]


def refuse_unsafe_role() -> None:
    """Raise `UnsafeDatabaseRole` where the connected role would make isolation a no-op."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        name, superuser, bypass = cursor.fetchone()
    if superuser or bypass:
        why = "is a superuser" if superuser else "has BYPASSRLS"
        raise UnsafeDatabaseRole(
            f"The database role '{name}' {why}, so organizations would not be kept apart. "
            "Point DATABASE_URL at a role with NOSUPERUSER NOBYPASSRLS."
        )
