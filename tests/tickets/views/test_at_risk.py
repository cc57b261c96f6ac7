"""At risk: for leads, the worst first, with one click for what helps, by the usual actions."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from omnidesk.accounts.actions import add_to_team
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.sla.past import lived
from tickets.actions.assigning import set_availability
from tickets.models import Category, Change, SlaClock, SlaPolicy, Ticket
from tickets.tasks import forecast, learn_from_clocks

PAGE = "/desk/at-risk/"
# Thirty of forty solutions and first answers went over ten hours.
USUAL = [60.0 * hours for hours in (1, 15, 17, 19)] * 10


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    """A history of both clocks, on a Tuesday at ten: the time stands still."""
    with time_machine.travel(datetime(2026, 6, 2, 8, tzinfo=UTC), tick=False):
        with organization_scope(cast.nordwerk.pk):
            lived(cast, USUAL)
            lived(cast, [60.0] * 40, priority="high", category=cast.vpn)
            add_to_team(team=cast.network, user=cast.bob)
        yield cast


def risky(cast: Cast, used: float = 540, category: Category | None = None) -> Ticket:
    """An open ticket that has an hour left of ten."""
    with organization_scope(cast.nordwerk.pk):
        [ticket] = lived(cast, [used], open_now=True, team=cast.network, category=category)
    learn_from_clocks()
    forecast()
    return ticket


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_worst_come_first_with_their_reason(desk: Cast) -> None:
    calm, bad = risky(desk, used=0), risky(desk)
    html = signed_in(desk.bob).get(PAGE).content.decode()
    assert html.index(f"risk-{bad.number}") < html.index(f"risk-{calm.number}")
    assert "2 tickets may be late" in html
    assert "had waited as long" in html


def test_it_is_for_those_who_lead(desk: Cast) -> None:
    risky(desk)
    assert signed_in(desk.alice).get(PAGE).status_code == 403
    assert signed_in(desk.dana).get(PAGE).status_code == 302
    assert signed_in(desk.charlie).get(PAGE).status_code == 403
    assert PAGE in signed_in(desk.bob).get("/desk/more/").content.decode()
    assert PAGE not in signed_in(desk.alice).get("/desk/more/").content.decode()


def test_it_costs_the_same_for_any_number_of_tickets(desk: Cast) -> None:
    """Session, person, roles, organization; forecasts and their number, tickets; for the one
    organization history, calendars, loads, clocks, people, teams, profiles, skills, open, solved,
    targets, policies; navigation."""
    client = signed_in(desk.bob)
    risky(desk)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as one:
        client.get(PAGE)
    for _ in range(8):
        risky(desk, category=desk.vpn)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as many:
        html = client.get(PAGE).content.decode()
    assert html.count('class="risk"') == 9
    # A category on the page makes its skills and solved tickets worth asking for.
    assert len(many) - len(one) <= 2
    assert len(many) <= 27, [q["sql"][:90] for q in many]


def test_one_click_gives_it_to_somebody_who_is_there(desk: Cast) -> None:
    ticket = risky(desk)
    client = signed_in(desk.bob)
    html = client.get(PAGE).content.decode()
    assert "Give it to Alice Agent" in html
    assert "nobody works on it now" in html
    found = re.search(
        r'name="do" value="assign"><input type="hidden" name="to" value="(\d+)"', html
    )
    assert found
    url = reverse("desk:rescue", args=[ticket.number])
    answer = client.post(url, {"do": "assign", "to": found[1]}, follow=True)
    assert "Assigned to Alice Agent" in answer.content.decode()
    with organization_scope(desk.nordwerk.pk):
        ticket.refresh_from_db()
        assert ticket.assignee_id == desk.alice.pk
        assert Change.objects.filter(ticket=ticket, verb="ticket.assigned").count() == 1
    client.post(url, {"do": "assign", "to": found[1]})
    with organization_scope(desk.nordwerk.pk):
        assert Change.objects.filter(ticket=ticket, verb="ticket.assigned").count() == 1


def test_nobody_who_is_away_is_offered(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        for user in (desk.alice, desk.bob):
            set_availability(user=user, organization_id=desk.nordwerk.pk, away=True)
    risky(desk)
    assert "Give it to" not in signed_in(desk.bob).get(PAGE).content.decode()


def test_a_higher_priority_is_raised_by_the_usual_action(desk: Cast) -> None:
    ticket = risky(desk, used=30)
    with organization_scope(desk.nordwerk.pk):
        policy = SlaPolicy.objects.get(organization=desk.nordwerk)
        SlaClock.objects.filter(ticket=ticket).update(policy=policy)
    client = signed_in(desk.bob)
    assert "Raise to High" in client.get(PAGE).content.decode()
    url = reverse("desk:rescue", args=[ticket.number])
    client.post(url, {"do": "raise", "to": "high"})
    with organization_scope(desk.nordwerk.pk):
        ticket.refresh_from_db()
        assert ticket.priority == "high"
    again = client.post(url, {"do": "raise", "to": "high"}, follow=True)
    assert "The priority was changed meanwhile." in again.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"do": "assign", "to": "999999"}, "This person is not there any more."),
        ({"do": "assign", "to": "²"}, "This person is not there any more."),
        ({"do": "raise", "to": "enormous"}, "The priority was changed meanwhile."),
        ({"do": "delete", "to": "1"}, "Choose one of the list."),
        ({}, "Choose one of the list."),
    ],
)
def test_nonsense_is_answered_with_a_sentence(
    desk: Cast, fields: dict[str, str], sentence: str
) -> None:
    ticket = risky(desk)
    url = reverse("desk:rescue", args=[ticket.number])
    answer = signed_in(desk.bob).post(url, fields, follow=True)
    assert sentence in answer.content.decode()


def test_strangers_and_agents_rescue_nothing(desk: Cast) -> None:
    ticket = risky(desk)
    url = reverse("desk:rescue", args=[ticket.number])
    fields = {"do": "assign", "to": str(desk.alice.pk)}
    assert signed_in(desk.charlie).post(url, fields).status_code == 404
    assert signed_in(desk.alice).post(url, fields).status_code == 403
    outsider = {"do": "assign", "to": str(desk.charlie.pk)}
    refused = signed_in(desk.bob).post(url, outsider, follow=True).content.decode()
    assert "This person is not there any more." in refused
    with organization_scope(desk.nordwerk.pk):
        ticket.refresh_from_db()
        assert ticket.assignee_id is None


def test_what_was_solved_meanwhile_is_left_alone(desk: Cast) -> None:
    ticket = risky(desk)
    with organization_scope(desk.nordwerk.pk):
        Ticket.objects.filter(pk=ticket.pk).update(status_category="solved")
    url = reverse("desk:rescue", args=[ticket.number])
    fields = {"do": "assign", "to": str(desk.alice.pk)}
    answer = signed_in(desk.bob).post(url, fields, follow=True)
    assert "This ticket is solved already." in answer.content.decode()


def test_without_a_history_it_says_so(cast: Cast) -> None:
    html = signed_in(cast.bob).get(PAGE).content.decode()
    assert "Forecasts begin once 30 tickets with agreed times have been solved." in html


def test_with_a_history_and_no_risk_it_says_that(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk):
        SlaClock.objects.filter(met_at=None).delete()
    learn_from_clocks()
    assert "No ticket is at risk" in signed_in(desk.bob).get(PAGE).content.decode()


def test_a_due_time_that_has_passed_is_no_risk_any_more(desk: Cast) -> None:
    ticket = risky(desk)
    with organization_scope(desk.nordwerk.pk):
        past = datetime(2026, 6, 2, 7, tzinfo=UTC) - timedelta(hours=1)
        SlaClock.objects.filter(ticket=ticket).update(due_at=past)
    assert f"risk-{ticket.number}" not in signed_in(desk.bob).get(PAGE).content.decode()
