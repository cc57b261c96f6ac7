"""Updating many rows in one statement.

Django's `bulk_update` builds a CASE with one branch per row and column; at a few hundred rows
that costs seconds. An UPDATE that joins arrays costs what the rows cost.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def update_many(rows: Sequence[models.Model], names: Iterable[str]) -> int:
    """Write the fields `names` of saved rows of one model; returns how many rows there were.

    Queries: 1. Sends no signals and sets nothing by itself.
    """
    if not rows:
        return 0
    meta = rows[0]._meta
    key = meta.pk
    assert key is not None  # noqa: S101 - every model has one; for the type checker
    fields = [meta.get_field(name) for name in names]
    columns = [field.column for field in fields if isinstance(field, models.Field)]
    arrays = [
        [row.pk for row in rows],
        *([_stored(field, row) for row in rows] for field in fields),
    ]
    types = [_type(field) for field in (key, *fields)]
    names_of = ["id", *(f"v{number}" for number in range(len(columns)))]
    quote = connection.ops.quote_name
    table = quote(meta.db_table)
    settings = ", ".join(
        f"{quote(str(column))} = given.{name}"
        for column, name in zip(columns, names_of[1:], strict=True)
    )
    unnested = ", ".join(f"%s::{kind}[]" for kind in types)
    sql = (
        f"UPDATE {table} SET {settings} FROM unnest({unnested}) AS given({', '.join(names_of)})"  # noqa: S608 - identifiers of models, values as parameters
        f" WHERE {table}.{quote(str(key.column))} = given.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, arrays)
        return int(cursor.rowcount)


def _stored(field: Any, row: models.Model) -> Any:
    return field.get_db_prep_save(getattr(row, field.attname), connection)


def _type(field: Any) -> str:
    kind = field.db_type(connection)
    # Without its length: the column checks that.
    return str(kind).partition("(")[0]
