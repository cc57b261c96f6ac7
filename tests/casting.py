"""Copies of the cast: thousands of tests begin with it, and hiring it anew costs 70 ms each.

`prepare` hires the cast once through the product's own actions, keeps the rows that this wrote in
a schema of their own, and generates a database function which inserts them again under fresh ids.
A copy therefore follows whatever the actions write, and no two tests share an id: caches that
outlive a test never meet the organization of an earlier one.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from graphlib import TopologicalSorter

import psycopg
from django.db import connection, models, transaction
from psycopg import sql

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast, hire

SCHEMA = "casting"
# What the migrations wrote and every test finds: never emptied, never copied.
KEPT = ("django_migrations", "django_content_type", "auth_permission")


@dataclass(frozen=True)
class Column:
    """A column that an INSERT names; `refers` is the table whose key it holds."""

    name: str
    kind: str
    refers: str


# The application's role may not move a sequence; a block of ids is all that it gets.
BLOCK = f"""
CREATE FUNCTION {SCHEMA}.block(place text, size bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER AS $$
  SELECT setval(pg_get_serial_sequence(place, 'id'),
                nextval(pg_get_serial_sequence(place, 'id')) + size - 1)
$$"""

_templates: list[Cast] = []


def prepare(superuser_url: str) -> None:
    """Make this worker's database able to copy the cast; it is empty, and empty afterwards."""
    with transaction.atomic():
        with organization_scope(()):
            _templates[:] = [hire()]
            rows = _rows_written()
        transaction.set_rollback(True)
    with psycopg.connect(superuser_url) as owner:
        columns = {table: _columns(owner, table, set(rows)) for table in rows}
        owner.execute(f"CREATE SCHEMA {SCHEMA}")
        for table, found in rows.items():
            owner.execute(
                sql.SQL(
                    "CREATE TABLE {copy} AS"
                    " SELECT * FROM jsonb_populate_recordset(NULL::public.{table}, {rows})"
                ).format(
                    copy=sql.Identifier(SCHEMA, _copy(table)),
                    table=sql.Identifier(table),
                    rows=sql.Literal(json.dumps(found)),
                )
            )
        owner.execute(BLOCK)
        owner.execute(_function(columns))
        owner.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC")
        owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO PUBLIC")


def copied() -> Cast:
    """A cast under ids of its own; the caller holds a scope, which ends with seeing nobody."""
    moment = now()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SCHEMA}.hire(%s)", [moment])
        shifts: dict[str, int] = json.loads(cursor.fetchone()[0])
    [cast] = copy.deepcopy(_templates)
    for instance in _instances(cast):
        _move(instance, shifts, moment)
    return cast


def _rows_written() -> dict[str, list[dict[str, object]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND relname <> ALL(%s)",
            [list(KEPT)],
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT jsonb_agg(to_jsonb(t))::text FROM "{table}" t')
            if text := cursor.fetchone()[0]:
                found[table] = json.loads(text)
    return found


def _columns(
    owner: "psycopg.Connection[tuple[str, str, str]]", table: str, tables: set[str]
) -> list[Column]:
    """What an INSERT may name, with its type and the copied table that it refers to."""
    found = owner.execute(
        "SELECT a.attname, format_type(a.atttypid, NULL), coalesce(max(f.confrelid::regclass::text)"
        " FILTER (WHERE f.confrelid <> 0), '')"
        " FROM pg_attribute a LEFT JOIN pg_constraint f"
        " ON f.conrelid = a.attrelid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attgenerated = '' GROUP BY 1, 2, a.attnum ORDER BY a.attnum",
        [table],
    ).fetchall()
    return [
        Column(name, kind, table if name == "id" else refers if refers in tables else "")
        for name, kind, refers in found
    ]


def _function(columns: dict[str, list[Column]]) -> str:
    """One statement a table, in the order of their references; answers with the shift of each."""
    order = list(
        TopologicalSorter(
            {table: {c.refers for c in found} - {"", table} for table, found in columns.items()}
        ).static_order()
    )
    begin = [f"s_{table} bigint := {_shift(table)};" for table in order]
    inserts = [_insert(table, columns[table]) for table in order]
    told = ", ".join(f"'{table}', s_{table}" for table in order)
    return f"""
CREATE FUNCTION {SCHEMA}.hire(moment timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE {" ".join(begin)}
BEGIN
  PERFORM set_config('omnidesk.organizations', (
    SELECT string_agg((id + s_accounts_organization)::text, ',')
    FROM {SCHEMA}.{_copy("accounts_organization")}), true);
  {" ".join(inserts)}
  RETURN jsonb_build_object({told})::text;
END $$"""


def _copy(table: str) -> str:
    """Of another name than the table's: who looks for that finds one."""
    return f"copy_of_{table}"


def _shift(table: str) -> str:
    """As many ids as the table has rows, from its own sequence, one after the other."""
    size = "max(id) - min(id) + 1"
    return (
        f"(SELECT {SCHEMA}.block('public.{table}', {size}) - max(id) FROM {SCHEMA}.{_copy(table)})"
    )


def _insert(table: str, columns: list[Column]) -> str:
    names = ", ".join(f'"{c.name}"' for c in columns)
    values = ", ".join(_value(table, c) for c in columns)
    return f"INSERT INTO public.{table} ({names}) SELECT {values} FROM {SCHEMA}.{_copy(table)} r;"


def _value(table: str, column: Column) -> str:
    own = f'r."{column.name}"'
    if column.refers:
        return f"{own} + s_{column.refers}"
    if column.kind == "timestamp with time zone":
        return f"CASE WHEN {own} IS NULL THEN NULL ELSE moment END"
    if column.kind == "uuid":
        return f"md5({own}::text || s_{table}::text)::uuid"
    return own


def _instances(cast: Cast) -> Iterator[models.Model]:
    """Everybody and everything of the cast, and what hangs on them, each once."""
    todo = [getattr(cast, field.name) for field in fields(cast)]
    seen: set[int] = set()
    while todo:
        instance = todo.pop()
        if not isinstance(instance, models.Model) or id(instance) in seen:
            continue
        seen.add(id(instance))
        todo.extend(instance._state.fields_cache.values())
        yield instance


def _move(instance: models.Model, shifts: dict[str, int], moment: datetime) -> None:
    for field in instance._meta.concrete_fields:
        value = instance.__dict__.get(field.attname)
        if value is None:
            continue
        holder = field.related_model if field.is_relation else instance._meta.model
        if field.primary_key or field.is_relation:
            assert isinstance(holder, type)
            instance.__dict__[field.attname] = value + shifts[holder._meta.db_table]
        elif isinstance(value, datetime):
            instance.__dict__[field.attname] = moment
