"""Context gatherers: side by side, each with its limit, none able to spoil the rest."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from pytest_django import Settings

from integrations.gatherers import look_up
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Asked as HttpAsked
from tests.fakes.http import FakeServer, Said
from tickets.actions.intake import Triage
from tickets.context import (
    Asked,
    Gatherer,
    Line,
    NotAvailable,
    Outcome,
    as_markdown,
    gather,
    gatherer,
    registered,
)
from tickets.gatherers import open_incidents, requester_history
from tickets.models import Ticket


def asked(cast: Cast | None = None, ticket: Ticket | None = None, **options: str) -> Asked:
    return Asked(
        organization_id=cast.nordwerk.pk if cast else 1,
        ticket_id=ticket.pk if ticket else 0,
        requester_id=cast.dana.pk if cast else 0,
        subject="VPN",
        text="It drops.",
        email="dana@nordwerk.example",
        options=options,
    )


def source(key: str, work: object, seconds: float = 5.0) -> Gatherer:
    return Gatherer(key, key.title(), seconds, work, scoped=False)  # type: ignore[arg-type]


def test_all_run_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)

    def work(_asked: Asked) -> Sequence[Line]:
        together.wait()  # only passes when all three are inside at once
        return [Line("here")]

    found = gather(asked(), [source(name, work) for name in "abc"])
    assert [one.outcome for one in found] == [Outcome.FOUND] * 3


def test_a_slow_one_is_shown_as_late_and_a_broken_one_as_broken() -> None:
    never = threading.Event()

    def hang(_asked: Asked) -> Sequence[Line]:
        never.wait(30)
        return []

    def crash(_asked: Asked) -> Sequence[Line]:
        raise ZeroDivisionError("oops")

    def away(_asked: Asked) -> Sequence[Line]:
        raise NotAvailable("The store is closed.")

    begun = time.monotonic()
    found = gather(
        asked(),
        [
            source("late", hang, seconds=0.1),
            source("broken", crash),
            source("away", away),
            source("empty", lambda _asked: []),
            source("good", lambda _asked: [Line("a [b](c) *d*", "https://x.example", "e")] * 9),
        ],
    )
    assert time.monotonic() - begun < 20  # nobody waited for the one that hangs
    never.set()
    outcomes = {one.key: one.outcome for one in found}
    assert outcomes == {
        "late": Outcome.LATE, "broken": Outcome.FAILED, "away": Outcome.FAILED,
        "empty": Outcome.NOTHING, "good": Outcome.FOUND,
    }  # fmt: skip
    note = as_markdown(found, "Context")
    assert "No answer within 0.1 s." in note
    assert "The store is closed." in note
    assert "ZeroDivisionError: oops" in note
    assert "Nothing found." in note
    assert note.count("https://x.example") == 5
    assert r"[a \[b\](c) \*d\*](https://x.example) · e" in note


def test_one_name_is_one_gatherer() -> None:
    with pytest.raises(RuntimeError, match="called 'history'"):
        gatherer("history", "again")(lambda _asked: [])
    assert {"history", "incidents", "similar", "knowledge", "lookup"} <= {
        one.key for one in registered()
    }


def test_the_person_s_tickets_and_open_incidents(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        own = cast.ticket("Now")
        for number in range(4):
            cast.ticket(f"Before {number}")
        urgent = cast.ticket("All down", triage=Triage(urgency="critical"))
        stale = cast.ticket("Was down", triage=Triage(urgency="critical"))
        Ticket.objects.filter(pk=stale.pk).update(created_at=now() - timedelta(days=2))
        history = [one.text for one in requester_history(asked(cast, own))]
        assert len(history) == 4
        assert history[-1] == "6 in all, 6 of them open"
        assert not any("Now" in one for one in history)
        [incident] = open_incidents(asked(cast, own))
        assert incident.text == f"#{urgent.number} All down"
        assert incident.link.endswith(f"/desk/tickets/{urgent.number}/") or incident.link


def test_inside_the_organization_only(live_cast: Cast, settings: Settings) -> None:
    settings.AI_REQUEST_TIMEOUT = 0.05
    with organization_scope(live_cast.nordwerk.pk):
        own = live_cast.ticket("Now", triage=Triage(urgency="critical"))
        live_cast.ticket("Other", triage=Triage(urgency="critical"))
    found = {one.key: one for one in gather(asked(live_cast, own))}
    assert found["history"].outcome is Outcome.FOUND
    assert found["incidents"].outcome is Outcome.FOUND
    elsewhere = Asked(
        organization_id=live_cast.lumen.pk, ticket_id=0, requester_id=live_cast.dana.pk,
        subject="x", text="y",
    )  # fmt: skip
    for one in gather(elsewhere):
        assert one.outcome is not Outcome.FOUND


def test_the_look_up_by_address(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    calls: list[HttpAsked] = []
    answers: list[Said] = [
        Said(200, ["Laptop 7", {"name": "Dock", "detail": "room 12", "link": "https://x.example"},
                   {"name": "Bad link", "link": "javascript:alert(1)"}, {"no": "name"}, 5]),
        Said(200, {"not": "a list"}),
        Said(500, "down"),
    ]  # fmt: skip

    def answer(call: HttpAsked) -> Said:
        calls.append(call)
        return answers.pop(0)

    server = FakeServer(answer)
    server.start()
    question = asked(lookup_url=f"{server.url}/assets", lookup_token="t")
    try:
        lines = look_up(question)
        assert [one.text for one in lines] == ["Laptop 7", "Dock", "Bad link"]
        assert [one.link for one in lines] == ["", "https://x.example", ""]
        assert calls[0].query == {"email": "dana@nordwerk.example"}
        assert calls[0].headers["authorization"] == "Bearer t"
        for _ in range(2):
            with pytest.raises(NotAvailable):
                look_up(question)
    finally:
        server.stop()
    assert look_up(asked()) == []
