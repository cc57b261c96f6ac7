"""Times met by week, backlog by age, arrivals by hour, the AI's costs, and who sees them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from ai.models import ModelCall
from analytics.depth_charts import shade
from analytics.depth_selectors import Age, Kept, ages, arrivals, spending, weeks
from analytics.selectors import Question, asked
from omnidesk.accounts.models import Membership, Organization, User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.analytics.test_insights import busy, signed_in
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.triage import assign_team
from tickets.models import SlaClock, Ticket

__all__ = ["busy"]


def question(user: User, **wish: str) -> Question:
    found = asked(User.objects.get(pk=user.pk), **wish)
    assert found is not None
    return found


def aged(cast: Cast, **ago: float) -> Ticket:
    """A ticket that was opened so long ago."""
    ticket = cast.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(created_at=now() - timedelta(**ago))
    return ticket


def clock(ticket: Ticket, *, level: str = "customer", **times: Any) -> SlaClock:
    """A clock of an hour that ended somehow."""
    moment = now()
    return SlaClock.objects.create(
        organization=ticket.organization, ticket=ticket, level=level, metric="resolution",
        target=timedelta(hours=1), used=timedelta(), started_at=moment, counted_to=moment,
        due_at=moment, **times,
    )  # fmt: skip


def test_a_week_counts_what_was_decided_in_it(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        SlaClock.objects.all().delete()
        ticket, other = cast.ticket(), cast.ticket("Other")
        SlaClock.objects.all().delete()
        assign_team(ticket=other, actor=Actor.person(cast.alice), team=cast.network)
        SlaClock.objects.all().delete()
        clock(ticket, met_at=now())
        clock(other, met_at=now(), breached_at=now() - timedelta(weeks=2))
        clock(other, met_at=now(), level="team")
        clock(ticket, met_at=now() - timedelta(weeks=13))
        clock(ticket, stopped_at=now())
        found = weeks(question(cast.bob))
        assert [week.whole for week in found if week.by_metric] == [Kept(0, 1), Kept(1, 0)]
        assert found[-1].whole.share == 1.0
        assert len(found) == 12
        assert found[0].whole.share is None
        mine = weeks(question(cast.bob, team=cast.network.slug))
        assert [week.whole for week in mine if week.by_metric] == [Kept(0, 1)]


def test_the_backlog_is_sorted_by_age(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for days in (0.5, 2, 40, 400):
            aged(cast, days=days)
        found = ages(question(cast.bob))
    assert [one.tickets for one in found] == [1, 1, 0, 0, 0, 1, 1]
    assert found[-1] == Age(90, None, 1, 1)


def test_arrivals_stand_at_the_organizations_own_hour(cast: Cast) -> None:
    Organization.objects.filter(pk=cast.nordwerk.pk).update(timezone="Asia/Tokyo")
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        monday = now().astimezone(ZoneInfo("Asia/Tokyo")) - timedelta(days=7)
        monday -= timedelta(days=monday.weekday())
        came = datetime(monday.year, monday.month, monday.day, 8, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
        Ticket.objects.filter(pk=ticket.pk).update(created_at=came)
        grid = arrivals(question(cast.bob))
    assert (grid[0][8], sum(map(sum, grid))) == (1, 1)


@pytest.mark.parametrize(("value", "stands"), [(0, 0), (1, 1), (25, 1), (26, 2), (100, 4)])
def test_a_shade_is_a_quarter_of_the_highest(value: int, stands: int) -> None:
    assert shade(value, 100) == stands


def spend(organization: Organization, usd: str) -> None:
    with organization_scope(organization.pk):
        ModelCall.objects.create(
            organization=organization, operation="triage", model="far-1", status="ok", cost_usd=usd
        )


def test_costs_are_each_organizations_own_and_for_its_leads(busy: Cast) -> None:
    spend(busy.nordwerk, "1.25")
    spend(busy.lumen, "3.75")
    with organization_scope([busy.nordwerk.pk, busy.lumen.pk]):
        found = spending(question(busy.bob), [busy.nordwerk])
        assert found[-1].usd == {busy.nordwerk.pk: Decimal("1.25")}
        assert (len(found), found[-1].calls) == (6, 1)

    def shown(user: User) -> html.HtmlElement:
        return html.fromstring(signed_in(user).get("/desk/insights/").content.decode())

    assert "Costs of the AI" not in shown(busy.alice).text_content()
    text = shown(busy.bob).text_content()
    assert "1.25 USD for calls of outside models in 6 months." in text
    assert "3.75" not in text
    # Who leads both sees both, in columns of their own.
    with organization_scope(busy.lumen.pk):
        Membership.objects.create(user=busy.bob, organization=busy.lumen, role="lead")
    assert "3.75 USD" in shown(busy.bob).text_content()


def test_every_chart_is_said_in_words_and_has_its_table(busy: Cast) -> None:
    page = html.fromstring(signed_in(busy.bob).get("/desk/insights/").content.decode())
    for title in ("Backlog by age", "When tickets come"):
        (card,) = page.xpath("//section[header/h2=$title]", title=title)
        assert card.xpath(".//svg[@role='img']/desc")[0].text_content()
        assert card.xpath(".//details//th[@scope='row']")
    (grid,) = page.xpath("//section[header/h2='When tickets come']//tbody")
    assert sum(int(cell.text_content()) for cell in grid.xpath(".//td")) == 6
