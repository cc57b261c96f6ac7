"""The ticket list: what stands in it, how it is filtered, what it costs."""

from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.actions.triage import record_verdict, set_category, set_priority
from tickets.models import Category, Ticket


def fill(cast: Cast, count: int) -> None:
    with organization_scope(cast.nordwerk.pk):
        for number in range(count):
            ticket = cast.ticket(f"Printer {number} is out of toner")
            set_category(ticket=ticket, actor=Actor.person(cast.alice), category=cast.printing)


def test_an_agent_sees_the_open_tickets_of_their_organization(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("VPN drops every few minutes")
    page = sign_in(cast.alice).get("/desk/v/open/")
    assert page.status_code == 200
    assert f"row-{ticket.number}".encode() in page.content
    assert b"VPN drops every few minutes" in page.content


def test_an_agent_of_another_organization_sees_none_of_them(cast: Cast, sign_in: SignIn) -> None:
    fill(cast, 1)
    page = sign_in(cast.charlie).get("/desk/v/all/")
    assert b"toner" not in page.content
    assert b"Nothing here" in page.content


def test_a_requester_is_led_to_the_portal(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.dana).get("/desk/v/open/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_stranger_is_asked_to_sign_in(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.dana).__class__().get("/desk/v/open/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/sign-in/")


def test_an_unknown_view_is_not_found(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.alice).get("/desk/v/nonsense/").status_code == 404


def test_the_desk_opens_the_view_used_last(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    client.get("/desk/v/mine/")
    assert client.get("/desk/").headers["Location"] == "/desk/v/mine/"


def test_twenty_rows_cost_as_many_queries_as_two(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(cast.alice)
    client.get("/desk/v/open/?layout=split")
    for count in (2, 18):
        fill(cast, count)
        # Frame (8): person, memberships with the version of the setup, counts of the navigation,
        # the scope's settings (3), a savepoint (2) that is no query outside a test.
        # Rows with relations and whose turn, their clocks; the navigation's count is the list's.
        with django_assert_num_queries(10):
            page = client.get("/desk/v/open/?layout=split")
        assert page.status_code == 200


def test_the_rows_alone_come_for_a_live_refresh(cast: Cast, sign_in: SignIn) -> None:
    fill(cast, 2)
    page = sign_in(cast.alice).get("/desk/v/open/", headers=htmx("rows"))
    assert page.content.count(b"data-row ") == 2
    assert b"<html" not in page.content


def test_a_row_that_was_drawn_before_says_what_changed_since(cast: Cast, sign_in: SignIn) -> None:
    fill(cast, 1)
    client, address = sign_in(cast.alice), "/desk/v/open/?layout=split"
    first = client.get(address).content
    assert client.get(address).content.count(b"data-row ") == first.count(b"data-row ") == 1
    assert b"Berta Busch" not in first
    # Neither raises the ticket's version.
    User.objects.filter(pk=cast.dana.pk).update(name="Berta Busch")
    with organization_scope(cast.nordwerk.pk):
        [ticket] = Ticket.objects.all()
        Category.objects.filter(pk=cast.printing.pk).update(name="Paper & toner")
    again = client.get(address).content
    assert b"Berta Busch" in again
    assert b"Paper &amp; toner" in again
    beside = client.get(f"/desk/v/open/{ticket.number}/?layout=split").content
    assert b'aria-current="true"' in beside[beside.index(b"data-row ") :][:200]


def test_the_list_and_the_navigation_count_the_same(cast: Cast, sign_in: SignIn) -> None:
    fill(cast, 3)
    client = sign_in(cast.alice)
    assert b'data-count="3"' in client.get("/desk/v/open/?layout=split").content
    assert b'data-count="3"' in client.get("/desk/v/open/", headers=htmx("rows")).content
    narrowed = client.get("/desk/v/open/?layout=split&q=Printer+1").content
    assert b'data-count="1"' in narrowed


def test_changed_rows_come_alone_where_the_view_has_them(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(cast, 2)
    with organization_scope(cast.nordwerk.pk):
        shown, hidden = cast.ticket("Shown"), cast.ticket("Hidden")
    client = sign_in(cast.alice)
    client.get("/desk/v/open/?layout=table")
    for rows, found in (
        (f"{shown.number}", 1),
        (f"{shown.number},{hidden.number},0,x,²,,{10**30}", 2),
        ("", 0),
    ):
        # The frame (7), the rows, their clocks; nothing is counted.
        with django_assert_num_queries(9 if found else 7):
            page = client.get(f"/desk/v/open/?layout=table&rows={rows}", headers=htmx("rows"))
        assert page.content.count(b"data-row ") == found, rows
    page = client.get(f"/desk/v/open/?q=Hidden&rows={shown.number}", headers=htmx("rows"))
    assert page.content.count(b"data-row ") == 0


def test_words_category_and_priority_filter_the_list(cast: Cast, sign_in: SignIn) -> None:
    fill(cast, 2)
    with organization_scope(cast.nordwerk.pk):
        urgent = cast.ticket("The gateway is down")
        set_priority(ticket=urgent, actor=Actor.person(cast.alice), priority="critical")
    client = sign_in(cast.alice)
    for query, rows in (("q=gateway", 1), ("category=Printing", 2), ("priority=critical", 1)):
        page = client.get(f"/desk/v/open/?{query}", headers=htmx("rows"))
        assert page.content.count(b"data-row ") == rows, query


def test_a_filter_shows_as_a_chip_with_the_way_out(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.alice).get("/desk/v/open/?q=gateway&sort=newest")
    assert b"filter-chip__value" in page.content
    assert b'href="?sort=newest"' in page.content
    assert b"Clear filters" in page.content


def test_highest_priority_first_puts_the_urgent_one_on_top(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        urgent = cast.ticket("The gateway is down")
        set_priority(ticket=urgent, actor=Actor.person(cast.alice), priority="critical")
    fill(cast, 1)
    page = sign_in(cast.alice).get("/desk/v/open/?sort=priority", headers=htmx("rows"))
    assert page.content.index(b"gateway") < page.content.index(b"toner")


def test_a_ticket_is_bold_while_the_requester_waits(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    client = sign_in(cast.alice)
    assert b"row--unread" in client.get("/desk/v/open/", headers=htmx("rows")).content
    with organization_scope(cast.nordwerk.pk):
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Try 5.1.8.")
    assert b"row--unread" not in client.get("/desk/v/open/", headers=htmx("rows")).content


def test_a_proposed_category_is_dashed_until_somebody_decides(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        proposal = {"value": "VPN & remote", "band": "very_likely", "state": "proposed"}
        record_verdict(
            ticket=ticket,
            state="done",
            verdict={"category": proposal},
            actor=Actor.person(cast.alice),
        )
    client = sign_in(cast.alice)
    assert b"chip--suggested" in client.get("/desk/v/open/", headers=htmx("rows")).content
    with organization_scope(cast.nordwerk.pk):
        set_category(ticket=ticket, actor=Actor.person(cast.alice), category=cast.vpn)
    assert b"chip--suggested" not in client.get("/desk/v/open/", headers=htmx("rows")).content


def test_the_table_layout_is_remembered(cast: Cast, sign_in: SignIn) -> None:
    fill(cast, 1)
    client = sign_in(cast.alice)
    assert b"<table" in client.get("/desk/v/open/?layout=table").content
    assert b"<table" in client.get("/desk/v/open/").content
    assert b"<table" not in client.get("/desk/v/open/?layout=split").content


def test_a_nul_in_the_query_is_no_error(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    for path in ("/desk/v/open/?q=%00a", "/desk/search/?q=%00a", "/desk/v/open/?page=zz"):
        assert client.get(path).status_code == 200, path


def test_a_row_shows_who_left_and_what_was_put_away(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(cast, 2)
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.update(assignee=cast.bob)
        Category.objects.filter(pk=cast.printing.pk).update(is_active=False)
        cast.bob.is_active = False
        cast.bob.save()
    client = sign_in(cast.alice)
    client.get("/desk/v/all/?layout=table")
    # Two more than where the setup has them all: one for those categories, one for those agents.
    with django_assert_num_queries(13):
        page = client.get("/desk/v/all/?layout=table").content.decode()
    assert page.count(cast.printing.name) >= 2
    assert page.count(f'title="{cast.bob.display_name}"') == 2
