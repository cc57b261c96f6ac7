"""Fixtures for all tests: the database on the application's role, and a clean Redis."""

import gc
import os
from collections.abc import Iterator

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from django.utils import timezone, translation
from pytest_django.plugin import DjangoDbBlocker

from omnidesk.core.tenancy import organization_scope
from tests import casting, stack
from tests.cast import Cast


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starts of a whole installation first: at the end, the other workers would wait for them."""
    items.sort(key=lambda item: item.path.name != "test_up.py")


def pytest_collection_finish() -> None:
    """Five thousand tests and all that they import stay to the end: looking through them for
    garbage again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    stack.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replaces pytest-django's: a copy of the template, used with the application's role.

    The role is neither superuser nor BYPASSRLS, so row security applies in every test.
    """
    name = stack.create_database()
    connections.close_all()
    for target in (settings.DATABASES["default"], connections["default"].settings_dict):
        target["NAME"] = name
    os.environ["DATABASE_URL"] = stack.app_url(name)
    with django_db_blocker.unblock():
        casting.prepare(stack.superuser_url(name))
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def _empty_the_tables(_test: object) -> None:
    """After a test that commits: delete what it wrote, with triggers and foreign keys off.

    Django's TRUNCATE takes an exclusive lock on each of 150 tables. That costs more than most of
    the tests, and it deadlocks with a view that still answers a browser which has left.
    """
    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(stack.superuser_url(name), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        written = connection.execute(
            "SELECT format('DELETE FROM %%I', relname) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> ALL(%s) AND pg_relation_size(oid) > 0 ORDER BY relname",
            [list(casting.KEPT)],
        ).fetchall()
        for (statement,) in written:
            connection.execute(statement)


TransactionTestCase._fixture_teardown = _empty_the_tables  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A request in another language or zone leaves it active in its thread: undo that."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def redis_client() -> Iterator["redis.Redis"]:
    """This worker's Redis database, empty before and after the test."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def cast(db: None) -> Cast:
    """The people of most tests (tests/cast.py); open a scope before touching their tickets."""
    with organization_scope(()):
        return casting.copied()


@pytest.fixture
def live_cast(transactional_db: None) -> Cast:
    """The cast in a committed database: for sockets, workers, browsers and on-commit events."""
    with organization_scope(()):
        return casting.copied()
