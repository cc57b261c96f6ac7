"""The simulator: asked by leads, answered in the background, never writing to tickets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.models import Simulation
from analytics.simulating import MOST_TRIES, run
from analytics.tasks import sweep_simulations
from omnidesk.accounts.actions import add_to_team
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.models import (
    BusinessCalendar,
    Change,
    SlaClock,
    SlaPolicy,
    SlaReplan,
    Status,
    Ticket,
)

PAGE = "/desk/insights/simulations/"
# A Tuesday, ten in Berlin.
TEN = datetime(2026, 6, 2, 8, tzinfo=UTC)


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    """Four tickets, answered after one, two, three and four hours, solved after five."""
    with time_machine.travel(TEN, tick=False) as clock:
        with organization_scope(cast.nordwerk.pk):
            add_to_team(team=cast.network, user=cast.bob)
            alice = Actor.person(cast.alice)
            solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
            triage = Triage(category=cast.vpn)
            tickets = [cast.ticket(f"VPN {n}", triage=triage) for n in range(4)]
            for hours, ticket in enumerate(tickets, start=1):
                clock.move_to(TEN + timedelta(hours=hours))
                reply(ticket=ticket, actor=alice, text="On it.")
            clock.move_to(TEN + timedelta(hours=5))
            for ticket in tickets:
                set_status(ticket=ticket, actor=alice, status=solved)
        clock.move_to(TEN + timedelta(days=1))
        yield cast


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def filled(cast: Cast, **changes: Any) -> dict[str, str]:
    """What the form would send if only `changes` were typed."""
    form = signed_in(cast.bob).get(PAGE).context["form"]
    values = {f.html_name: str(f.value() if f.value() is not None else "") for f in form}
    return values | {name: str(value) for name, value in changes.items()}


def replayed(cast: Cast, **changes: Any) -> Simulation:
    client = signed_in(cast.bob)
    answer = client.post(PAGE, filled(cast, **changes))
    assert answer.status_code == 302, answer.content.decode()
    pk = int(answer.headers["Location"].rstrip("/").rpartition("/")[2])
    assert run(cast.nordwerk.pk, pk) == "done"
    with organization_scope(cast.nordwerk.pk):
        return Simulation.objects.get(pk=pk)


def snapshot(cast: Cast) -> list[object]:
    with organization_scope(cast.nordwerk.pk):
        return [
            list(table.objects.order_by("pk").values())
            for table in (Ticket, SlaClock, Change, SlaPolicy, SlaReplan)
        ]


def test_a_shorter_time_shows_who_would_have_been_late_and_changes_nothing(desk: Cast) -> None:
    before = snapshot(desk)
    found = replayed(desk, medium_first_response=150)
    assert found.result["kinds"][0] == ["customer:first_response", 4, 0, 2]
    assert found.result["weeks"] == [["2026-06-01", 8, 0, 2]]
    assert [row[0] for row in found.result["teams"]] == [desk.network.name]
    assert found.result["changed_total"] == 2
    # By today's rules the replay says what the clocks said.
    assert found.result["alike"] == found.result["known"] == 8
    assert snapshot(desk) == before


def test_another_calendar_is_replayed(desk: Cast) -> None:
    """Around the clock is no different within a day; Mondays alone is never late by Wednesday."""
    with organization_scope(desk.nordwerk.pk):
        policy = SlaPolicy.objects.get(organization=desk.nordwerk)
        policy.targets.update(first_response=150)
        old = policy.calendar
        monday = BusinessCalendar.objects.create(organization=desk.nordwerk, name="Mondays")
        content = old.version.content | {"week": [[[480, 1080]], *[[]] * 6]}  # type: ignore[union-attr]
        kind = type(old.version)
        monday.version = kind.objects.create(  # type: ignore[union-attr]
            organization=desk.nordwerk, digest="mondays", content=content
        )
        monday.save()
    found = replayed(desk, calendar=monday.pk)
    assert found.result["kinds"][0] == ["customer:first_response", 4, 2, 0]


def test_more_agents_answer_sooner_and_fewer_later(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        SlaPolicy.objects.get(organization=desk.nordwerk).targets.update(first_response=150)
        # They came one after the other.
        for number, ticket in enumerate(Ticket.objects.order_by("pk")):
            at = TEN + timedelta(minutes=5 * number)
            Ticket.objects.filter(pk=ticket.pk).update(created_at=at)
    field = f"agents_{desk.network.pk}"
    more, fewer = replayed(desk, **{field: 8}), replayed(desk, **{field: 1})
    late = [found.result["kinds"][0][3] for found in (more, fewer)]
    assert late[0] <= more.result["kinds"][0][2] <= late[1]
    assert more.result["staff"][0]["now"] == 2
    html = signed_in(desk.bob).get(f"{PAGE}{more.pk}/").content.decode()
    assert "8 agents instead of 2" in html


def test_the_page_shows_plot_tables_and_the_tickets_that_change(desk: Cast) -> None:
    found = replayed(desk, medium_first_response=150)
    client = signed_in(desk.bob)
    html = client.get(f"{PAGE}{found.pk}/").content.decode()
    assert "2 of 8 agreed times late instead of 0." in html
    assert "<svg" in html
    assert "VPN 2" in html
    assert "VPN 0" not in html
    assert "agrees with what the clocks said at the time in 100 % of cases" in html
    assert f"{PAGE}{found.pk}/" in client.get(PAGE).content.decode()


def test_progress_is_fetched_until_it_is_over(desk: Cast) -> None:
    client = signed_in(desk.bob)
    client.post(PAGE, filled(desk, medium_first_response=150))
    with organization_scope(desk.nordwerk.pk):
        row = Simulation.objects.get()
        Simulation.objects.update(progress=40, state="running", beat_at=now())
    part = client.get(f"{PAGE}{row.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert 'value="40"' in part
    assert 'hx-trigger="every 2s"' in part
    with organization_scope(desk.nordwerk.pk):
        Simulation.objects.update(state="waiting")
    run(desk.nordwerk.pk, row.pk)
    part = client.get(f"{PAGE}{row.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Change at least one thing."),
        ({"medium_first_response": "0"}, "greater than or equal to 1"),
        ({"medium_first_response": "soon"}, "Enter a whole number."),
        ({"medium_resolution": "9" * 30}, "less than or equal to"),
        ({"calendar": "999999"}, "Select a valid choice."),
        ({"agents": ""}, "A team needs at least one agent."),
        ({"agents": "0"}, "A team needs at least one agent."),
        ({"agents": "-3"}, "greater than or equal to 0"),
    ],
)
def test_bad_input_is_answered_beside_its_field_and_kept(
    desk: Cast, changes: dict[str, str], sentence: str
) -> None:
    if "agents" in changes:
        changes = {f"agents_{desk.network.pk}": changes["agents"]}
    answer = signed_in(desk.bob).post(PAGE, filled(desk, **changes, high_resolution="600"))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in html
    for value in changes.values():
        assert not value or f'value="{value}"' in html or "calendar" in changes
    with organization_scope(desk.nordwerk.pk):
        assert not Simulation.objects.exists()


def test_a_calendar_without_hours_is_refused(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        empty = BusinessCalendar.objects.create(organization=desk.nordwerk, name="Empty")
    answer = signed_in(desk.bob).post(PAGE, filled(desk, calendar=empty.pk))
    assert answer.status_code == 422
    assert "The calendar has no working hours." in answer.content.decode()


def test_a_policy_that_went_is_said(desk: Cast) -> None:
    client = signed_in(desk.bob)
    values = filled(desk, medium_first_response=150)
    answer = client.post(f"{PAGE}?policy=99999", values)
    assert "This policy does not exist any more." in answer.content.decode()
    client.post(PAGE, values)
    with organization_scope(desk.nordwerk.pk):
        pk = Simulation.objects.get().pk
        SlaPolicy.objects.filter(organization=desk.nordwerk).update(is_active=False)
    assert run(desk.nordwerk.pk, pk) == "failed"
    html = client.get(f"{PAGE}{pk}/").content.decode()
    assert "This policy does not exist any more." in html


def test_without_tickets_there_is_nothing_to_replay(cast: Cast) -> None:
    answer = signed_in(cast.bob).post(PAGE, filled(cast, medium_first_response=150))
    assert "There are no tickets of the last quarter to replay." in answer.content.decode()


def test_it_is_for_those_who_lead_and_for_their_organization(desk: Cast) -> None:
    found = replayed(desk, medium_first_response=150)
    assert signed_in(desk.alice).get(PAGE).status_code == 403
    assert signed_in(desk.charlie).get(f"{PAGE}{found.pk}/").status_code == 403
    with organization_scope(desk.lumen.pk):
        assert not Simulation.objects.exists()
        desk.charlie.memberships.update(role="lead")
    assert signed_in(desk.charlie).get(f"{PAGE}{found.pk}/").status_code == 404


def test_a_dead_worker_is_replaced_and_not_for_ever(desk: Cast) -> None:
    client = signed_in(desk.bob)
    client.post(PAGE, filled(desk, medium_first_response=150))
    with organization_scope(desk.nordwerk.pk):
        pk = Simulation.objects.get().pk
        Simulation.objects.update(state="running", tries=1, beat_at=now())
    # Somebody is at it.
    assert run(desk.nordwerk.pk, pk) == "taken"
    with organization_scope(desk.nordwerk.pk):
        Simulation.objects.update(beat_at=now() - timedelta(minutes=6))
    assert run(desk.nordwerk.pk, pk) == "done"
    # Over is over.
    assert run(desk.nordwerk.pk, pk) == "taken"
    with organization_scope(desk.nordwerk.pk):
        Simulation.objects.update(state="waiting", tries=MOST_TRIES)
    run(desk.nordwerk.pk, pk)
    with organization_scope(desk.nordwerk.pk):
        row = Simulation.objects.get()
        assert (row.state, row.problem) == ("failed", "It was interrupted too often. Ask again.")
    assert sweep_simulations() == 0


def test_pages_cost_the_same_for_any_number(desk: Cast) -> None:
    client = signed_in(desk.bob)
    found = replayed(desk, medium_first_response=150)
    counts = []
    for _ in range(2):
        client.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        with CaptureQueriesContext(connection) as one:
            client.get(f"{PAGE}{found.pk}/")
        counts.append((len(queries), len(one)))
        for minutes in (100, 110):
            replayed(desk, medium_first_response=minutes)
    # Session, person, roles, organization twice, counts; policies, targets, teams, calendars,
    # simulations. Session, person, roles, organization twice, counts; simulation, tickets.
    assert counts[0] == counts[1]
    assert counts[0][0] <= 15
    assert counts[0][1] <= 12
