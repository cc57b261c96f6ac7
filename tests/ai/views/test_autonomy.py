"""/desk/ai/autonomy/ and /desk/ai/backtests/: levels, the switch, a waiting answer, replays."""

import pytest
from django.test import Client
from django.urls import reverse

from ai.models import AutomaticAnswer, AutomaticSwitch, Autonomy, Backtest, Enrichment
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import LINE, judged, may, vpn_article, waiting
from tests.ai.views.test_panel import HTMX, signed_in
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.models import Ticket


@pytest.fixture
def bob(cast: Cast) -> Client:
    return signed_in(cast.bob)


def test_leads_see_levels_and_what_is_missing(cast: Cast, bob: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        judged(cast, 15)
    page = bob.get(reverse("ai:autonomy")).content.decode()
    assert "VPN &amp; remote" in page
    assert "5 judged answers more" in page
    assert "Stop all automatic answers" not in page
    assert signed_in(cast.alice).get(reverse("ai:autonomy")).status_code == 403
    other = reverse("ai:autonomy_category", args=[cast.vpn.pk])
    assert signed_in(cast.charlie).get(other).status_code in {403, 404}


def test_a_lead_approves_and_lowers(cast: Cast, bob: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        judged(cast, 20)
    assert "Approve: Drafts" in bob.get(reverse("ai:autonomy")).content.decode()
    bob.post(reverse("ai:autonomy_raise", args=[cast.vpn.pk]))
    with organization_scope(cast.nordwerk.pk):
        assert Autonomy.objects.get().level == "draft"
    assert (
        signed_in(cast.alice).post(reverse("ai:autonomy_lower", args=[cast.vpn.pk])).status_code
        == 403
    )
    bob.post(reverse("ai:autonomy_lower", args=[cast.vpn.pk]), {"reason": "New gateway"})
    page = bob.get(reverse("ai:autonomy_category", args=[cast.vpn.pk])).content.decode()
    assert "New gateway" in page
    assert "by Bob" not in page
    with organization_scope(cast.nordwerk.pk):
        assert Autonomy.objects.get().level == "suggest"


def test_the_page_of_a_category_shows_answers_beside_peoples(cast: Cast, bob: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        answer = waiting(cast, vpn_article(cast), state="shadow")
        reply(ticket=answer.ticket, actor=Actor.person(cast.alice), text="Restart the router.")
    page = bob.get(reverse("ai:autonomy_category", args=[cast.vpn.pk])).content.decode()
    assert LINE in page
    assert "Restart the router." in page


def test_only_the_installations_administrator_throws_the_switch(cast: Cast, bob: Client) -> None:
    path = reverse("ai:autonomy_switch")
    assert bob.post(path, {"to": "stop"}).status_code == 403
    owner = signed_in(cast.admin)
    owner.post(path, {"to": "stop", "reason": "Wrong article"})
    assert AutomaticSwitch.objects.get().stopped_at is not None
    assert "Wrong article" in bob.get(reverse("ai:autonomy")).content.decode()
    owner.post(path, {"to": "go"})
    assert AutomaticSwitch.objects.get().stopped_at is None


def read_by_ai(ticket: Ticket) -> None:
    Enrichment.objects.create(
        organization_id=ticket.organization_id, ticket=ticket, message=ticket.messages.get(),
        trigger="opened", state="done", verdict={},
    )  # fmt: skip
    Ticket.objects.filter(pk=ticket.pk).update(ai_state="done")


def test_an_agent_stops_what_waits_from_the_panel(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        may(cast, "send")
        answer = waiting(cast, vpn_article(cast))
        read_by_ai(answer.ticket)
    alice, number = signed_in(cast.alice), answer.ticket.number
    panel = alice.get(reverse("ai:panel", args=[number]), headers=HTMX).content.decode()
    assert "Is answered automatically" in panel
    alice.post(reverse("ai:automatic_stop", args=[number]), follow=True)
    with organization_scope(cast.nordwerk.pk):
        assert AutomaticAnswer.objects.get().state == "stopped"
    panel = alice.get(reverse("ai:panel", args=[number]), headers=HTMX).content.decode()
    assert "somebody of the desk stopped it" in panel
    outsider = signed_in(cast.charlie)
    assert outsider.post(reverse("ai:automatic_stop", args=[number])).status_code == 404


def test_a_backtest_starts_once_and_shows_its_report(cast: Cast, bob: Client) -> None:
    start = reverse("ai:backtest_start")
    given = {"organization": cast.nordwerk.pk, "most": "50"}
    assert signed_in(cast.alice).post(start, given).status_code == 403
    first, second = bob.post(start, given), bob.post(start, given)
    assert first["Location"] == second["Location"]
    with organization_scope(cast.nordwerk.pk):
        run = Backtest.objects.get()
        ticket = cast.ticket()
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Restart the router.")
        figures = {
            "tickets": 2, "answered": 1, "coverage": 0.5, "judged": 1, "precision": 1.0,
            "bound": 0.27,
        }  # fmt: skip
        Backtest.objects.update(
            state="done",
            report={
                "tickets": 2, "seconds": 1.0, "milliseconds": 500, "cost_usd": 0.0,
                "all": figures, "drafts": figures, "floors": [{"floor": 0.5, **figures}],
                "categories": {str(cast.vpn.pk): figures},
            },
            cases=[
                {"ticket": ticket.pk, "category": cast.vpn.pk, "text": f"{LINE} [1]",
                 "confidence": 0.8, "language": "en", "sources": [{"number": 1, "title": "VPN"}],
                 "outcome": "other", "right": False, "likeness": 0.2}
            ],
        )  # fmt: skip
    page = bob.get(reverse("ai:backtest", args=[run.pk])).content.decode()
    assert LINE in page
    assert "Restart the router." in page
    assert "Written otherwise" in page
    assert bob.get(reverse("ai:backtests")).status_code == 200
    assert signed_in(cast.charlie).get(reverse("ai:backtest", args=[run.pk])).status_code == 403
