"""Answers on tickets that came from another system leave by that system, once, and not by mail."""

import pytest

from integrations import delivery as sending
from integrations.actions import queue_delivery, set_up_mail_channel
from integrations.actions.linking import mark_news, pass_on_new
from integrations.links import ExternalLink
from integrations.models import Delivery, Step
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi import CLOSED, Glpi
from tests.federation.conftest import Bridge, build_bridge
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.choices import DeliveryState
from tickets.models import Message


@pytest.fixture
def answer(bridge: Bridge, glpi: Glpi, cast: Cast) -> Delivery:
    """Alice answered a ticket that came from GLPI."""
    glpi.open("From GLPI")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        set_up_mail_channel(cast.nordwerk, "desk@nordwerk.example")
        message = reply(ticket=bridge.ticket(), actor=Actor.person(cast.alice), text="Try this.")
        found = queue_delivery(message.pk)
        assert found is not None
        return found


def again(row: Delivery) -> Delivery:
    with organization_scope(row.organization_id):
        return Delivery.objects.select_related("message").get(pk=row.pk)


def test_the_answer_goes_back_to_where_the_ticket_came_from(
    bridge: Bridge, glpi: Glpi, answer: Delivery
) -> None:
    assert answer.channel == bridge.channel
    assert sending.deliver(answer.organization_id, answer.pk) == Step.SENT
    assert "Try this." in glpi.followups[1]["content"]
    assert again(answer).message.delivery_state == DeliveryState.SENT
    assert sending.deliver(answer.organization_id, answer.pk) is None
    bridge.sync(2)
    assert len(glpi.followups) == 1


def test_an_answer_that_a_look_has_handed_over_is_not_handed_over_again(
    bridge: Bridge, glpi: Glpi, answer: Delivery
) -> None:
    bridge.sync()
    assert len(glpi.followups) == 1
    assert sending.deliver(answer.organization_id, answer.pk) == Step.SENT
    assert len(glpi.followups) == 1


def test_what_is_refused_for_good_is_shown_as_not_sent(glpi: Glpi, answer: Delivery) -> None:
    glpi.change(1, status=CLOSED)
    assert sending.deliver(answer.organization_id, answer.pk) == Step.FAILED
    row = again(answer)
    assert "the ticket is closed" in row.error
    assert row.message.delivery_state == DeliveryState.FAILED


def test_a_system_that_is_away_leaves_the_answer_waiting(glpi: Glpi, answer: Delivery) -> None:
    glpi.faults.rate, glpi.faults.kinds = 1.0, ("503",)
    assert sending.deliver(answer.organization_id, answer.pk) == Step.QUEUED
    assert glpi.followups == {}


def test_news_make_a_link_due_and_own_writing_is_no_news(
    bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    glpi.open("Echo")
    bridge.sync()
    ticket = bridge.ticket()
    with organization_scope(cast.nordwerk.pk):
        assert mark_news(ticket_id=ticket.pk, version=ticket.version) == []
        assert mark_news(ticket_id=ticket.pk, version=ticket.version + 1) != []
        assert ExternalLink.objects.get().due_at is not None


def test_a_channel_that_wants_all_gets_what_opens_here_but_not_its_own(
    cast: Cast, glpi: Glpi
) -> None:
    bridge = build_bridge(cast, glpi, pass_on="all")
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Opened here")
        home = ticket.organization_id
        assert len(pass_on_new(home, sources={ticket.pk: "portal"})) == 1
        assert pass_on_new(home, sources={ticket.pk: "portal"}) == []
        assert pass_on_new(home, sources={ticket.pk: "glpi"}) == []
    bridge.sync(2)
    assert [row["name"] for row in glpi.tickets.values()] == ["Opened here"]
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.count() == 1
