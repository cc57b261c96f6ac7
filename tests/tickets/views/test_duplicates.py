"""Perhaps the same: while a ticket is opened, on a new one, and in the portal."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets import meaning
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.duplicate_selectors import shares_words, words_in
from tickets.meaning import Meant, Near
from tickets.models import Status, Ticket, TicketLink

TYPED = "/desk/new/duplicates/"
# Nothing to see, and no longer empty: the page gives back the room that it kept.
NONE = b"<span hidden></span>"


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
def away() -> Iterator[None]:
    """The AI does not answer."""
    kept = list(meaning._finders)
    meaning._finders.clear()
    yield
    meaning._finders[:] = kept


@pytest.fixture
def old(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket("Badge reader at door three is dead", "It stays shut.")


def solve(cast: Cast, ticket: Ticket, days: int) -> None:
    with organization_scope(cast.nordwerk.pk):
        status = Status.objects.get(organization=cast.nordwerk, key="resolved")
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status)
        Ticket.objects.filter(pk=ticket.pk).update(resolved_at=now() - timedelta(days=days))


@pytest.mark.parametrize(
    ("subject", "typed", "alike"),
    [
        ("VPN drops every few minutes", "the printer drops its paper", False),
        ("VPN drops every few minutes", "it drops every few hours", True),
        ("Badge reader", "the badge reader at door 3", True),
        ("Printer", "my printer is on fire", True),
        ("Printer in room five jams", "my printer", False),
        ("", "anything at all", False),
        ("a b c", "a b c", False),
    ],
)
def test_enough_of_the_subject_must_be_said(subject: str, typed: str, alike: bool) -> None:
    assert shares_words(subject, words_in(typed)) is alike


class TestWhileTyping:
    def test_the_person_s_tickets_and_near_ones_are_shown(
        self, cast: Cast, sign_in: SignIn, old: Ticket, near: list[Near]
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            far = cast.ticket("Canteen")
        near.append(Near("ticket", old.pk, "close"))
        client = sign_in(cast.alice)
        given = {"organization": str(cast.nordwerk.pk), "subject": "The door does not open"}
        page = client.get(TYPED, given).content.decode()
        assert str(old.number) in page
        assert str(far.number) not in page
        page = client.get(TYPED, {**given, "requester": "DANA@nordwerk.example"}).content.decode()
        assert page.index(str(old.number)) < page.index(str(far.number))
        assert "same person" in page

    def test_what_was_solved_long_ago_is_another_matter(
        self, cast: Cast, sign_in: SignIn, old: Ticket, near: list[Near]
    ) -> None:
        near.append(Near("ticket", old.pk, "close"))
        given = {"organization": str(cast.nordwerk.pk), "subject": "The door does not open"}
        solve(cast, old, 3)
        assert str(old.number) in sign_in(cast.alice).get(TYPED, given).content.decode()
        with organization_scope(cast.nordwerk.pk):
            Ticket.objects.filter(pk=old.pk).update(resolved_at=now() - timedelta(days=15))
        assert str(old.number) not in sign_in(cast.alice).get(TYPED, given).content.decode()

    def test_with_the_ai_away_words_are_compared_and_it_is_said(
        self, cast: Cast, sign_in: SignIn, old: Ticket, away: None
    ) -> None:
        given = {"organization": str(cast.nordwerk.pk), "subject": "badge reader"}
        page = sign_in(cast.alice).get(TYPED, given).content.decode()
        assert str(old.number) in page
        assert "only words are compared" in page

    def test_a_ticked_one_stays_and_becomes_a_link(
        self, cast: Cast, sign_in: SignIn, old: Ticket, near: list[Near]
    ) -> None:
        client = sign_in(cast.alice)
        given = {
            "organization": str(cast.nordwerk.pk), "requester": "new@nordwerk.example",
            "subject": "Something else", "duplicate_of": str(old.number),
        }  # fmt: skip
        assert " checked" in client.get(TYPED, given).content.decode()
        answer = client.post("/desk/new/", {**given, "text": "Shut again", "source": "phone"})
        assert answer.status_code == 302, answer.content
        with organization_scope(cast.nordwerk.pk):
            link = TicketLink.objects.get()
            assert (link.kind, link.target_id) == ("duplicate", old.pk)

    def test_nonsense_and_foreign_places_show_nothing(
        self, cast: Cast, sign_in: SignIn, old: Ticket, near: list[Near]
    ) -> None:
        # Even what a finder should never have named does not pass the gate.
        near.append(Near("ticket", old.pk, "near_identical"))
        client = sign_in(cast.charlie)
        for place in (str(cast.nordwerk.pk), "", "x", "9" * 30, "\x00"):
            given = {
                "organization": place, "subject": "badge reader", "requester": "\x00",
                "duplicate_of": [str(old.number), "x", "9" * 30],
            }  # fmt: skip
            answer = client.get(TYPED, given)
            assert answer.status_code == 200
            assert str(old.number) not in answer.content.decode()

    def test_it_costs_the_same_for_many(
        self,
        cast: Cast,
        sign_in: SignIn,
        near: list[Near],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = sign_in(cast.alice)
        given = {
            "organization": str(cast.nordwerk.pk), "subject": "The door does not open",
            "requester": "dana@nordwerk.example",
        }  # fmt: skip
        client.get(TYPED, given)
        for count in (1, 8):
            with organization_scope(cast.nordwerk.pk):
                made = [cast.ticket(f"Door {count} {n}") for n in range(count)]
            near += [Near("ticket", one.pk, "close") for one in made]
            # Frame (7); the person's tickets, the near ones.
            with django_assert_num_queries(9):
                client.get(TYPED, given)


class TestOnATicket:
    def test_a_new_one_shows_its_likely_duplicate_with_one_key_each(
        self, cast: Cast, sign_in: SignIn, old: Ticket
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            new = cast.ticket("Door three: the badge reader is dead")
        client = sign_in(cast.alice)
        url = f"/desk/t/{new.number}/duplicates/"
        assert f'hx-get="{url}"' in client.get(f"/desk/t/{new.number}/").content.decode()
        strip = client.get(url, headers=htmx("duplicates")).content.decode()
        assert f"{old.number}</span> Badge reader" in strip
        assert 'data-key="u"' in strip
        assert 'data-key="Shift+U"' in strip
        assert "same person" in strip
        merge = client.get(f"/desk/t/{new.number}/merge/?into={old.number}").content.decode()
        assert f"Merge {new.number} into {old.number}" in merge
        given = {"ticket": str(old.number), "relation": "duplicate_of"}
        client.post(f"/desk/t/{new.number}/link/", given)
        assert client.get(url).content.strip() == NONE

    def test_the_verdict_s_near_ones_come_first_and_far_ones_not_at_all(
        self, cast: Cast, sign_in: SignIn, old: Ticket
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            far, new = cast.ticket("Canteen"), cast.ticket("It does not let me in")
            sources = [
                {"kind": "ticket", "number": far.number, "level": "related"},
                {"kind": "ticket", "number": old.number, "level": "close"},
                {"kind": "ticket", "number": True, "level": "close"},
                "nonsense",
            ]
            Ticket.objects.filter(pk=new.pk).update(ai_verdict={"sources": sources})
        client = sign_in(cast.alice)
        strip = client.get(f"/desk/t/{new.number}/duplicates/").content.decode()
        assert f"{old.number}</span> Badge reader" in strip
        assert "Canteen" not in strip
        # The page keeps room for what the verdict names.
        assert b"data-expected" in client.get(f"/desk/t/{new.number}/").content
        assert b"data-expected" not in client.get(f"/desk/t/{far.number}/").content

    def test_an_answered_one_shows_none(self, cast: Cast, sign_in: SignIn, old: Ticket) -> None:
        with organization_scope(cast.nordwerk.pk):
            new = cast.ticket("Badge reader at door three is dead")
            reply(ticket=new, actor=Actor.person(cast.alice), text="On our way")
        client = sign_in(cast.alice)
        assert client.get(f"/desk/t/{new.number}/duplicates/").content.strip() == NONE
        assert b"/duplicates/" not in client.get(f"/desk/t/{new.number}/").content

    def test_others_are_kept_out(self, cast: Cast, sign_in: SignIn, old: Ticket) -> None:
        url = f"/desk/t/{old.number}/duplicates/"
        assert sign_in(cast.charlie).get(url).status_code == 404
        assert sign_in(cast.dana).get(url).status_code == 302


class TestPortal:
    def test_who_told_us_already_sees_their_own_ticket(
        self, cast: Cast, sign_in: SignIn, old: Ticket, away: None
    ) -> None:
        url = "/new/answers/?subject=badge+reader&text=the+door+three+badge+reader+is+dead"
        page = sign_in(cast.dana).get(url, headers=htmx("answers")).content.decode()
        assert "You already told us about this" in page
        assert f'href="/tickets/{old.number}/"' in page

    def test_meaning_finds_it_in_other_words(
        self, cast: Cast, sign_in: SignIn, old: Ticket, near: list[Near]
    ) -> None:
        near.append(Near("ticket", old.pk, "close"))
        url = "/new/answers/?subject=cannot+enter+the+building"
        assert str(old.number) in sign_in(cast.dana).get(url).content.decode()

    def test_other_people_s_and_solved_tickets_are_not_shown(
        self, cast: Cast, sign_in: SignIn, old: Ticket, near: list[Near]
    ) -> None:
        near.append(Near("ticket", old.pk, "near_identical"))
        url = "/new/answers/?subject=badge+reader+at+door+three+is+dead"
        for other in (cast.charlie, cast.bob):
            assert str(old.number) not in sign_in(other).get(url).content.decode()
        solve(cast, old, 0)
        assert str(old.number) not in sign_in(cast.dana).get(url).content.decode()
