"""Asking the ai-worker when nobody is there: an answer by words, soon, and saying so."""

import time
from collections.abc import Iterator

import pytest
import redis
from django.conf import LazySettings

from ai import client
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.knowledge import save_article


@pytest.fixture(autouse=True)
def _nobody_there(redis_client: "redis.Redis", settings: LazySettings) -> Iterator[None]:
    settings.AI_REQUEST_TIMEOUT = 0.3
    client._rest.end()
    yield
    client._rest.end()


def test_search_falls_back_to_words_and_says_so(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        cast.ticket(subject="Toner", text="The printer is empty.")
        answer = client.search([cast.nordwerk.pk], "My VPN disconnects all the time")
    assert answer.degraded
    assert [hit.object_id for hit in answer.hits] == [ticket.pk]


def test_the_fallback_finds_published_articles_as_well(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = save_article(
            organization_id=cast.nordwerk.pk,
            title="VPN client",
            body="Restart it.",
            author=None,
        )
        save_article(
            organization_id=cast.nordwerk.pk,
            title="VPN client, new",
            body="Soon.",
            author=None,
            state="draft",
        )
        answer = client.search([cast.nordwerk.pk], "vpn client", kinds=["article"])
    assert [(hit.kind, hit.object_id) for hit in answer.hits] == [("article", article.pk)]


def test_the_fallback_stays_inside_the_organization(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        assert client.search([cast.lumen.pk], "VPN disconnects").hits == ()
    with organization_scope(cast.lumen.pk):
        assert client.search([cast.nordwerk.pk], "VPN disconnects").hits == ()


@pytest.mark.parametrize("text", ["", "   ", "?! -- &|()", "a b c", "\x00", "x" * 100_000])
def test_odd_questions_find_nothing_and_hurt_nobody(cast: Cast, text: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
        assert client.search([cast.nordwerk.pk], text).hits == ()


def test_the_first_silence_is_waited_for_and_the_next_is_not(cast: Cast) -> None:
    with pytest.raises(client.AiUnavailable):
        client.classify(cast.nordwerk.pk, "VPN", "drops")
    started = time.monotonic()
    with pytest.raises(client.AiUnavailable):
        client.status()
    assert time.monotonic() - started < 0.1
