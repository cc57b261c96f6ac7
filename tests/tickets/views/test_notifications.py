"""The bell, the list, the choices, and following on the desk."""

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.notify import Notice, notify
from tickets.models import Notification, NotificationSettings, Ticket
from tickets.notices import Kind


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket()


def tell(cast: Cast, ticket: Ticket, *people: User, kind: Kind = Kind.MENTIONED) -> None:
    with organization_scope(cast.nordwerk.pk):
        ids = [one.pk for one in people]
        notify(Notice(kind=kind, ticket=ticket, people=ids, actor_name="Bob Lead"))


def test_the_bell_counts_and_leads_to_the_ticket(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    tell(cast, ticket, cast.alice)
    client = sign_in(cast.alice)
    bell = client.get("/notifications/bell/").content.decode()
    assert "1 unread notification<" in bell
    assert "Bob Lead mentioned you" in bell
    with organization_scope(cast.nordwerk.pk):
        row = Notification.objects.get()
    answer = client.get(f"/notifications/{row.pk}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/desk/t/{ticket.number}/")
    assert "unread notification<" not in client.get("/notifications/bell/").content.decode()


def test_a_requester_has_a_bell_in_the_portal(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    tell(cast, ticket, cast.dana, kind=Kind.ANSWERED)
    client = sign_in(cast.dana)
    assert b'id="bell"' in client.get("/").content
    page = client.get("/notifications/").content
    assert b"Bob Lead answered you" in page
    assert b'class="topbar' in page
    with organization_scope(cast.nordwerk.pk):
        row = Notification.objects.get()
    answer = client.get(f"/notifications/{row.pk}/")
    assert answer.headers["Location"] == f"/tickets/{ticket.number}/"


def test_somebody_else_s_notification_is_not_there(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    tell(cast, ticket, cast.alice)
    with organization_scope(cast.nordwerk.pk):
        row = Notification.objects.get()
    for other in (cast.bob, cast.charlie, cast.dana):
        client = sign_in(other)
        assert client.get(f"/notifications/{row.pk}/").status_code == 404
        client.post("/notifications/read/", {"id": str(row.pk)})
    with organization_scope(cast.nordwerk.pk):
        assert Notification.objects.get().read_at is None


@pytest.mark.parametrize("given", ["", "x", "-1", "9" * 40, "1e3", "\x00"])
def test_nonsense_marks_nothing(cast: Cast, ticket: Ticket, sign_in: SignIn, given: str) -> None:
    tell(cast, ticket, cast.alice)
    client = sign_in(cast.alice)
    assert client.post("/notifications/read/", {"id": given}).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        assert Notification.objects.get().read_at is None


def test_all_are_read_at_once(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    for kind in (Kind.MENTIONED, Kind.ASSIGNED):
        tell(cast, ticket, cast.alice, kind=kind)
    bell = sign_in(cast.alice).post("/notifications/read/", headers=htmx("bell")).content
    assert b"Mark all as read" not in bell
    assert b"mentioned you" in bell


def test_the_list_needs_the_same_queries_however_long_it_is(
    cast: Cast,
    ticket: Ticket,
    sign_in: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = sign_in(cast.alice)
    client.get("/notifications/")
    for n in (1, 6):
        with organization_scope(cast.nordwerk.pk):
            tickets = [cast.ticket(f"{n} {i}") for i in range(n)]
        for one in tickets:
            tell(cast, one, cast.alice)
        # Frame (7): person, memberships, and the scope's settings around its savepoint.
        # Count, rows, unread; navigation: counts.
        with django_assert_num_queries(11):
            client.get("/notifications/")
        # Frame; rows, unread.
        with django_assert_num_queries(9):
            client.get("/notifications/bell/")


def test_choices_are_kept(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    page = client.get("/notifications/settings/").content.decode()
    assert 'name="email-assigned" id="id_email-assigned"' in page
    answer = client.post(
        "/notifications/settings/",
        {"page-assigned": "on", "digest": "daily", "quiet_from": "22:00", "quiet_to": "07:00"},
    )
    assert answer.status_code == 302
    row = NotificationSettings.objects.get(user=cast.alice)
    assert row.choices["page"]["assigned"] is True
    assert row.choices["email"]["assigned"] is False
    assert row.choices["page"]["mentioned"] is False
    assert (row.digest, str(row.quiet_from)) == ("daily", "22:00:00")


def test_half_a_quiet_time_is_refused_in_words(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.alice).post(
        "/notifications/settings/", {"digest": "off", "quiet_from": "22:00"}
    )
    assert answer.status_code == 422
    assert b"Quiet hours need a beginning and an end." in answer.content


def test_requesters_choose_among_what_concerns_them(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.dana).get("/notifications/settings/").content
    assert b"page-answered" in page
    assert b"page-team_ticket" not in page


def test_an_agent_follows_and_stops(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    url = f"/desk/t/{ticket.number}/follow/"
    part = client.post(url, {"do": "follow"}, headers=htmx("side-panel")).content
    assert b"Stop following" in part
    assert b"Alice Agent" in part
    client.post(url, {"do": "unfollow"})
    assert (
        b"Alice Agent" not in client.get(f"/desk/t/{ticket.number}/side/", headers=htmx()).content
    )


def test_following_is_the_desk_s_alone(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    url = f"/desk/t/{ticket.number}/follow/"
    assert sign_in(cast.dana).post(url, {"do": "follow"}).status_code == 403
    assert sign_in(cast.charlie).post(url, {"do": "follow"}).status_code == 404
    assert sign_in(cast.charlie).get(f"/desk/t/{ticket.number}/side/").status_code == 404


def test_strangers_are_asked_to_sign_in(cast: Cast, ticket: Ticket, client: object) -> None:
    for path in ("", "bell/", "settings/", "1/"):
        answer = client.get(f"/notifications/{path}")  # type: ignore[attr-defined]
        assert answer.status_code == 302
        assert "/account/sign-in/" in answer.headers["Location"]
