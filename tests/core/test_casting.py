"""The cast that tests get is the one that the product's actions would have made."""

import re
from collections.abc import Callable
from dataclasses import fields

import pytest
from django.db import connection, transaction
from django.forms.models import model_to_dict

from omnidesk.core.tenancy import organization_scope, system_scope
from tests.cast import Cast, hire
from tests.casting import KEPT, copied

pytestmark = pytest.mark.django_db


def written(by: Callable[[], Cast]) -> dict[str, list[str]]:
    """Every row that a cast consists of, comparable; nothing of it stays."""
    found = {}
    with transaction.atomic():
        with organization_scope(()):
            by()
        with system_scope(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in set(connection.introspection.table_names(cursor)) - set(KEPT):
                cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
                if rows := sorted(comparable(row) for (row,) in cursor.fetchall()):
                    found[table] = rows
        transaction.set_rollback(True)
    return found


def comparable(row: str) -> str:
    """Without the values of keys, marks, times and salts."""
    row = re.sub(r'("(?:\w+_)?id"): \d+', r"\1: 1", row)
    row = re.sub(r'"\d{4}-\d\d-\d\dT[^"]+"', '"then"', row)
    row = re.sub(r'"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"', '"mark"', row)
    return re.sub(r"md5\$\w+\$\w+", "md5", row)


def test_a_copy_has_every_row_that_hiring_writes() -> None:
    hired = written(hire)
    assert len(hired) > 20
    assert written(copied) == hired


def test_its_people_and_things_are_the_rows_of_the_database(cast: Cast) -> None:
    with system_scope():
        for field in fields(cast):
            given = getattr(cast, field.name)
            kept = type(given).objects.get(pk=given.pk)
            assert model_to_dict(given) == model_to_dict(kept), field.name
            assert given.created_at == kept.created_at
    assert cast.network.organization is cast.nordwerk
    assert cast.vpn.default_team is cast.network


def test_no_two_copies_share_an_id() -> None:
    ids = []
    for _ in range(2):
        with transaction.atomic():
            with organization_scope(()):
                cast = copied()
            ids.append({getattr(cast, field.name).pk for field in fields(cast)})
            transaction.set_rollback(True)
    assert not ids[0] & ids[1]
