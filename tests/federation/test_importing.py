"""A first import takes old tickets in together; each ends as if it had come alone."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations.actions.linking import hint
from integrations.federation import engine, importing
from integrations.federation.importing import Found
from integrations.links import ExternalItem, ExternalLink
from integrations.models import RemoteRequest
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi_story import LivelyGlpi
from tests.federation.conftest import Bridge, build_bridge
from tickets.choices import Source
from tickets.models import Change, Message, SlaClock, Ticket

TICKETS = 24
# A whole batch of twenty, reading aside: what one ticket cost before.
MOST_STATEMENTS = 60


def populate(glpi: LivelyGlpi) -> None:
    """Tickets of every state, with what was said, files, unknown values, odd people."""
    chance = random.Random(3)
    # Not this second: what has just changed may change again within it.
    glpi.clock = lambda: datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    glpi.populate(TICKETS, chance)
    for number in range(1, TICKETS + 1):
        glpi.change(number, status=number % 6 + 1, urgency=number % 5 + 1, impact=number % 5 + 1)
        glpi.say(number, f"<p>What about {number}?</p>", by=chance.choice([2, 5]))
        glpi.say(number, "<p>Between us.</p>", private=True)
    glpi.people[9] = {"id": 9, "name": "alice", "firstname": "Alice", "realname": "A"}
    glpi.emails[9] = "alice@nordwerk.example"
    glpi.say(3, "<p>I am of both desks.</p>", by=9)
    glpi.solve(4, "<p>Done.</p>")
    glpi.put_file(5, "shot.png", b"\x89PNG\r\n\x1a\n0000")
    glpi.change(6, name="", urgency=9)
    glpi.ticket_users[:] = [row for row in glpi.ticket_users if row["tickets_id"] != 7]


def outcome(cast: Cast) -> dict[str, list[Any]]:
    """All that the import led to, told by the far side's numbers instead of by ours."""
    with organization_scope(cast.nordwerk.pk):
        tickets = Ticket.objects.order_by("external_links__remote_id")
        messages = Message.objects.values_list(
            "ticket__external_links__remote_id", "text", "html", "kind", "author__email",
            "is_opening", "from_requester", "source", "external_id", "created_at",
        )  # fmt: skip
        links = ExternalLink.objects.order_by("remote_id").values_list(
            "remote_id", "display_id", "url", "state", "error", "remote_version", "seen_version",
            "remote_changed_at", "base", "due_at", "claimed_by", "tries",
        )  # fmt: skip
        changes = Change.objects.values_list(
            "ticket__external_links__remote_id", "verb", "field", "old", "new", "actor_kind",
            "actor_label",
        )  # fmt: skip
        return {
            "tickets": list(
                tickets.values_list(
                    "external_links__remote_id", "subject", "description", "requester__email",
                    "requester__name", "type__key", "status__key", "status_category", "urgency",
                    "impact", "priority", "source", "version", "message_count", "ai_state",
                    "ai_verdict", "created_at", "last_activity_at", "first_response_at",
                    "resolved_at", "closed_at", "pending_reason__key", "nudges_sent",
                )
            ),
            "messages": sorted(messages, key=str),
            "links": list(links),
            "items": sorted(
                ExternalItem.objects.values_list("link__remote_id", "what", "remote_id", "state",
                                                 "came_in", "message__text", "attachment__name"),
                key=str,
            ),
            "changes": sorted(changes, key=str),
            "clocks": sorted(
                SlaClock.objects.values_list("ticket__external_links__remote_id", "metric")
            ),
            "people": sorted(User.objects.values_list("email", "name", "memberships__role")),
        }  # fmt: skip


def tried(cast: Cast, bridge: Bridge) -> dict[str, list[Any]]:
    """What a look leads to; then nothing has happened."""
    with transaction.atomic():
        bridge.sync()
        found = outcome(cast)
        transaction.set_rollback(True)
    bridge.channel.cursor = {}
    return found


def test_together_ends_as_one_by_one(
    cast: Cast, glpi: LivelyGlpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(glpi)
    bridge = build_bridge(cast, glpi)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "AHEAD_FROM", 10**6)
        expected = tried(cast, bridge)
    found = tried(cast, bridge)
    for what, rows in expected.items():
        assert found[what] == rows, what
    assert len(expected["tickets"]) == TICKETS


def test_twenty_tickets_cost_a_few_statements(
    cast: Cast, glpi: LivelyGlpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    glpi.populate(TICKETS, random.Random(4))
    bridge = build_bridge(cast, glpi)
    counted: list[int] = []
    real = importing.take_in_together

    def counting(*args: Any) -> Any:
        with CaptureQueriesContext(connection) as captured:
            done = real(*args)
        counted.append(len(captured))
        return done

    monkeypatch.setattr(engine, "take_in_together", counting)
    assert bridge.sync() == TICKETS
    assert counted
    assert counted[0] <= MOST_STATEMENTS + TICKETS  # one for each solved ticket


def test_one_that_fails_harms_no_other(
    cast: Cast, glpi: LivelyGlpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    glpi.populate(TICKETS, random.Random(4))
    bridge = build_bridge(cast, glpi)
    real = importing.take_in_together

    def broken(channel: Any, found: list[Found], rules: Any) -> Any:
        real(channel, found, rules)
        raise ValueError("the last one is odd")

    monkeypatch.setattr(engine, "take_in_together", broken)
    assert bridge.sync() == TICKETS
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == ExternalLink.objects.count() == TICKETS
        assert not ExternalLink.objects.exclude(claimed_at=None).exists()


def test_a_ticket_that_a_call_opened_is_the_one_that_is_kept(cast: Cast, glpi: LivelyGlpi) -> None:
    glpi.populate(TICKETS, random.Random(4))
    bridge = build_bridge(cast, glpi)
    with organization_scope(cast.nordwerk.pk):
        earlier = cast.ticket(source=Source.GLPI)
        RemoteRequest.objects.create(
            organization=cast.nordwerk, channel=bridge.channel, remote_id="3", ticket=earlier,
            stage="done", next_try_at=earlier.created_at,
        )  # fmt: skip
        assert hint(channel=bridge.channel, remote_id="5") is not None
    bridge.sync(2)
    assert bridge.ticket(3) == earlier
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == TICKETS
