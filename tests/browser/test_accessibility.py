"""The rules of accessibility on the main pages and what opens over them."""

import pytest
from playwright.sync_api import ViewportSize, expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import DESKTOP, PHONE, in_four_looks, walk
from tests.browser.conftest import Desktops, apart, visit
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.checklists import add_item
from tickets.actions.knowledge import save_article
from tickets.actions.links import link_tickets
from tickets.actions.reply import add_note, reply
from tickets.actions.timekeeping import add_time
from tickets.models import Ticket

DESK = ("/desk/v/open/?layout=split", "/desk/v/open/?layout=table", "/desk/v/open/{number}/",
        "/desk/new/", "/desk/search/?q=vpn", "/desk/kb/", "/desk/kb/vpn-drops/",
        "/desk/kb/new/", "/desk/more/")  # fmt: skip
PORTAL = ("/", "/new/?subject=vpn", "/tickets/", "/tickets/{number}/", "/kb/", "/kb/vpn-drops/",
          "/kb/?q=vpn", "/nothing/here/")  # fmt: skip


def furnish(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Which **client**?")
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="Seen in Lyon as well.")
        save_article(
            organization_id=cast.nordwerk.pk,
            title="VPN drops",
            body="# What to do\n\n1. Install `5.1.8`\n2. Connect again",
            author=cast.alice,
            category=cast.vpn,
        )
        return ticket


@pytest.mark.slow
@pytest.mark.parametrize("paths", [DESK, PORTAL], ids=["desk", "portal"])
def test_pages_break_no_rule(live_cast: Cast, desktops: Desktops, paths: tuple[str, ...]) -> None:
    ticket = apart(lambda: furnish(live_cast))
    page = desktops.signed_in(live_cast.alice if paths is DESK else live_cast.dana)
    found = walk(page, *(path.format(number=ticket.number) for path in paths))
    # The missing page is asked for on purpose.
    desktops.problems[:] = [p for p in desktops.problems if "404" not in p]
    assert found == []


def test_entrance_pages_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    paths = ("/account/sign-in/", "/account/sign-up/", "/account/recover/")
    assert walk(desktops.blank(), *paths) == []


def test_open_layers_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    ticket = apart(lambda: furnish(live_cast))
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    visit(page, f"/desk/t/{ticket.number}/")
    found: list[str] = []
    for key, layer in (("a", ".menu[open]"), ("?", "dialog[open]"), ("Control+k", "dialog[open]")):
        page.keyboard.press(key)
        expect(page.locator(layer).first).to_be_visible()
        found += in_four_looks(page)
        page.keyboard.press("Escape")
    page.keyboard.press("n")
    found += in_four_looks(page)
    assert found == []
    # A ticket without a list keeps its room in smaller windows too.
    page.set_viewport_size({"width": 1280, "height": 800})
    ticket_box, beside = (page.locator(f".pane--{name}").bounding_box() for name in WORKSPACE)
    assert ticket_box is not None
    assert beside is not None
    assert ticket_box["width"] > 2 * beside["width"]


WORKSPACE = ("ticket", "context")
EVERYONE = ("/notifications/", "/notifications/settings/", "/approvals/")
ASIDE = ("/desk/me/availability/", "/desk/t/{number}/link/", "/desk/t/{number}/merge/?into={other}")
LEADS = ("/desk/channels/", "/desk/ai/", "/desk/insights/", "/desk/at-risk/",
         "/desk/insights/simulations/")  # fmt: skip


def furnish_aside(cast: Cast) -> tuple[Ticket, Ticket]:
    """A ticket with all that the context panel may hold, and the one it is linked to."""
    with organization_scope(cast.nordwerk.pk):
        ticket, other = cast.ticket(), cast.ticket("VPN again")
        alice = Actor.person(cast.alice)
        reply(ticket=ticket, actor=alice, text="Which client?")
        add_item(ticket=ticket, actor=alice, text="Ask for the log", required=True)
        add_time(ticket=ticket, person=cast.alice, minutes=25, note="Looked at the gateway")
        link_tickets(ticket=ticket, actor=alice, other=other, relation="related")
        return ticket, other


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_stands_beside_a_ticket_breaks_no_rule(
    live_cast: Cast, desktops: Desktops, size: ViewportSize
) -> None:
    ticket, _ = apart(lambda: furnish_aside(live_cast))
    found: list[str] = []
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce", viewport=size)
    visit(page, f"/desk/t/{ticket.number}/")
    if size is PHONE:
        page.locator(".ai-drawer-button").click()
    for summary in page.locator("#context-pane details:not(.menu) > summary").all():
        if summary.is_visible() and not summary.evaluate("it => it.parentElement.open"):
            summary.click()
    found += in_four_looks(page, size)
    page.keyboard.press("Escape")
    for key in ("m", "l"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        found += in_four_looks(page, size)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    if size is PHONE:
        # The composer rests as two buttons; one tap writes.
        send = page.get_by_role("button", name="Send", exact=True)
        expect(send).to_be_hidden()
        page.get_by_role("tab", name="Reply").click()
        expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        expect(send).to_be_in_viewport(ratio=1)
    dana = desktops.signed_in(live_cast.dana, reduced_motion="reduce", viewport=size)
    visit(dana, "/")
    dana.locator(".bell__button").click()
    assert found + in_four_looks(dana, size) == []


@pytest.mark.slow
def test_pages_beside_the_tickets_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    ticket, other = apart(lambda: furnish_aside(live_cast))
    aside = [path.format(number=ticket.number, other=other.number) for path in ASIDE]
    found = walk(desktops.signed_in(live_cast.bob), *LEADS)
    found += walk(desktops.signed_in(live_cast.alice), *aside, *EVERYONE)
    assert found + walk(desktops.signed_in(live_cast.dana), *EVERYONE) == []
