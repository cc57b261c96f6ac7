"""Where people see linked tickets: the panel on a ticket, the page of all, the administration."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.link_selectors import balances, link_page, ticket_links
from integrations.links import ExternalLink, FieldConflict, LinkState, Verdict
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi import Glpi
from tests.federation.conftest import Bridge
from tests.federation.test_conflicts import clash, rename
from tickets.models import Ticket

__all__ = ["clash"]


def as_user(client: Client, user: User) -> Client:
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_the_panel_shows_the_link_and_decides_conflicts(
    client: Client, bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict
) -> None:
    as_user(client, cast.alice)
    number = bridge.ticket().number
    panel = client.get(reverse("integrations:elsewhere", args=[number])).content.decode()
    for words in (
        "In conflict",
        "Our name",
        "Their name",
        "Use mine",
        "Keep theirs",
        "front/ticket",
    ):
        assert words in panel
    answer = client.post(
        reverse("integrations:decide", args=[clash.pk, "theirs"]), headers={"HX-Request": "true"}
    )
    assert "Use mine" not in answer.content.decode()
    bridge.sync()
    assert bridge.ticket().subject == "Their name"
    again = client.post(reverse("integrations:decide", args=[clash.pk, "ours"]))
    assert again.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        assert FieldConflict.objects.get().verdict == Verdict.THEIRS


def test_a_ticket_is_passed_on_from_its_panel_once(
    client: Client, bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    as_user(client, cast.alice)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Ours")
    panel = client.get(reverse("integrations:elsewhere", args=[ticket.number])).content.decode()
    assert "Pass on to glpi" in panel
    path = reverse("integrations:pass-on", args=[ticket.number, bridge.channel.pk])
    for _ in range(2):
        client.post(path)
    bridge.sync()
    assert [row["name"] for row in glpi.tickets.values()] == ["Ours"]


def test_strangers_and_requesters_get_nothing(
    client: Client, bridge: Bridge, cast: Cast, clash: FieldConflict
) -> None:
    number, link = bridge.ticket().number, bridge.link().pk
    for user in (cast.charlie, cast.dana):
        as_user(client, user)
        for path in (
            reverse("integrations:decide", args=[clash.pk, "ours"]),
            reverse("integrations:pass-on", args=[number, bridge.channel.pk]),
            reverse("integrations:look", args=[link]),
        ):
            assert client.post(path).status_code in {403, 404}
    as_user(client, cast.charlie)
    assert client.get(reverse("integrations:elsewhere", args=[number])).status_code == 404
    page = client.get(reverse("integrations:links")).content.decode()
    assert "Our name" not in page
    assert "No other system is connected" in page
    with organization_scope(cast.nordwerk.pk):
        assert FieldConflict.objects.get().verdict == Verdict.OPEN


def test_the_page_counts_filters_and_finds_by_either_number(
    client: Client, bridge: Bridge, glpi: Glpi, cast: Cast
) -> None:
    for number in range(3):
        glpi.open(f"Printer {number}")
    bridge.sync()
    as_user(client, cast.alice)
    path = reverse("integrations:links")
    assert client.get(path).content.decode().count("front/ticket.form.php") == 3
    ours = bridge.ticket(2).number
    for query in ({"q": "Printer 1"}, {"q": str(ours)}, {"q": "2"}):
        assert "Printer 1" in client.get(path, query).content.decode()
    assert "No linked ticket fits" in client.get(path, {"state": "gone"}).content.decode()
    for nonsense in ({"state": "'"}, {"q": "9" * 40}, {"page": "x"}):
        assert client.get(path, nonsense).status_code == 200


def test_lists_cost_few_queries(
    bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    rename(bridge, cast, "Once more")
    with organization_scope(cast.nordwerk.pk):
        ticket = Ticket.objects.get(external_links__remote_id="1")
        cast.alice.roles()
        # Channels, conflicts, statuses, links.
        with django_assert_num_queries(4):
            assert len(ticket_links(ticket).links[0].conflicts) == 1
        # Channels, counts.
        with django_assert_num_queries(2):
            [balance] = balances(cast.alice)
        # Count, rows.
        with django_assert_num_queries(2):
            page = link_page(cast.alice, state="", text="", number="1")
            assert [one.ticket.subject for one in page if one.ticket] == ["Once more"]
    assert (balance.counts, balance.share) == ({"conflict": 1}, 100)


@pytest.mark.parametrize("model", ["externallink", "externalitem", "fieldconflict"])
def test_the_administration_lists_and_shows(
    client: Client, cast: Cast, clash: FieldConflict, model: str
) -> None:
    as_user(client, cast.admin)
    listed = client.get(reverse(f"admin:integrations_{model}_changelist"), {"q": "1"})
    assert listed.status_code == 200
    if model == "externallink":
        with organization_scope(cast.nordwerk.pk):
            link = ExternalLink.objects.get()
            ExternalLink.objects.update(state=LinkState.BEHIND, due_at=None)
        path = reverse("admin:integrations_externallink_changelist")
        client.post(path, {"action": "look_now", "_selected_action": [link.pk]})
        with organization_scope(cast.nordwerk.pk):
            assert ExternalLink.objects.get().due_at is not None
    if model == "fieldconflict":
        path = reverse("admin:integrations_fieldconflict_changelist")
        client.post(path, {"action": "keep_theirs", "_selected_action": [clash.pk]})
        with organization_scope(cast.nordwerk.pk):
            assert FieldConflict.objects.get().verdict == Verdict.THEIRS


@pytest.mark.parametrize("way", ["search", "palette"])
def test_a_ticket_is_found_by_its_number_over_there(
    client: Client, bridge: Bridge, glpi: Glpi, cast: Cast, way: str
) -> None:
    glpi.open("Beamer flickers")
    bridge.sync()
    with organization_scope(cast.nordwerk.pk):
        link = ExternalLink.objects.order_by("-pk").first()
        assert link is not None
        ExternalLink.objects.filter(pk=link.pk).update(display_id="GL-4711")
    part = {"HX-Request": "true", "HX-Target": "palette-results"} if way == "palette" else {}
    for words, person, found in (
        ("GL-4711", cast.alice, True),
        (link.remote_id, cast.alice, True),
        ("GL-4712", cast.alice, False),
        ("GL-4711", cast.charlie, False),
    ):
        page = as_user(client, person).get("/desk/search/", {"q": words}, headers=part)
        shown = "Beamer flickers" in page.content.decode()
        assert shown is found, (words, person)
