"""The assistant's pages: one's own talk, a person always within reach, answers that stream."""

import json
from collections.abc import Callable

import pytest
import redis
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from ai import chatting
from ai.actions.chat import ask, hand_over, start_conversation
from ai.actions.work import claim, finish, recover
from ai.models import Conversation, Turn
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import InvalidChange
from tickets.models import Ticket

ANSWER = {
    "answerable": True,
    "reason": "",
    "language": "en",
    "confidence": 0.8,
    "model": "extractive",
    "text": "1. Open the portal. [1]",
    "sentences": [{"text": "Open the portal.", "citations": [1], "step": 1}],
    "citations": [
        {
            "number": 1,
            "kind": "article",
            "id": 0,
            "title": "VPN token",
            "place": "",
            "text": "Open.",
        }
    ],
}


@pytest.fixture(autouse=True)
def _empty(redis_client: "redis.Redis") -> None:
    """Limits and streams of one test are nothing to the next."""


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def talk(cast: Cast) -> Conversation:
    with organization_scope(cast.nordwerk.pk):
        return start_conversation(
            organization_id=cast.nordwerk.pk, user=cast.dana, place=Conversation.Place.PORTAL
        )


def answered(cast: Cast, talk: Conversation, question: str = "How do I reset it?") -> Turn:
    with organization_scope(cast.nordwerk.pk):
        turn = ask(conversation=talk, question=question)
        taken = claim(Turn, turn.pk)
        assert taken is not None
        assert finish(taken, answer=ANSWER)
        turn.refresh_from_db()
    return turn


def test_a_question_opens_a_conversation_that_waits_and_streams(cast: Cast) -> None:
    page = client_of(cast.dana).post(
        reverse("assistant:start"), {"question": "How do I print?"}, follow=True
    )
    text = page.content.decode()
    with organization_scope(cast.nordwerk.pk):
        turn = Turn.objects.get()
    assert "How do I print?" in text
    assert reverse("assistant:stream", args=[turn.pk]) in text
    assert "Ask a person" in text


def test_an_empty_question_stands_beside_its_field(cast: Cast) -> None:
    page = client_of(cast.dana).post(reverse("assistant:start"), {"question": "  "})
    assert page.status_code == 422
    assert "Write a question." in page.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert not Conversation.objects.exists()


def test_a_second_question_waits_for_the_first_answer_and_keeps_its_words(
    cast: Cast, talk: Conversation
) -> None:
    dana = client_of(cast.dana)
    address = reverse("assistant:conversation", args=[talk.pk])
    assert dana.post(address, {"question": "First?"}).status_code == 302
    page = dana.post(address, {"question": "Second?"})
    assert page.status_code == 422
    assert "Second?" in page.content.decode()


def test_nobody_else_sees_a_conversation(cast: Cast, talk: Conversation) -> None:
    turn = answered(cast, talk)
    for person in (cast.alice, cast.charlie, cast.admin):
        client = client_of(person)
        for name, pk in (("conversation", talk.pk), ("turn", turn.pk), ("stream", turn.pk)):
            assert client.get(reverse(f"assistant:{name}", args=[pk])).status_code == 404
        assert client.post(reverse("assistant:person", args=[talk.pk])).status_code == 404


def test_a_person_takes_over_with_everything_that_was_said(cast: Cast, talk: Conversation) -> None:
    answered(cast, talk)
    dana = client_of(cast.dana)
    page = dana.post(reverse("assistant:person", args=[talk.pk]), {"question": "It did not help."})
    with organization_scope(cast.nordwerk.pk):
        ticket = Ticket.objects.get()
        opening = ticket.messages.get().text
    assert page["Location"] == reverse("portal:ticket", args=[ticket.number])
    assert ticket.requester_id == cast.dana.pk
    for words in ("It did not help.", "How do I reset it?", "Open the portal.", "VPN token"):
        assert words in opening


def test_a_person_is_reached_before_any_question_and_with_a_question_still_open(
    cast: Cast, talk: Conversation
) -> None:
    dana = client_of(cast.dana)
    assert dana.post(reverse("assistant:person_first"), {"question": "My badge"}).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        ask(conversation=talk, question="Will it ever be answered?")
    assert dana.post(reverse("assistant:person", args=[talk.pk])).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 2
        assert not Turn.objects.filter(state="pending").exists()
    assert dana.post(reverse("assistant:person_first"), {"question": ""}).status_code == 422


