"""The navigation's numbers: counted once, anew when something changed, and without a cache too."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.triage import assign
from tickets.models import Ticket
from tickets.view_selectors import view_counts


def numbers(user: User) -> tuple[dict[str, int], int]:
    """What a request of theirs would show, and how many queries of tickets that cost."""
    fresh = User.objects.get(pk=user.pk)
    with CaptureQueriesContext(connection) as queries:
        counts = view_counts(fresh)
    return counts, sum('FROM "tickets_ticket"' in one["sql"] for one in queries.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_numbers_are_kept_until_a_ticket_changes(live_cast: Cast) -> None:
    cast, home = live_cast, live_cast.nordwerk.pk
    with organization_scope(home):
        ticket = cast.ticket("VPN drops")
    with organization_scope(home, user_id=cast.alice.pk):
        first, asked = numbers(cast.alice)
        assert (first["open"], first["mine"], asked) == (1, 0, 1)
        assert numbers(cast.alice) == (first, 0)
    with organization_scope(home, user_id=cast.bob.pk):
        assert numbers(cast.bob)[1] == 1, "another person's numbers are their own"
    with organization_scope(home, user_id=cast.alice.pk):
        assign(ticket=ticket, actor=Actor.person(cast.alice), assignee=cast.alice)
        # Before it is committed, the one who changed it sees it, and nothing of it is kept.
        assert numbers(cast.alice)[0]["mine"] == 1
        transaction.set_rollback(True)
    with organization_scope(home, user_id=cast.alice.pk):
        assert numbers(cast.alice) == (first, 0)
    with organization_scope(home):
        assign(ticket=ticket, actor=Actor.person(cast.alice), assignee=cast.alice)
    with organization_scope(home, user_id=cast.alice.pk):
        after, asked = numbers(cast.alice)
        assert (after["open"], after["mine"], asked) == (1, 1, 1)
    with organization_scope(cast.lumen.pk, user_id=cast.charlie.pk):
        assert numbers(cast.charlie)[0]["open"] == 0


def test_without_a_cache_the_database_counts(cast: Cast, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=cast.ticket("VPN drops").pk).update(assignee=cast.alice)
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        connection.run_on_commit.clear()
        for _ in range(2):
            counts, asked = numbers(cast.alice)
            assert (counts["mine"], asked) == (1, 1)
