"""The insights page: figures, honest gaps, filters, and an export equal to the screen."""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import DailyRollup
from analytics.page import duration
from analytics.rollups import today
from analytics.tasks import roll_up
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor, FieldChange, record
from tickets.actions.reply import reply
from tickets.actions.triage import assign_team
from tickets.models import Rating, Ticket


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, **query: object) -> str:
    response = signed_in(user).get(f"{reverse('analytics:insights')}?{urlencode(query)}")
    assert response.status_code == 200
    return response.content.decode()


def kpi(html: str, name: str) -> str:
    match = re.search(rf'kpi__name">{name}</dt>\s*<dd class="kpi__value">([^<]*)', html)
    assert match, name
    return match[1].strip()


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Six tickets, one of them with the network team, five answered, all today."""
    # It is about noon there, so that what was 90 minutes ago was today.
    cast.nordwerk.timezone = f"Etc/GMT{now().hour - 12:+d}"
    cast.nordwerk.save(update_fields=["timezone"])
    with organization_scope(cast.nordwerk.pk):
        for number in range(6):
            ticket = cast.ticket(f"Ticket {number}", f"Text {number}")
            Ticket.objects.filter(pk=ticket.pk).update(created_at=now() - timedelta(minutes=90))
            if number:
                reply(ticket=ticket, actor=Actor.person(cast.alice), text="On it.")
        assign_team(ticket=ticket, actor=Actor.person(cast.alice), team=cast.network)
    roll_up()
    return cast


def test_it_shows_the_sums_of_the_range(busy: Cast) -> None:
    html = page(busy.alice)
    assert kpi(html, "Opened") == "6"
    assert kpi(html, "Open now") == "6"
    assert kpi(html, "Solved") == "0"
    assert kpi(html, "First response, median") == "90"


def test_too_little_data_is_said_and_not_drawn(busy: Cast) -> None:
    html = page(busy.alice)
    assert "Too little data: needs 10 decided suggestions, has 0." in html
    assert kpi(html, "AI accepted") == "–"
    with organization_scope(busy.nordwerk.pk):
        ticket = Ticket.objects.order_by("number")[0]
        for number in range(10):
            verb = "accepted" if number < 8 else "rejected"
            change = FieldChange(f"ticket.suggestion_{verb}", f"field{number}")
            record(ticket, Actor.person(busy.alice), change)
        DailyRollup.objects.update(stale_at=now() + timedelta(seconds=5))
    roll_up()
    html = page(busy.alice)
    assert kpi(html, "AI accepted") == "80.0"
    assert "needs 10 decided" not in html


def test_a_team_has_its_own_figures(busy: Cast) -> None:
    html = page(busy.alice, team=busy.network.slug)
    assert kpi(html, "Opened") == "1"
    assert kpi(html, "Open now") == "1"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(89, "1 min"), (7100, "118 min"), (7380, "2.0 h"), (2 * 86_400 + 8640, "2.1 days")],
)
def test_a_length_of_time_is_rounded_and_has_a_fitting_unit(seconds: float, shown: str) -> None:
    assert " ".join(duration(seconds)) == shown


@pytest.mark.parametrize(("asked", "shown"), [("7", 7), ("60", 60), ("5", 30), ("x²", 30)])
def test_the_range_is_one_of_three(busy: Cast, asked: str, shown: int) -> None:
    html = page(busy.alice, days=asked)
    assert f'aria-current="true">{shown} days' in html


def test_the_export_equals_the_screen(busy: Cast) -> None:
    query = {"days": 7, "team": busy.network.slug}
    html = page(busy.alice, **query)
    response = signed_in(busy.alice).get(f"{reverse('analytics:export')}?{urlencode(query)}")
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 1 + 7
    table = html.split("insights__all")[1]
    head = re.findall(r'<th scope="col">([^<]*)</th>', table)
    shown = [
        re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1], re.DOTALL)
    ]
    assert head == rows[0]
    assert list(reversed(shown)) == rows[1:]
    assert rows[-1][1] == "1"


def test_days_not_counted_yet_are_empty_and_not_zero(busy: Cast) -> None:
    response = signed_in(busy.alice).get(f"{reverse('analytics:export')}?days=7")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[1][1:] == [""] * 8


def test_before_the_first_count_it_says_so(cast: Cast) -> None:
    assert "No figures yet" in page(cast.alice)


def test_a_comparison_needs_the_whole_range_before(busy: Cast) -> None:
    assert "than before" not in page(busy.alice, days=7)
    last = today(busy.nordwerk)
    with organization_scope(busy.nordwerk.pk):
        DailyRollup.objects.bulk_create(
            DailyRollup(organization=busy.nordwerk, day=last - timedelta(days=n), opened=1)
            for n in range(7, 14)
        )
    assert "1 fewer than before" in page(busy.alice, days=7)


def test_satisfaction_is_the_share_of_good_ratings(busy: Cast) -> None:
    assert "Too little data: needs 5 ratings, has 0." in page(busy.alice)
    with organization_scope(busy.nordwerk.pk):
        tickets = list(Ticket.objects.order_by("pk"))
        Rating.objects.bulk_create(
            Rating(organization=busy.nordwerk, ticket=ticket, score=score, rated_at=now())
            for ticket, score in zip(tickets, (5, 4, 5, 1, None, 3), strict=True)
            if score
        )
        # Asked, but not answered: no rating.
        Rating.objects.create(organization=busy.nordwerk, ticket=tickets[4], asked_at=now())
    html = page(busy.alice)
    assert "3 of 5 ratings were good." in html
    assert "60.0" in html
    # The network team has the last of them alone.
    assert "Too little data: needs 5 ratings, has 1." in page(busy.alice, team=busy.network.slug)


def test_nobody_sees_another_organization(busy: Cast) -> None:
    html = page(busy.charlie, organization=busy.nordwerk.slug, team=busy.network.slug)
    assert "No figures yet" in html
    assert busy.nordwerk.name not in html


def test_requesters_are_sent_to_the_portal(busy: Cast) -> None:
    response = signed_in(busy.dana).get(reverse("analytics:insights"))
    assert response.status_code == 302
    assert response["Location"] == reverse("portal:home")
    assert Client().get(reverse("analytics:insights")).status_code == 302


def test_the_number_of_queries_does_not_grow_with_the_range(busy: Cast) -> None:
    client = signed_in(busy.alice)

    def queries(days: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{reverse('analytics:insights')}?days={days}")
        return len(captured)

    queries(7)
    assert queries(7) == queries(60)
