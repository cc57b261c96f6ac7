"""The websocket: authorised like a read, tells what changed and never what it says."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser

from omnidesk.accounts.devices import close_channels
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.sockets import Socket
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.consumers import SIGN_IN_NEEDED, LiveConsumer
from tickets.models import Ticket

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("redis_client")]


async def connect(user: User | AnonymousUser) -> Socket:
    return await Socket(LiveConsumer.as_asgi(), user).open()


async def say(socket: Socket, message: Any) -> None:
    await socket.say(json.dumps(message))


@sync_to_async
def open_ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket()


@sync_to_async
def write_note(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=ticket, actor=Actor.person(cast.alice), text="a secret note")


async def test_strangers_are_sent_to_sign_in(live_cast: Cast) -> None:
    socket = await connect(AnonymousUser())
    closed = await socket.event()
    assert closed == {"type": "websocket.close", "code": SIGN_IN_NEEDED}


async def test_a_session_that_is_ended_elsewhere_hears_nothing_more(live_cast: Cast) -> None:
    async def of_session(key: str) -> Socket:
        session = SimpleNamespace(session_key=key)
        return await Socket(LiveConsumer.as_asgi(), live_cast.alice, session=session).open()

    ends, stays = await of_session("ends"), await of_session("stays")
    await sync_to_async(close_channels)(["ends"])
    assert await ends.event() == {"type": "websocket.close", "code": SIGN_IN_NEEDED}
    assert await stays.is_silent()
    await stays.hang_up()


async def test_who_joins_late_hears_which_version_it_is(live_cast: Cast) -> None:
    ticket = await open_ticket(live_cast)
    await write_note(live_cast, ticket)
    socket = await connect(live_cast.alice)
    joined = await socket.ask(type="subscribe", channel=f"ticket:{ticket.number}")
    assert joined["version"] == 2
    own = await socket.ask(type="subscribe", channel=f"org:{live_cast.nordwerk.pk}")
    assert "version" not in own
    await socket.hang_up()


async def test_a_change_reaches_every_watcher_without_its_text(live_cast: Cast) -> None:
    ticket = await open_ticket(live_cast)
    alice, bob = await connect(live_cast.alice), await connect(live_cast.bob)
    await alice.ask(type="subscribe", channel=f"ticket:{ticket.number}")
    await bob.ask(type="subscribe", channel=f"org:{live_cast.nordwerk.pk}")
    await write_note(live_cast, ticket)
    for socket in (alice, bob):
        news = await socket.hear()
        assert news["type"] == "ticket.changed"
        assert (news["ticket"], news["version"]) == (ticket.number, 2)
        assert news["verbs"] == ["ticket.noted"]
        assert "secret" not in str(news)
        await socket.hang_up()


async def test_the_requester_hears_about_their_ticket_without_subscribing(live_cast: Cast) -> None:
    ticket = await open_ticket(live_cast)
    dana = await connect(live_cast.dana)
    await write_note(live_cast, ticket)
    assert (await dana.hear())["ticket"] == ticket.number
    await dana.hang_up()


async def test_another_organizations_channels_do_not_exist(live_cast: Cast) -> None:
    ticket = await open_ticket(live_cast)
    charlie = await connect(live_cast.charlie)
    for channel in (f"ticket:{ticket.number}", f"org:{live_cast.nordwerk.pk}"):
        answer = await charlie.ask(type="subscribe", channel=channel)
        assert answer["detail"] == "No such channel."
    await charlie.hang_up()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe", "channel": "ticket:abc"},
        {"type": "subscribe", "channel": {"a": 1}},
        {"type": "subscribe"},
        {"type": "format-disk"},
        {"type": ["x"]},
        [1, 2],
        "text",
    ],
)
async def test_nonsense_is_answered_and_the_connection_lives(live_cast: Cast, message: Any) -> None:
    socket = await connect(live_cast.alice)
    await say(socket, message)
    assert (await socket.hear())["type"] == "error"
    assert (await socket.ask(type="ping"))["type"] == "pong"
    await socket.hang_up()


async def test_broken_json_is_answered_and_the_connection_lives(live_cast: Cast) -> None:
    socket = await connect(live_cast.alice)
    await socket.say("{")
    assert (await socket.hear())["type"] == "error"
    assert (await socket.ask(type="ping"))["type"] == "pong"
    await socket.hang_up()


async def test_messages_are_numbered_and_repeated_on_resume(live_cast: Cast) -> None:
    socket = await connect(live_cast.alice)
    assert [(await socket.ask(type="ping"))["seq"] for _ in range(3)] == [1, 2, 3]
    await say(socket, {"type": "resume", "since": 1})
    assert [(await socket.hear())["seq"] for _ in range(2)] == [2, 3]
    await socket.hang_up()


@pytest.mark.parametrize("since", [99, -5, None, "1"])
async def test_a_gap_that_cannot_be_filled_asks_for_a_fresh_look(
    live_cast: Cast, since: Any
) -> None:
    socket = await connect(live_cast.alice)
    await socket.ask(type="ping")
    assert (await socket.ask(type="resume", since=since))["type"] == "resync"
    await socket.hang_up()


async def test_colleagues_see_who_replies(live_cast: Cast) -> None:
    ticket = await open_ticket(live_cast)
    alice, bob = await connect(live_cast.alice), await connect(live_cast.bob)
    for socket in (alice, bob):
        await socket.ask(type="subscribe", channel=f"ticket:{ticket.number}")
    await say(alice, {"type": "presence", "ticket": ticket.number, "activity": "replying"})
    news = await bob.hear()
    assert (news["type"], news["activity"]) == ("presence", "replying")
    assert news["person"]["name"] == "Alice Agent"
    await alice.hang_up()
    await bob.hang_up()


async def test_presence_needs_a_subscription(live_cast: Cast) -> None:
    ticket = await open_ticket(live_cast)
    alice, charlie = await connect(live_cast.alice), await connect(live_cast.charlie)
    await alice.ask(type="subscribe", channel=f"ticket:{ticket.number}")
    await say(charlie, {"type": "presence", "ticket": ticket.number, "activity": "viewing"})
    assert (await charlie.ask(type="ping"))["type"] == "pong"
    assert await alice.is_silent()
    await alice.hang_up()
    await charlie.hang_up()
