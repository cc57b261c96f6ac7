"""Two people on one ticket: each sees the other's change without reloading."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.conftest import Desktops, apart, settle, ticket_for, visit
from tests.browser.test_lists import SHIFTS
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.actions.triage import assign, set_priority
from tickets.choices import Priority
from tickets.models import Ticket


def test_a_reply_reaches_the_requester_within_a_second_or_two(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast)
    dana, alice = desktops.signed_in(live_cast.dana), desktops.signed_in(live_cast.alice)
    dana.goto(f"/tickets/{ticket.number}/")
    alice.goto(f"/desk/t/{ticket.number}/")
    alice.get_by_role("textbox", name="Message").fill("Use the other USB port.")
    dana.wait_for_timeout(500)
    started = time.monotonic()
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(dana.get_by_text("Use the other USB port.")).to_be_visible()
    # Both browsers and the server share the test machine; alone it takes well under a second.
    assert time.monotonic() - started < 5
    expect(alice.get_by_role("textbox", name="Message")).to_have_value("")
    expect(alice.get_by_text("is on its way")).to_be_visible()


def test_new_tickets_wait_behind_a_button(live_cast: Cast, desktops: Desktops) -> None:
    first = ticket_for(live_cast)
    alice, dana = desktops.signed_in(live_cast.alice), desktops.signed_in(live_cast.dana)
    alice.goto("/desk/v/open/")
    expect(alice.locator(f"#row-{first.number}")).to_be_visible()
    counted = alice.locator(".nav__item[href='/desk/v/open/'] .nav__count").first
    expect(counted).to_have_text("1")
    alice.mouse.move(300, 300)
    dana.goto("/new/")
    dana.get_by_label("What is the problem?").fill("Second screen is black")
    dana.get_by_label("What happens exactly?").fill("No signal.")
    dana.get_by_role("button", name="Send to IT").click()
    dana.wait_for_url("**/tickets/*/")
    expect(alice.get_by_text("1 new ticket")).to_be_visible()
    expect(counted).to_have_text("2")
    expect(alice.get_by_text("Second screen is black")).to_have_count(0)
    alice.keyboard.press(".")
    expect(alice.get_by_text("Second screen is black")).to_be_visible()


def test_a_row_changes_in_place_and_stays_when_it_leaves_the_view(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast)
    alice, bob = desktops.signed_in(live_cast.alice), desktops.signed_in(live_cast.bob)
    alice.goto("/desk/v/open/")
    row = alice.locator(f"#row-{ticket.number}")
    expect(row).to_be_visible()
    bob.goto(f"/desk/t/{ticket.number}/")
    bob.keyboard.press("i")
    expect(row.get_by_role("img", name="Bob Lead")).to_be_visible()
    bob.keyboard.press("e")
    expect(row).to_have_class(re.compile("is-gone"))
    expect(row.get_by_text("left this view")).to_be_visible()


def test_others_see_who_is_replying(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice, bob = desktops.signed_in(live_cast.alice), desktops.signed_in(live_cast.bob)
    alice.goto(f"/desk/t/{ticket.number}/")
    bob.goto(f"/desk/t/{ticket.number}/")
    expect(alice.get_by_text("Bob is viewing")).to_be_visible()
    bob.get_by_role("textbox", name="Message").press_sequentially("Hello")
    expect(alice.get_by_text("Bob is replying")).to_be_visible()


def test_a_live_change_replaces_neither_text_nor_focus(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice, bob = desktops.signed_in(live_cast.alice), desktops.signed_in(live_cast.bob)
    alice.goto(f"/desk/t/{ticket.number}/")
    text = alice.get_by_role("textbox", name="Message")
    text.press_sequentially("My half sentence")
    bob.goto(f"/desk/t/{ticket.number}/")
    bob.get_by_role("tab", name="Note").click()
    bob.get_by_role("textbox", name="Message").fill("I know this one.")
    asked: list[str] = []
    alice.on("request", lambda request: asked.append(request.url))
    bob.get_by_role("button", name="Add note").click()
    expect(alice.locator("#conversation").get_by_text("I know this one.")).to_be_visible()
    # A note changes nothing about the ticket itself.
    assert [url.rpartition("part/")[2] for url in asked if "/part/" in url] == ["conversation/"]
    expect(text).to_have_value("My half sentence")
    expect(text).to_be_focused()
    alice.keyboard.press("Control+Enter")
    expect(alice.get_by_text("Bob Lead wrote while you did.")).to_be_visible()
    expect(text).to_have_value("My half sentence")


def test_a_lost_connection_is_said_and_made_good(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    # The page is there, and nobody hears for it yet.
    line = Line(before=lambda: note(live_cast, ticket, "Written before the line was up."))
    bob = desktops.signed_in(live_cast.bob)
    alice = desktops.signed_in(live_cast.alice)
    alice.route_web_socket("**/ws/", line.connect)
    alice.goto(f"/desk/t/{ticket.number}/")
    while not line.open:
        alice.wait_for_timeout(50)
    expect(alice.get_by_text("Written before the line was up.")).to_be_visible()
    expect(alice.locator("#offline-strip")).to_be_hidden()
    line.cut()
    expect(alice.get_by_text("No connection since")).to_be_visible()
    say_as(bob, ticket, "Written while Alice was away.")
    line.mend()
    alice.get_by_role("button", name="Try now").click()
    expect(alice.locator("#offline-strip")).to_be_hidden()
    expect(alice.get_by_text("Written while Alice was away.")).to_be_visible()


def test_what_arrives_beside_a_ticket_shifts_nothing(live_cast: Cast, desktops: Desktops) -> None:
    ticket, other = ticket_for(live_cast), ticket_for(live_cast, "The other one")
    alice = desktops.signed_in(live_cast.alice)
    visit(alice, f"/desk/v/open/{ticket.number}/")
    alice.mouse.move(300, 300)
    alice.evaluate(SHIFTS)
    apart(lambda: change(live_cast, ticket, other))
    newcomer = ticket_for(live_cast, "Just in")
    expect(alice.locator("#conversation").get_by_text("Seen it before.")).to_be_visible()
    expect(alice.locator("#ticket-head")).to_contain_text("Urgent")
    expect(alice.locator("[data-show-new]")).to_be_visible()
    taken = alice.locator(f"#row-{other.number}").get_by_role("img", name="Bob Lead")
    expect(taken).to_be_visible()
    expect(alice.locator(f"#row-{newcomer.number}")).to_have_count(0)
    settle(alice)
    assert alice.evaluate("window.shifted") <= 0.02


def change(cast: Cast, ticket: Ticket, other: Ticket) -> None:
    """Bob writes on one ticket and makes it urgent, and takes another."""
    bob = Actor.person(cast.bob)
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=ticket, actor=bob, text="Seen it before.")
        set_priority(ticket=ticket, actor=bob, priority=Priority.CRITICAL)
        assign(ticket=other, actor=bob, assignee=cast.bob)


def note(cast: Cast, ticket: Ticket, text: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text=text)


def say_as(page: Page, ticket: Ticket, text: str) -> None:
    page.goto(f"/desk/t/{ticket.number}/")
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#conversation").get_by_text(text)).to_be_visible()


class Line:
    """A websocket line that can be cut and mended."""

    def __init__(self, before: Callable[[], None]) -> None:
        self.before = before
        self.is_cut = False
        self.open: list[WebSocketRoute] = []

    def connect(self, route: WebSocketRoute) -> None:
        if self.is_cut:
            route.close(code=1001)
            return
        apart(self.before)
        self.before = lambda: None
        route.connect_to_server()
        self.open.append(route)

    def cut(self) -> None:
        self.is_cut = True
        while self.open:
            self.open.pop().close(code=1001)

    def mend(self) -> None:
        self.is_cut = False
