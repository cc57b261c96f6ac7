"""A ticket on the desk: what it shows, what it costs, what an agent can set."""

import json

import pytest
from django.test import override_settings
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.base import Actor
from tickets.actions.reply import add_note, reply
from tickets.models import Status, Ticket


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket()


def fresh(cast: Cast, ticket: Ticket) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return Ticket.objects.select_related("status", "category", "assignee", "team").get(
            pk=ticket.pk
        )


def test_it_shows_the_conversation_and_who_asked(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    page = sign_in(cast.alice).get(f"/desk/t/{ticket.number}/")
    for text in (b"VPN drops", b"disconnects every five minutes", b"Dana Requester"):
        assert text in page.content


def test_another_organizations_agent_finds_no_such_ticket(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    client = sign_in(cast.charlie)
    for path in (
        f"/desk/t/{ticket.number}/",
        f"/desk/v/all/{ticket.number}/",
        f"/desk/t/{ticket.number}/part/head/",
    ):
        assert client.get(path).status_code == 404, path
    answer = client.post(f"/desk/t/{ticket.number}/message/", {"text": "hi"})
    assert answer.status_code == 404


def test_more_messages_cost_no_more_queries(
    cast: Cast, ticket: Ticket, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(cast.alice)
    client.get(f"/desk/t/{ticket.number}/")
    for count in (1, 6):
        with organization_scope(cast.nordwerk.pk):
            for _ in range(count):
                add_note(ticket=ticket, actor=Actor.person(cast.bob), text="Seen that before.")
        # Frame (8): person, memberships with the version of the setup, counts of the navigation,
        # the scope's settings (3), a savepoint (2) that is no query outside a test.
        # Ticket; what hangs on it, with tags; the requester's other tickets; messages, files,
        # changes; clocks. Menus, fields and lists: the kept setup.
        with django_assert_num_queries(15):
            client.get(f"/desk/t/{ticket.number}/")


def test_htmx_gets_the_panes_without_the_frame(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    page = sign_in(cast.alice).get(f"/desk/v/open/{ticket.number}/", headers=htmx("ticket-panes"))
    assert b"pane--context" in page.content
    assert b"<nav" not in page.content


def test_beside_its_view_it_offers_the_next_ticket(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    with organization_scope(cast.nordwerk.pk):
        newer = cast.ticket("A newer one")
    page = sign_in(cast.alice).get(f"/desk/v/open/{newer.number}/")
    assert f'href="/desk/v/open/{ticket.number}/'.encode() in page.content
    assert b"1 of 2" in page.content


def test_beside_its_view_it_costs_three_queries_more(
    cast: Cast, ticket: Ticket, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(cast.alice)
    client.get("/desk/v/open/")
    for subjects in (["One"], ["Two", "Three", "Four"]):
        with organization_scope(cast.nordwerk.pk):
            for subject in subjects:
                cast.ticket(subject)
        # As the ticket alone (15), and the view's numbers, which are its count too; rows, clocks.
        with django_assert_num_queries(18):
            page = client.get(f"/desk/v/open/{ticket.number}/")
    assert b"Four" in page.content


def test_an_internal_note_is_marked(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="Gateway cert expired.")
    page = sign_in(cast.alice).get(f"/desk/t/{ticket.number}/")
    assert b"message--note" in page.content
    assert b"Internal note" in page.content


def test_markup_in_a_mail_cannot_run(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("<script>alert(1)</script>", "<img src=x onerror=alert(1)> help")
    page = sign_in(cast.alice).get(f"/desk/t/{ticket.number}/")
    assert b"<script>alert" not in page.content
    assert b"<img src=x" not in page.content


def test_a_reply_is_kept_and_takes_the_ticket(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    answer = client.post(
        f"/desk/t/{ticket.number}/message/",
        {"kind": "public", "text": "Install **5.1.8**."},
        headers=htmx("conversation"),
    )
    # The page asks for the conversation itself, once this is committed.
    assert (answer.content, answer.headers["HX-Reswap"]) == (b"", "none")
    events = json.loads(answer.headers["HX-Trigger"])
    assert events["composer:sent"]["ticket"] == ticket.number
    page = client.get(f"/desk/t/{ticket.number}/part/conversation/", headers=htmx("conversation"))
    assert b"<strong>5.1.8</strong>" in page.content
    assert fresh(cast, ticket).assignee == cast.alice


def test_without_script_a_reply_leads_back_to_the_ticket(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    answer = sign_in(cast.alice).post(
        f"/desk/t/{ticket.number}/message/", {"kind": "public", "text": "Done."}, follow=True
    )
    assert answer.redirect_chain == [(f"/desk/t/{ticket.number}/", 302)]
    assert b"is on its way" in answer.content


def test_an_empty_message_is_refused_in_words(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    url = f"/desk/t/{ticket.number}/message/"
    client = sign_in(cast.alice)
    answer = client.post(url, {"text": "  "}, headers=htmx("conversation"))
    assert answer.headers["HX-Retarget"] == "#composer-problem"
    assert b"Write a message." in answer.content
    plain = client.post(url, {"text": " "})
    assert (plain.status_code, b"Write a message." in plain.content) == (422, True)


def test_a_reply_stops_when_somebody_wrote_meanwhile(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    client, url = sign_in(cast.alice), f"/desk/t/{ticket.number}/message/"
    with organization_scope(cast.nordwerk.pk):
        seen = ticket.messages.get().pk
        reply(ticket=ticket, actor=Actor.person(cast.bob), text="I am on it.")
    mine = {"kind": "public", "text": "Me too", "seen": str(seen)}
    stopped = client.post(url, mine, headers=htmx("conversation"))
    assert b"Bob Lead wrote while you did" in stopped.content
    assert b"I am on it." in stopped.content
    with organization_scope(cast.nordwerk.pk):
        assert ticket.messages.count() == 2
    plain = client.post(url, mine)
    assert (plain.status_code, b">Me too</textarea>" in plain.content) == (409, True)
    client.post(url, mine | {"anyway": "on"}, headers=htmx("conversation"))
    with organization_scope(cast.nordwerk.pk):
        assert ticket.messages.count() == 3


def test_a_conflict_over_a_note_stays_a_note(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        seen = ticket.messages.get().pk
        reply(ticket=ticket, actor=Actor.person(cast.bob), text="I am on it.")
    plain = sign_in(cast.alice).post(
        f"/desk/t/{ticket.number}/message/",
        {"as_note": "on", "text": "secret", "seen": str(seen)},
    )
    assert b'name="kind" value="internal"' in plain.content


def test_send_and_resolve_settles_the_ticket(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    sign_in(cast.alice).post(
        f"/desk/t/{ticket.number}/message/", {"kind": "public", "text": "Done.", "resolve": "on"}
    )
    assert fresh(cast, ticket).status_category == "solved"


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("status", "solved", "status_category", "solved"),
        ("priority", "critical", "priority", "critical"),
        ("urgency", "high", "urgency", "high"),
    ],
)
def test_a_property_is_set_from_its_menu(
    cast: Cast, ticket: Ticket, sign_in: SignIn,
    field: str, value: str, attribute: str, expected: str,
) -> None:  # fmt: skip
    url = f"/desk/t/{ticket.number}/set/{field}/"
    answer = sign_in(cast.alice).post(url, {"value": value}, headers=htmx("ticket-head"))
    assert b'id="ticket-head"' in answer.content
    assert getattr(fresh(cast, ticket), attribute) == expected


def test_assigning_to_me_can_be_undone(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    url = f"/desk/t/{ticket.number}/set/assignee/"
    answer = client.post(url, {"value": "me"}, headers=htmx("ticket-head"))
    assert fresh(cast, ticket).assignee == cast.alice
    undo = json.loads(answer.headers["HX-Trigger"])["toast"]["undo"]
    client.post(undo, headers=htmx())
    assert fresh(cast, ticket).assignee is None


def test_category_team_and_tags_are_set(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    for field, value in (
        ("category", str(cast.vpn.pk)),
        ("team", str(cast.network.pk)),
        ("tags", "home office, VPN"),
    ):
        client.post(f"/desk/t/{ticket.number}/set/{field}/", {"value": value})
    now = fresh(cast, ticket)
    assert (now.category, now.team) == (cast.vpn, cast.network)
    with organization_scope(cast.nordwerk.pk):
        assert set(now.tags.values_list("name", flat=True)) == {"home office", "vpn"}


@pytest.mark.parametrize("value", ["999999", "nonsense", "9" * 40, "-1"])
def test_a_value_that_no_menu_offered_changes_nothing(
    cast: Cast, ticket: Ticket, sign_in: SignIn, value: str
) -> None:
    for field in ("status", "assignee", "team", "category"):
        url = f"/desk/t/{ticket.number}/set/{field}/"
        answer = sign_in(cast.alice).post(url, {"value": value}, headers=htmx("ticket-head"))
        assert answer.status_code == 200
        assert "not there any more" in json.loads(answer.headers["HX-Trigger"])["toast"]["text"]
    assert fresh(cast, ticket).version == ticket.version


def test_another_organizations_status_is_refused(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    with organization_scope(cast.lumen.pk):
        foreign = Status.objects.filter(organization=cast.lumen).first()
    assert foreign is not None
    url = f"/desk/t/{ticket.number}/set/status/"
    sign_in(cast.alice).post(url, {"value": str(foreign.pk)}, headers=htmx("ticket-head"))
    assert fresh(cast, ticket).status_id == ticket.status_id


def test_an_unknown_field_is_not_found(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    answer = sign_in(cast.alice).post(f"/desk/t/{ticket.number}/set/number/", {"value": "1"})
    assert answer.status_code == 404


def test_a_requester_cannot_set_anything(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    answer = sign_in(cast.dana).post(
        f"/desk/t/{ticket.number}/set/priority/", {"value": "critical"}
    )
    assert answer.status_code == 403


def test_several_tickets_are_resolved_at_once(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        numbers = [cast.ticket().number for _ in range(3)]
    answer = sign_in(cast.alice).post(
        "/desk/bulk/",
        {"number": numbers, "do": "status:solved", "next": "/desk/v/open/"},
        follow=True,
    )
    assert answer.redirect_chain[0][0] == "/desk/v/open/"
    assert b"3 tickets changed" in answer.content
    with organization_scope(cast.nordwerk.pk):
        settled = Ticket.objects.filter(number__in=numbers, status_category="solved")
        assert settled.count() == 3


def test_going_back_never_leaves_the_site(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.alice).post(
        "/desk/bulk/", {"number": [], "do": "status:solved", "next": "https://evil.example/"}
    )
    assert answer.headers["Location"] == "/desk/"


def test_without_a_cache_the_page_is_whole(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    client = sign_in(cast.alice)
    dead = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            # Nothing listens on the discard port.
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    with override_settings(CACHES=dead, SESSION_ENGINE="django.contrib.sessions.backends.db"):
        page = client.get(f"/desk/t/{ticket.number}/")
    assert page.status_code == 200
    assert escape(cast.network.name).encode() in page.content
