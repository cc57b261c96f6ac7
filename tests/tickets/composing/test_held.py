"""An answer that can be taken back: nobody has it before its time, then it goes out once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.access import readable_messages
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.drafts import Writing, hold, save_draft, send_held, take_back
from tickets.actions.lifecycle import delete_ticket
from tickets.actions.reply import reply
from tickets.choices import MessageKind
from tickets.draft_selectors import held_and_due
from tickets.models import Change, Draft, Message, Status, Ticket
from tickets.tasks import sweep_held

REPLY = MessageKind.PUBLIC


@pytest.fixture
def ticket(cast: Cast) -> Iterator[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        yield cast.ticket()


def held(ticket: Ticket, user: User, text: str = "Try again", **more: object) -> Draft:
    writing = Writing(kind=REPLY, text=text, **more)  # type: ignore[arg-type]
    return hold(ticket=ticket, user=user, writing=writing, seconds=15)


def let_time_pass() -> None:
    Draft.objects.exclude(send_at=None).update(send_at=now() - timedelta(seconds=1))


def answers(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(is_opening=False).values_list("text", flat=True))


def test_nothing_of_it_exists_before_its_time(cast: Cast, ticket: Ticket) -> None:
    solved = Status.objects.get(key="resolved")
    draft = held(ticket, cast.alice, status=solved, files=[NewFile("a.txt", b"a")])
    assert not send_held(draft_id=draft.pk).sent
    ticket.refresh_from_db()
    assert (ticket.version, ticket.status.key, ticket.message_count) == (1, "new", 1)
    assert answers(ticket) == []
    assert not readable_messages(cast.dana, ticket).filter(is_opening=False).exists()
    assert not Change.objects.filter(verb="ticket.replied").exists()


def test_it_goes_out_once_with_all_that_was_staged(cast: Cast, ticket: Ticket) -> None:
    solved = Status.objects.get(key="resolved")
    draft = held(
        ticket, cast.alice, status=solved, cc=["jo@x.example"], files=[NewFile("a.txt", b"a")]
    )
    let_time_pass()
    assert held_and_due() == [(cast.nordwerk.pk, draft.pk)]
    assert [send_held(draft_id=draft.pk).sent for _ in range(3)] == [True, False, False]
    message = Message.objects.get(is_opening=False)
    assert (message.text, message.author, message.cc) == (
        "Try again", cast.alice, ["jo@x.example"],
    )  # fmt: skip
    assert [file.name for file in message.attachments.all()] == ["a.txt"]
    ticket.refresh_from_db()
    assert ticket.status.key == "resolved"
    assert not Draft.objects.exists()


def test_taken_back_it_is_a_draft_again_and_never_goes_out(cast: Cast, ticket: Ticket) -> None:
    draft = held(ticket, cast.alice)
    save_draft(ticket=ticket, user=cast.alice, kind=REPLY, text="And one more", revision=None)
    assert take_back(draft_id=draft.pk, user=cast.bob) is None
    back = take_back(draft_id=draft.pk, user=cast.alice)
    assert back is not None
    assert back.text == "Try again\n\nAnd one more"
    assert take_back(draft_id=draft.pk, user=cast.alice) is None
    let_time_pass()
    assert not send_held(draft_id=draft.pk).sent
    assert answers(ticket) == []


def test_a_save_that_left_before_the_sending_adds_nothing(cast: Cast, ticket: Ticket) -> None:
    draft = held(ticket, cast.alice)
    late = save_draft(ticket=ticket, user=cast.alice, kind=REPLY, text="Try again", revision=None)
    assert late is None
    assert Draft.objects.count() == 1
    back = take_back(draft_id=draft.pk, user=cast.alice)
    assert back is not None
    assert back.text == "Try again"


def test_what_would_be_refused_then_is_refused_at_once(cast: Cast, ticket: Ticket) -> None:
    foreign_reason_needed = Status.objects.get(key="closed")
    ticket.type.workflow["steps"] = [["new", "open", "agent", []]]  # type: ignore[union-attr]
    ticket.type.save()  # type: ignore[union-attr]
    with pytest.raises(InvalidChange, match="cannot go from"):
        held(ticket, cast.alice, status=foreign_reason_needed)
    with pytest.raises(InvalidChange, match="Write a message"):
        held(ticket, cast.alice, text="  ")
    assert not Draft.objects.exclude(send_at=None).exists()


def test_what_cannot_be_sent_any_more_returns_with_the_reason(cast: Cast, ticket: Ticket) -> None:
    draft = held(ticket, cast.alice)
    delete_ticket(ticket=ticket, actor=Actor.person(cast.bob))
    let_time_pass()
    assert "bin" in send_held(draft_id=draft.pk).problem
    draft.refresh_from_db()
    assert draft.send_at is None
    assert "bin" in draft.problem
    assert answers(ticket) == []


def test_who_left_the_desk_sends_nothing(cast: Cast, ticket: Ticket) -> None:
    draft = held(ticket, cast.alice)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    let_time_pass()
    assert send_held(draft_id=draft.pk).problem
    assert answers(ticket) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_an_undo_at_once_do_one_thing(live_cast: Cast) -> None:
    place = live_cast.nordwerk.pk
    for _round in range(3):
        with organization_scope(place):
            ticket = live_cast.ticket()
            draft = held(ticket, live_cast.alice)
            let_time_pass()
        line = threading.Barrier(3)

        def at_once(work: Callable[[], bool]) -> bool:
            try:
                line.wait()  # noqa: B023 - used within this round
                with organization_scope(place):
                    return work()
            finally:
                connection.close()

        pk = draft.pk

        def send() -> bool:
            return send_held(draft_id=pk).sent  # noqa: B023

        def undo() -> bool:
            return take_back(draft_id=pk, user=live_cast.alice) is not None  # noqa: B023

        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(at_once, [send, send, undo]))
        assert sum(done) == 1
        with organization_scope(place):
            assert len(answers(ticket)) == sum(done[:2])
            Draft.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_while_sending_leaves_it_to_the_next(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        ticket = live_cast.ticket()
        draft = held(ticket, live_cast.alice)
        let_time_pass()

    def die_after_sending() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            send_held(draft_id=draft.pk)
            raise SystemExit

    with pytest.raises(SystemExit):
        die_after_sending()
    with organization_scope(live_cast.nordwerk.pk):
        assert answers(ticket) == []
    assert sweep_held() == 1
    with organization_scope(live_cast.nordwerk.pk):
        assert send_held(draft_id=draft.pk).sent
        assert answers(ticket) == ["Try again"]


class TestPages:
    """The composer's requests."""

    @pytest.fixture
    def slow_alice(self, cast: Cast) -> User:
        User.objects.filter(pk=cast.alice.pk).update(undo_seconds=15)
        cast.alice.refresh_from_db()
        return cast.alice

    def test_a_reply_waits_is_shown_to_its_writer_and_comes_back(
        self, cast: Cast, ticket: Ticket, slow_alice: User, sign_in: SignIn
    ) -> None:
        client = sign_in(slow_alice)
        url = f"/desk/t/{ticket.number}/message/"
        sent = client.post(url, {"text": "Try again"}, headers=htmx("conversation"))
        assert "15 seconds" in sent.headers["HX-Trigger"]
        shown = client.get(f"/desk/t/{ticket.number}/part/conversation/", headers=htmx())
        assert b"Not sent yet" in shown.content
        with organization_scope(cast.nordwerk.pk):
            pk = Draft.objects.get().pk
            assert answers(ticket) == []
        seen = sign_in(cast.bob).get(f"/desk/t/{ticket.number}/")
        assert b"Try again" not in seen.content
        undo = f"/desk/t/{ticket.number}/held/{pk}/undo/"
        assert not sign_in(cast.bob).post(undo, headers=htmx()).json()["taken"]
        assert client.post(undo, headers=htmx()).json()["taken"]
        assert b"Try again</textarea>" in client.get(f"/desk/t/{ticket.number}/").content

    def test_a_note_is_never_held(
        self, cast: Cast, ticket: Ticket, slow_alice: User, sign_in: SignIn
    ) -> None:
        url = f"/desk/t/{ticket.number}/message/"
        sign_in(slow_alice).post(url, {"text": "Note", "kind": "internal"})
        with organization_scope(cast.nordwerk.pk):
            assert answers(ticket) == ["Note"]

    def test_another_persons_answer_stops_it(
        self, cast: Cast, ticket: Ticket, slow_alice: User, sign_in: SignIn
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            seen = Message.objects.get().pk
            reply(ticket=ticket, actor=Actor.person(cast.bob), text="I have it")
        url = f"/desk/t/{ticket.number}/message/"
        answer = sign_in(slow_alice).post(
            url, {"text": "Mine", "seen": seen}, headers=htmx("conversation")
        )
        assert b"Bob Lead wrote while you did" in answer.content

    def test_the_choice_is_kept(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.alice)
        client.post("/desk/me/writing/", {"undo_seconds": "30", "opens_next": "on"})
        cast.alice.refresh_from_db()
        assert (cast.alice.undo_seconds, cast.alice.opens_next) == (30, True)
        wrong = client.post("/desk/me/writing/", {"undo_seconds": "7"})
        assert wrong.status_code == 422


class TestWhatFollows:
    """Status and next ticket with a message."""

    def test_a_status_with_its_reason_goes_with_it(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            waiting = Status.objects.get(key="waiting")
        url = f"/desk/t/{ticket.number}/message/"
        sign_in(cast.alice).post(url, {"text": "Which one?", "then": str(waiting.pk)})
        ticket.refresh_from_db()
        assert ticket.status_id == waiting.pk

    def test_a_note_sets_a_status_as_well(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            opened = Status.objects.get(key="open")
        url = f"/desk/t/{ticket.number}/message/"
        values = {"text": "Mine", "kind": "internal", "then": str(opened.pk)}
        sign_in(cast.alice).post(url, values)
        ticket.refresh_from_db()
        assert ticket.status_id == opened.pk

    def test_the_next_ticket_of_the_view_opens_and_the_wish_is_kept(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            newer = cast.ticket("A newer one")
        client = sign_in(cast.alice)
        url = f"/desk/t/{newer.number}/message/"
        values = {"text": "Done", "view": "open", "query": "sort=activity", "go_next": "on"}
        answer = client.post(url, values, headers=htmx("conversation"))
        onward = f"/desk/v/open/{ticket.number}/?sort=activity"
        assert onward in answer.headers["HX-Location"]
        cast.alice.refresh_from_db()
        assert cast.alice.opens_next
        plain = client.post(url, {**values, "text": "More"})
        assert plain.headers["Location"] == onward
        client.post(url, {"text": "Stay", "view": "open", "query": ""})
        cast.alice.refresh_from_db()
        assert not cast.alice.opens_next

    def test_a_wrong_address_stays_in_the_composer(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        url = f"/desk/t/{ticket.number}/message/"
        answer = sign_in(cast.alice).post(url, {"text": "Hi", "cc": "jo@"})
        assert answer.status_code == 422
        assert "“jo@” is not an e-mail address" in answer.content.decode()
        assert 'value="jo@"' in answer.content.decode()
