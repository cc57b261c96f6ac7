"""Agreed times on the desk's pages: lists, order, the panel and its reasons."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from time_machine import Traveller

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.sla_sweep import sweep_due
from tickets.actions.triage import assign, set_priority
from tickets.models import BusinessCalendar, Status, Ticket

SignIn = Callable[[User], Client]
HOUR = timedelta(hours=1)
# A Friday, five in the afternoon in Berlin; the desk closes at six.
FRIDAY = datetime(2026, 6, 5, 15, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def panel(client: Client, ticket: Ticket) -> str:
    return page(client, f"/desk/t/{ticket.number}/times/")


def opened(cast: Cast, subject: str = "VPN", priority: str = "medium") -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject)
        return set_priority(ticket=ticket, actor=Actor.person(cast.bob), priority=priority)


def test_what_is_left_is_business_time(cast: Cast, sign_in: SignIn, clock: Traveller) -> None:
    """Four hours from Friday five o'clock in Berlin: one today, three on Monday."""
    ticket = opened(cast)
    shown = panel(sign_in(cast.alice), ticket)
    assert "4h" in shown
    assert "Standard" in shown
    assert "Mon–Fri 08:00–18:00" in shown
    assert "0m of 4h used" in shown


def test_the_list_says_when_it_is_due_where_closed_hours_lie_between(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    opened(cast)
    client = sign_in(cast.alice)
    for layout in ("split", "table"):
        assert "Mon 09:00" in page(client, f"/desk/v/open/?layout={layout}")


def test_the_list_counts_down_while_the_desk_works(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    opened(cast, priority="critical")
    shown = page(sign_in(cast.alice), "/desk/v/open/?layout=split")
    assert "sla--soon" in shown
    assert f'data-due="{(FRIDAY + HOUR / 2).isoformat()}"' in shown


def test_the_next_due_comes_first_under_its_heading(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    later = opened(cast, "Later", "low")
    soon = opened(cast, "Soon", "critical")
    waits = opened(cast, "Waits", "critical")
    move(cast, waits, "waiting")
    shown = page(sign_in(cast.alice), "/desk/v/all/?layout=split&sort=due")
    places = [shown.index(f'id="row-{t.number}"') for t in (soon, later, waits)]
    assert places == sorted(places)
    for heading in ("Due within 1 h", "Later", "No time runs"):
        assert heading in shown


def move(cast: Cast, ticket: Ticket, key: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        status = Status.objects.get(organization=cast.nordwerk, key=key)
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status)


def test_what_soon_fails_has_a_view_of_its_own(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    soon, later = opened(cast, "Soon", "critical"), opened(cast, "Later", "low")
    shown = page(sign_in(cast.alice), "/desk/v/breaching/?layout=split")
    assert f'id="row-{soon.number}"' in shown
    assert f'id="row-{later.number}"' not in shown


def test_a_paused_clock_says_why_and_what_is_left(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    ticket = opened(cast)
    clock.move_to(FRIDAY + HOUR / 2)
    move(cast, ticket, "waiting")
    shown = panel(sign_in(cast.alice), ticket)
    assert "3h 30m left" in shown
    assert "Paused: it waits for Answer of the requester" in shown


def test_a_failure_names_who_held_the_ticket(cast: Cast, sign_in: SignIn, clock: Traveller) -> None:
    ticket = opened(cast, priority="critical")
    with organization_scope(cast.nordwerk.pk):
        assign(ticket=ticket, actor=Actor.person(cast.bob), assignee=cast.alice)
        clock.move_to(FRIDAY + HOUR)
        sweep_due(organization_id=cast.nordwerk.pk)
    shown = panel(sign_in(cast.alice), ticket)
    assert "30m late" in shown
    assert "held by Alice Agent" in shown
    assert "First response not in time, 30 minutes late" in shown
    assert "30m late" in page(sign_in(cast.alice), "/desk/v/open/?layout=split")


def test_what_was_answered_in_time_shows_how_long_it_took(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    ticket = opened(cast)
    clock.move_to(FRIDAY + timedelta(minutes=16))
    with organization_scope(cast.nordwerk.pk):
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Restart it.")
    shown = panel(sign_in(cast.alice), ticket)
    assert "sla--met" in shown
    assert "16m" in shown


def test_a_broken_calendar_is_a_visible_warning(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        BusinessCalendar.objects.update(version=None)
    shown = panel(sign_in(cast.alice), ticket)
    assert "Its times count around the clock: The calendar has no working hours." in shown


def test_the_panel_is_the_desk_s_alone(cast: Cast, sign_in: SignIn, clock: Traveller) -> None:
    ticket = opened(cast)
    url = f"/desk/t/{ticket.number}/times/"
    assert sign_in(cast.charlie).get(url).status_code == 404
    assert sign_in(cast.dana).get(url).status_code in {302, 403, 404}


def test_requesters_do_not_read_the_clocks_in_the_history(
    cast: Cast, sign_in: SignIn, clock: Traveller
) -> None:
    ticket = opened(cast, priority="critical")
    clock.move_to(FRIDAY + HOUR)
    with organization_scope(cast.nordwerk.pk):
        sweep_due(organization_id=cast.nordwerk.pk)
    url = f"/api/v1/tickets/{ticket.number}/history/"
    assert "ticket.sla_breached" not in sign_in(cast.dana).get(url).content.decode()
    assert "ticket.sla_breached" in sign_in(cast.alice).get(url).content.decode()
