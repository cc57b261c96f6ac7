"""What all connectors have in common at the edges: strange records, refused credentials."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from integrations import syncing
from integrations.actions.channels import MAX_REFUSALS
from integrations.events import ChannelPaused
from integrations.federation.port import RemoteTrouble
from integrations.links import ExternalLink
from integrations.models import Channel
from omnidesk.core import events
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.fakes.http import Asked, Said
from tests.fakes.servicedesk_story import LivelySdp
from tests.fakes.solman_story import LivelySolman
from tests.federation.conftest import Bridge, bridge_to_sdp, bridge_to_solman, build_bridge
from tickets.models import Ticket

FAR: dict[str, tuple[Callable[[], Any], Callable[..., Bridge], str]] = {
    "glpi": (LivelyGlpi, build_bridge, "user_token"),
    "solman": (LivelySolman, bridge_to_solman, "password"),
    "servicedesk_plus": (LivelySdp, bridge_to_sdp, "key"),
}
SECRET_WORDS = "what a person wrote"


@pytest.fixture(params=FAR)
def far(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    server = FAR[request.param][0]()
    server.start()
    yield request.param, server
    server.stop()


def spoil(kind: str, server: Any, number: str) -> None:
    """From now on this ticket's own record lacks what names it."""
    if kind == "glpi":
        row = server.tickets[int(number)]
        row["title"] = row.pop("name")
        return
    real, lacking = server._row, "Guid" if kind == "solman" else "subject"
    names = {"Description": SECRET_WORDS} if kind == "solman" else {"title": SECRET_WORDS}

    def odd(asked: str) -> dict[str, Any]:
        row = real(asked)
        if asked != number:
            return dict(row)
        return {**{name: value for name, value in row.items() if name != lacking}, **names}

    server._row = odd


def test_a_strange_record_is_logged_by_its_shape_and_the_rest_comes_in(
    cast: Cast, far: tuple[str, Any]
) -> None:
    kind, server = far
    bridge = FAR[kind][1](cast, server)
    server.populate(3, random.Random(3))
    number = server.ids()[1]
    spoil(kind, server, number)
    with capture_logs() as logs:
        bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 2
        odd = ExternalLink.objects.filter(remote_id=number).first()
    told = [one for one in logs if str(one["event"]).endswith("_skipped")]
    assert len(told) == 1
    assert ": " in told[0]["shape"], "names and types"
    assert SECRET_WORDS not in str(logs)
    if odd is not None:  # a list without its id names no ticket at all
        assert odd.error
        assert odd.due_at is not None, "it is looked at again"


def test_a_list_that_is_none_is_said_and_what_is_due_goes_on(cast: Cast) -> None:
    server = LivelyGlpi()
    server.start()
    try:
        bridge = build_bridge(cast, server)
        server.populate(1, random.Random(3))
        bridge.sync()
        server.say(1, "<p>News</p>", by=2)
        real = server.server._handle
        odd = real

        def handle(asked: Any) -> Any:
            said = odd(asked)
            if asked.path.endswith("/search/Ticket"):
                said.body = ["something", "else"]
            return said

        server.server._handle = handle
        with organization_scope(cast.nordwerk.pk):
            ExternalLink.objects.update(due_at=bridge.channel.created_at)
        with capture_logs() as logs, pytest.raises(RemoteTrouble, match="something else"):
            bridge.sync()
    finally:
        server.stop()
    assert [one["shape"] for one in logs if one["event"] == "federation_list_not_read"] == ["list"]
    with organization_scope(cast.nordwerk.pk):
        assert bridge.ticket().messages.count() == 2


def test_refused_credentials_pause_the_channel_after_bounded_tries_with_an_alarm(
    live_cast: Cast, far: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, server = far
    heard: list[events.Event] = []
    monkeypatch.setitem(events._handlers, ChannelPaused, [heard.append])
    bridge = FAR[kind][1](live_cast, server)
    setattr(server, FAR[kind][2], "another")
    asked: list[Asked] = []
    real = server.server._handle

    def counting(one: Asked) -> Said:
        asked.append(one)
        answer: Said = real(one)
        return answer

    server.server._handle = counting
    tries = []
    for _ in range(MAX_REFUSALS + 3):
        syncing.look(bridge.channel.organization_id, bridge.channel.pk)
        tries.append(len(asked))
    with organization_scope(live_cast.nordwerk.pk):
        row = Channel.objects.get(pk=bridge.channel.pk)
    assert (row.is_active, row.paused_itself) == (False, True)
    assert f"refused {MAX_REFUSALS} times" in row.pause_reason
    assert tries[MAX_REFUSALS - 1] == tries[-1] > 0, "nobody is asked once it is paused"
    assert heard == [
        ChannelPaused(organization_id=row.organization_id, channel_id=row.pk, by_itself=True)
    ]
