"""Search at the desk: words, meaning, highlights, and the palette."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets import meaning
from tickets.actions.base import Actor
from tickets.actions.reply import add_note, reply
from tickets.meaning import Meant, Near
from tickets.models import Ticket
from tickets.search_selectors import fused, typed_tickets


@pytest.fixture
def near() -> Iterator[list[Near]]:
    """What the port's finder answers; without an ai-worker in the test, one of our own."""
    kept, answers = list(meaning._finders), list[Near]()

    def finder(organizations: Sequence[int], words: str, limit: int) -> Meant:
        return Meant(tuple(answers))

    meaning.register_finder(finder)
    yield answers
    meaning._finders[:] = kept


@pytest.fixture
def alone() -> Iterator[None]:
    """No finder: the AI is not there."""
    kept = list(meaning._finders)
    meaning._finders.clear()
    yield
    meaning._finders[:] = kept


@pytest.fixture
def tickets(cast: Cast) -> list[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        found = [
            cast.ticket("Badge reader at door 3", "It stays shut <b>today</b>."),
            cast.ticket("Printer", "No toner."),
            cast.ticket("Canteen", "The soup is cold."),
        ]
        reply(ticket=found[1], actor=Actor.person(cast.alice), text="Is the cartridge empty?")
        add_note(ticket=found[2], actor=Actor.person(cast.alice), text="Ask the facility.")
        return found


def test_subject_text_answers_and_notes_are_found_and_marked(
    cast: Cast, sign_in: SignIn, tickets: list[Ticket], near: list[Near]
) -> None:
    client = sign_in(cast.alice)
    for words, at, shown in (
        ("badge", 0, "<mark>Badge</mark> reader"),
        ("shut", 0, "stays <mark>shut</mark>"),
        ("cartridge", 1, "<mark>cartridge</mark>"),
        ("facility", 2, "<mark>facility</mark>"),
    ):
        page = client.get("/desk/search/", {"q": words}).content.decode()
        assert shown in page, words
        assert "<b>today" not in page
        assert page.count("data-row ") == 1, words
        assert f"row-{tickets[at].number}" in page


def test_another_organization_finds_nothing(
    cast: Cast, sign_in: SignIn, tickets: list[Ticket], near: list[Near]
) -> None:
    # Even what a finder should never have named does not pass the gate.
    near.append(Near("ticket", tickets[0].pk))
    for words in ("badge", "cartridge", str(tickets[0].number)):
        page = sign_in(cast.charlie).get("/desk/search/", {"q": words})
        assert b"data-row " not in page.content, words


def test_meaning_joins_what_the_words_do_not_find(
    cast: Cast, sign_in: SignIn, tickets: list[Ticket], near: list[Near]
) -> None:
    near += [Near("ticket", tickets[2].pk), Near("ticket", tickets[0].pk)]
    page = sign_in(cast.alice).get("/desk/search/", {"q": "door"}).content.decode()
    places = [page.index(f"row-{tickets[at].number}") for at in (0, 2)]
    assert places == sorted(places)
    assert "only words are compared" not in page


def test_without_the_ai_the_page_says_so_and_words_still_find(
    cast: Cast, sign_in: SignIn, tickets: list[Ticket], alone: None
) -> None:
    client = sign_in(cast.alice)
    page = client.get("/desk/search/", {"q": "badge"}).content.decode()
    assert "only words are compared" in page
    assert f"row-{tickets[0].number}" in page
    part = client.get("/desk/search/near/", {"q": "badge"}).content.decode()
    assert "only words are compared" in part


def test_a_search_costs_few_queries(
    cast: Cast, sign_in: SignIn, tickets: list[Ticket], near: list[Near],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    client = sign_in(cast.alice)
    client.get("/desk/search/")
    # The frame (8, see test_desk_list); words, rows, messages, articles.
    with django_assert_num_queries(12):
        client.get("/desk/search/", {"q": "badge or cartridge or soup"})
    # Without the navigation's counts: tickets, people, articles.
    with django_assert_num_queries(10):
        client.get("/desk/search/", {"q": "badge"}, headers=htmx("palette-results"))


@pytest.mark.parametrize(
    "words", ["'", "a'b", "a & | b", "((", ":*", "\\", "!x", "<->", "ba'); DROP", "%", "😀", "-",
              "\x00a", "x" * 500, "1" * 30],
)  # fmt: skip
def test_no_sign_breaks_the_search(
    cast: Cast, sign_in: SignIn, words: str, near: list[Near]
) -> None:
    client = sign_in(cast.alice)
    assert client.get("/desk/search/", {"q": words}).status_code == 200
    part = client.get("/desk/search/", {"q": words}, headers=htmx("palette-results"))
    assert part.status_code == 200


def test_the_last_word_may_be_a_beginning(cast: Cast, tickets: list[Ticket]) -> None:
    with organization_scope(cast.nordwerk.pk):
        for words, found in (("bad", 1), ("badge rea", 1), ("badge toner", 0), ("cart", 1)):
            assert len(typed_tickets(Ticket.objects.all(), words)) == found, words


def test_the_palette_offers_people_places_and_actions(
    cast: Cast, sign_in: SignIn, tickets: list[Ticket]
) -> None:
    client = sign_in(cast.alice)

    def find(**query: Any) -> str:
        return client.get("/desk/search/", query, headers=htmx("palette-results")).content.decode()

    assert "Dana Requester" in find(q="dana")
    assert "Charlie" not in find(q="charlie")
    assert "Unassigned" in find(q="unass")
    assert "Set priority" not in find(q="urgent")
    acts = find(q="urgent", number=[t.number for t in tickets])
    assert "Do with 3 tickets" in acts
    assert "priority:critical" in acts
    assert "Badge" not in find(q="@badge")
    assert "Badge" in find(q="#badge")
    assert "Dana" not in find(q=">dana", number=tickets[0].number)


def test_who_stands_high_in_both_rankings_comes_first() -> None:
    assert fused([1, 2, 3], [3, 4]) == [3, 1, 4, 2]
    assert fused([], []) == []