def test_handing_over_twice_writes_one_ticket_and_then_only_what_is_new(
    cast: Cast, talk: Conversation
) -> None:
    answered(cast, talk)
    with organization_scope(cast.nordwerk.pk):
        first = hand_over(conversation=talk, user=cast.dana)
        assert hand_over(conversation=talk, user=cast.dana).pk == first.pk
        assert first.messages.count() == 1
    answered(cast, talk, "And on the phone?")
    with organization_scope(cast.nordwerk.pk):
        assert hand_over(conversation=talk, user=cast.dana).pk == first.pk
        last = first.messages.order_by("pk").last()
        assert last is not None
        assert "And on the phone?" in last.text
        assert "How do I reset it?" not in last.text


def test_too_many_questions_are_refused_in_words(
    cast: Cast, settings: LazySettings, talk: Conversation
) -> None:
    settings.LIMITS = {**settings.LIMITS, "ai": 1}
    dana = client_of(cast.dana)
    assert dana.post(reverse("assistant:start"), {"question": "One?"}).status_code == 302
    page = dana.post(reverse("assistant:start"), {"question": "Two?"})
    assert page.status_code == 422
    assert "Too many questions" in page.content.decode()


def test_an_agent_asks_beside_the_ticket_and_a_requester_cannot(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    address = reverse("ai:copilot", args=[ticket.number])
    alice = client_of(cast.alice)
    page = alice.post(address, {"question": "Who knows this?"}, headers={"HX-Request": "true"})
    assert "Who knows this?" in page.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert Conversation.objects.get().ticket_id == ticket.pk
    assert client_of(cast.bob).get(address).content.decode().count("Who knows this?") == 0
    assert client_of(cast.dana).post(address, {"question": "Hm?"}).status_code == 403
    assert client_of(cast.charlie).get(address).status_code == 404


def test_a_dead_worker_s_question_is_asked_again_once_and_then_given_up(
    cast: Cast, talk: Conversation
) -> None:
    with organization_scope(cast.nordwerk.pk):
        turn = ask(conversation=talk, question="Hm?")
        for _ in range(Turn.MOST_ATTEMPTS):
            assert claim(Turn, turn.pk) is not None
            recover(Turn, cast.nordwerk.pk)
        turn.refresh_from_db()
        assert turn.state == "failed"
        with pytest.raises(InvalidChange):
            ask(conversation=talk, question="x" * 5_000)


def test_a_slow_worker_whose_question_was_given_away_says_nothing(
    cast: Cast, talk: Conversation
) -> None:
    with organization_scope(cast.nordwerk.pk):
        turn = ask(conversation=talk, question="Hm?")
        slow = claim(Turn, turn.pk)
        assert slow is not None
        recover(Turn, cast.nordwerk.pk)
        assert not finish(slow, answer=ANSWER)


async def test_the_stream_says_each_sentence_and_goes_on_where_it_was_cut(
    redis_client: "redis.Redis",
) -> None:
    chatting.say(7, "sentence", ANSWER["sentences"][0])  # type: ignore[index]
    chatting.say(7, "done", {"answerable": True})
    events = [event async for event in chatting.listen(7)]
    assert [event.split("\n")[1] for event in events] == ["event: sentence", "event: done"]
    assert json.loads(events[0].split("data: ")[1])["text"] == "Open the portal."
    first = events[0].split("\n")[0].removeprefix("id: ")
    rest = [event async for event in chatting.listen(7, first)]
    assert [event.split("\n")[1] for event in rest] == ["event: done"]


def test_an_answered_question_costs_the_same_whatever_the_talk_s_length(
    cast: Cast, talk: Conversation, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(6):
        answered(cast, talk, f"Question {number}?")
    dana = client_of(cast.dana)
    address = reverse("assistant:conversation", args=[talk.pk])
    dana.get(address)
    # Session and person (2), memberships, scope (3), conversation, turns, articles, the frame.
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        assert dana.get(address).content.decode().count('class="turn"') == 6
