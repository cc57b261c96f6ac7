"""Forecasts are kept for running clocks, and shown with their reason, to the desk alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.sla.past import lived
from tickets.actions.base import Actor
from tickets.actions.forecast import forecast_clocks, learn_history
from tickets.actions.lifecycle import set_status
from tickets.actions.triage import set_priority
from tickets.forecast_selectors import lives
from tickets.models import SlaClock, SlaForecast, SlaHistory, Status, Ticket
from tickets.tasks import forecast, learn_from_clocks

# Of forty tickets thirty went over ten hours.
USUAL = [60.0 * hours for hours in (1, 15, 17, 19)] * 10


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    """A desk with a history, on a Tuesday at ten in the morning: the time stands still."""
    with time_machine.travel(datetime(2026, 6, 2, 8, tzinfo=UTC), tick=False):
        with organization_scope(cast.nordwerk.pk):
            lived(cast, USUAL)
        yield cast


def an_open_one(cast: Cast, used: float = 0) -> Ticket:
    [ticket] = lived(cast, [used], open_now=True)
    return ticket


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_running_clock_is_forecast_from_the_history(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        ticket = an_open_one(desk)
    assert learn_from_clocks() == 41
    assert forecast() == 1
    with organization_scope(desk.nordwerk.pk):
        row = SlaForecast.objects.get()
        assert (row.ticket_id, row.alike, row.depth) == (ticket.pk, 40, 5)
        assert row.risk == pytest.approx(0.75, abs=0.02)


def test_without_a_history_nothing_is_said(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        lived(cast, USUAL[:12])
        an_open_one(cast)
    assert forecast() == 0
    learn_from_clocks()
    assert forecast() == 0


def test_a_new_desk_learns_with_its_first_forecast(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        an_open_one(desk)
        assert not SlaHistory.objects.exists()
    assert forecast() == 1


def test_forecasts_are_calibrated_once_a_day(cast: Cast) -> None:
    home = cast.nordwerk.pk
    start = datetime(2026, 6, 2, 8, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock, organization_scope(home):
        lived(cast, USUAL)
        learn_history(organization_id=home)
        content = SlaHistory.objects.get().content
        assert content["calibration"] == {}
        content["calibration"] = {"customer:resolution": [-1.0, 1.0, 0.0]}
        SlaHistory.objects.update(content=content)
        clock.shift(timedelta(hours=1))
        ticket = an_open_one(cast)
        learn_history(organization_id=home)
        forecast_clocks(organization_id=home)
        # 75 of 100 by the history, less a whole unit of log-odds.
        assert SlaForecast.objects.get(ticket=ticket).risk == pytest.approx(0.52, abs=0.03)
        clock.shift(timedelta(hours=20))
        learn_history(organization_id=home)
        assert SlaHistory.objects.get().content["calibration"] == {}


def test_time_in_which_a_clock_stood_still_is_read_from_the_log(cast: Cast) -> None:
    start = datetime(2026, 6, 2, 8, tzinfo=UTC)
    hours = [start + timedelta(hours=n) for n in range(6)]
    statuses = {1: "waiting", 4: "open", 5: "resolved"}
    with time_machine.travel(start, tick=False) as clock, organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        for hour, key in statuses.items():
            clock.move_to(hours[hour])
            status = Status.objects.get(organization=cast.nordwerk, key=key)
            set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status)
        found = lives(cast.nordwerk.pk, now())
        [life] = [one for one in found if one.traits.kind == "customer:resolution"]
        assert life.is_explained
        assert life.pauses[0] == (hours[1], hours[4])
        assert [life.used_by(hour) / 3600 for hour in hours] == [0, 1, 1, 1, 1, 2]
        SlaClock.objects.filter(ticket=ticket).update(used=timedelta(minutes=90))
        assert not any(one.is_explained for one in lives(cast.nordwerk.pk, now()))


def test_what_no_longer_runs_has_no_forecast(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        waiting, solved = an_open_one(desk), an_open_one(desk)
        SlaClock.objects.filter(ticket=waiting).update(paused_at=now())
        learn_history(organization_id=desk.nordwerk.pk)
        forecast_clocks(organization_id=desk.nordwerk.pk)
        assert [row.ticket_id for row in SlaForecast.objects.all()] == [solved.pk]
        status = Status.objects.get(organization=desk.nordwerk, key="resolved")
        set_status(ticket=solved, actor=Actor.person(desk.alice), status=status)
        forecast_clocks(organization_id=desk.nordwerk.pk)
        assert not SlaForecast.objects.exists()


def test_a_forecast_that_did_not_move_is_not_written_again(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        ticket = an_open_one(desk)
        learn_history(organization_id=desk.nordwerk.pk)
        forecast_clocks(organization_id=desk.nordwerk.pk)
        before = SlaForecast.objects.get()
        forecast_clocks(organization_id=desk.nordwerk.pk)
        assert SlaForecast.objects.get().made_at == before.made_at
        SlaClock.objects.filter(ticket=ticket).update(used=timedelta(hours=9))
        forecast_clocks(organization_id=desk.nordwerk.pk, ticket_ids=[ticket.pk])
        after = SlaForecast.objects.get()
        assert after.pk == before.pk
        assert after.risk > before.risk


def test_forecasting_costs_the_same_for_any_number(desk: Cast) -> None:
    """Lock, learnt when (content once), calendars, loads, clocks, forecasts, inserts."""
    with organization_scope(desk.nordwerk.pk):
        lived(desk, [60.0] * 50, open_now=True)
        learn_history(organization_id=desk.nordwerk.pk)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert forecast_clocks(organization_id=desk.nordwerk.pk) == 50
        asked = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
        assert len(asked) == 8, asked


def test_another_organization_learns_nothing_of_it(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        an_open_one(desk)
    learn_from_clocks()
    forecast()
    with organization_scope(desk.lumen.pk):
        assert not SlaForecast.objects.exists()
        assert SlaHistory.objects.get().clocks == 0


def test_the_ticket_page_says_it_with_its_reason(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        ticket = an_open_one(desk)
    client = signed_in(desk.alice)
    page = reverse("desk:ticket", args=[ticket.number])
    assert "Probably" not in client.get(page).content.decode()
    learn_from_clocks()
    forecast()
    html = client.get(page).content.decode()
    assert "Resolution: Probably late (7" in html
    assert "had waited as long (same priority, team, category and channel), 30 went over" in html
    # Its parts are fetched again by themselves.
    assert (
        "Probably late" in client.get(reverse("desk:times", args=[ticket.number])).content.decode()
    )
    assert (
        "Probably late"
        not in signed_in(desk.dana)
        .get(reverse("portal:ticket", args=[ticket.number]))
        .content.decode()
    )


def test_lists_show_and_sort_by_it_without_a_query_more(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        calm, risky = an_open_one(desk), an_open_one(desk, used=9.5 * 60)
        SlaClock.objects.filter(ticket=calm).update(target=timedelta(hours=100))
    client = signed_in(desk.alice)
    url = reverse("desk:view", args=["open"])
    client.get(f"{url}?layout=table")
    with CaptureQueriesContext(connection) as before:
        client.get(f"{url}?layout=table")
    learn_from_clocks()
    forecast()
    with CaptureQueriesContext(connection) as after:
        html = client.get(f"{url}?layout=table&sort=risk").content.decode()
    assert len(after) == len(before)
    assert html.count("chip--risk") == 1
    assert html.index(f"row-{risky.number}") < html.index(f"row-{calm.number}")


def test_a_changed_priority_is_forecast_by_its_own_past(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        lived(desk, [30.0] * 40, priority="high")
        ticket = desk.ticket()
        learn_history(organization_id=desk.nordwerk.pk)
        set_priority(ticket=ticket, actor=Actor.person(desk.alice), priority="high")
        forecast_clocks(organization_id=desk.nordwerk.pk, ticket_ids=[ticket.pk])
        row = SlaForecast.objects.get(clock__metric="resolution")
        assert row.risk < 0.2
