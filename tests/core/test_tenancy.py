"""Organizations are kept apart by the database itself."""

from collections.abc import Callable

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, ProgrammingError, connection, models, transaction
from psycopg import sql

from omnidesk import env
from omnidesk.core.models import TenantModel
from omnidesk.core.tenancy import (
    UnsafeDatabaseRole,
    current_organizations,
    organization_scope,
    refuse_unsafe_role,
    system_scope,
)
from tests import stack
from tests.cast import Cast
from tickets.models import Category, Tag, Ticket

TENANT_MODELS = [
    model
    for model in apps.get_models()
    if any(field.attname == "organization_id" for field in model._meta.concrete_fields)
]


def rows_of(sql: str, *params: str | int) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def test_every_table_with_an_organization_is_a_tenant_model() -> None:
    assert TENANT_MODELS
    assert [m for m in TENANT_MODELS if not issubclass(m, TenantModel)] == []


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_every_tenant_table_has_forced_row_security(model: type[models.Model], db: None) -> None:
    [(enabled, forced)] = rows_of(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s",
        model._meta.db_table,
    )
    assert enabled
    assert forced
    policies = rows_of(
        "SELECT cmd, qual, with_check FROM pg_policies WHERE tablename = %s", model._meta.db_table
    )
    assert {cmd for cmd, _, _ in policies} == {"SELECT", "ALL"}
    assert all("omnidesk_organizations" in str(qual) for _, qual, _ in policies)


# A value for a column that must not be NULL, by Django's name of the field's type.
BARE_VALUES: dict[str, object] = {
    "BooleanField": False,
    "DateField": "2026-01-01",
    "UUIDField": "00000000-0000-0000-0000-000000000001",
    "DateTimeField": "2026-01-01T00:00:00Z",
    "TimeField": "08:00",
    "DurationField": "1 hour",
    "JSONField": "{}",
    "ArrayField": "{}",
    "FloatField": 0,
    "DecimalField": 0,
    "BinaryField": b"",
}


def insert_bare_row(
    database: "psycopg.Connection[tuple[object, ...]]", model: type[models.Model], tenant: int
) -> None:
    """Insert the smallest row the table takes; foreign keys are off on this connection."""
    columns: dict[str, object] = {}
    for field in model._meta.concrete_fields:
        generated = field.primary_key or isinstance(field, models.GeneratedField)
        if generated or field.null or field.has_db_default():
            continue
        kind = field.get_internal_type()
        number = kind.endswith("IntegerField") or isinstance(field, models.ForeignKey)
        value = 1 if number else BARE_VALUES.get(kind, "")
        columns[str(field.column)] = tenant if field.attname == "organization_id" else value
    statement = sql.SQL("INSERT INTO {table} ({columns}) VALUES ({values})").format(
        table=sql.Identifier(model._meta.db_table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )
    database.execute(statement, list(columns.values()))


@pytest.fixture
def filled(transactional_db: None) -> dict[str, int]:
    """Organizations A and B, and one row of B in every tenant table.

    Written by the cluster's administrator without foreign keys, so that a bare row is enough
    and no factory can forget a table.
    """
    with psycopg.connect(
        stack.superuser_url(connection.settings_dict["NAME"]), autocommit=True
    ) as database:
        rows = database.execute(
            "INSERT INTO accounts_organization (name, slug, domains, language, timezone,"
            " allows_guest_intake, is_active, created_at, updated_at) VALUES"
            " ('A', 'a', '{}', 'en', 'UTC', false, true, now(), now()),"
            " ('B', 'b', '{}', 'en', 'UTC', false, true, now(), now()) RETURNING id"
        ).fetchall()
        a, b = (int(str(row[0])) for row in rows)
        database.execute("SET session_replication_role = replica")
        for model in TENANT_MODELS:
            insert_bare_row(database, model, b)
    return {"a": a, "b": b}


@pytest.mark.django_db(transaction=True)
def test_raw_sql_under_a_sees_nothing_of_b_in_any_table(filled: dict[str, int]) -> None:
    for model in TENANT_MODELS:
        table = connection.ops.quote_name(model._meta.db_table)
        with organization_scope(filled["b"]):
            assert rows_of(f"SELECT count(*) FROM {table}") != [(0,)], f"{table} has no row of B"
        with organization_scope(filled["a"]):
            assert rows_of(f"SELECT count(*) FROM {table}") == [(0,)], table
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {table}")
                assert cursor.rowcount == 0, table
        assert rows_of(f"SELECT count(*) FROM {table}") == [(0,)], f"{table} outside every scope"


def test_a_row_cannot_be_written_into_another_organization(cast: Cast) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        organization_scope(cast.nordwerk.pk),
    ):
        Tag.objects.create(organization=cast.lumen, name="smuggled")


def test_a_row_cannot_be_moved_into_another_organization(cast: Cast) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        organization_scope(cast.nordwerk.pk),
    ):
        Category.objects.filter(pk=cast.vpn.pk).update(organization=cast.lumen)


def test_an_inner_scope_gives_the_outer_its_view_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
        with organization_scope(cast.lumen.pk):
            assert Ticket.objects.count() == 0
        assert Ticket.objects.count() == 1
        assert current_organizations() == {cast.nordwerk.pk}
    assert current_organizations() == frozenset()


def test_a_failed_inner_scope_gives_the_outer_its_view_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
        with pytest.raises(ZeroDivisionError), organization_scope(cast.lumen.pk):
            raise ZeroDivisionError
        assert Ticket.objects.count() == 1


def test_the_system_scope_sees_every_organization(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    with system_scope():
        assert Ticket.objects.count() == 1
        assert Category.objects.count() == 2


def test_the_application_role_is_safe(db: None) -> None:
    refuse_unsafe_role()


@pytest.mark.parametrize("url", [stack.owner_url, stack.superuser_url])
def test_a_role_that_bypasses_row_security_is_refused(
    url: Callable[[str], str], transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_DATABASE_URL", url(connection.settings_dict["NAME"]))
    connection.close()
    for key, value in env.database("OTHER_DATABASE_URL").items():
        monkeypatch.setitem(connection.settings_dict, key, value)
    try:
        with pytest.raises(UnsafeDatabaseRole, match="NOSUPERUSER NOBYPASSRLS"):
            refuse_unsafe_role()
    finally:
        connection.close()


def test_the_change_log_refuses_updates_and_deletes(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        for sql in (
            "UPDATE tickets_change SET verb = 'x' WHERE ticket_id = %s",
            "DELETE FROM tickets_change WHERE ticket_id = %s",
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                rows_of(sql, ticket.pk)
