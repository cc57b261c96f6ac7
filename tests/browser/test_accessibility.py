"""axe-core's WCAG 2.0 and 2.1 A and AA rules on the main pages, light, dark and phone."""

import os
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.conftest import Desktops, apart
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.checklists import add_item
from tickets.actions.knowledge import save_article
from tickets.actions.links import link_tickets
from tickets.actions.reply import add_note, reply
from tickets.actions.timekeeping import add_time
from tickets.models import Ticket

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
PHONE = {"width": 390, "height": 844}
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


def violations(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{page.url} {rule['id']}: {node['target']} {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "size"), [("light", "desktop"), ("dark", "desktop"), ("light", "phone")]
)
def test_pages_break_no_rule(live_cast: Cast, desktops: Desktops, scheme: str, size: str) -> None:
    ticket = apart(lambda: furnish(live_cast))
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    if size == "phone":
        options["viewport"] = PHONE
    found: list[str] = []
    for user, paths in ((live_cast.alice, DESK), (live_cast.dana, PORTAL)):
        page = desktops.signed_in(user, **options)
        for path in paths:
            page.goto(path.format(number=ticket.number), wait_until="networkidle")
            found += violations(page)
    # The missing page is asked for on purpose.
    desktops.problems[:] = [p for p in desktops.problems if "404" not in p]
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_entrance_pages_and_open_layers_break_no_rule(
    live_cast: Cast, desktops: Desktops, scheme: str
) -> None:
    ticket = apart(lambda: furnish(live_cast))
    found: list[str] = []
    stranger = desktops.blank(color_scheme=scheme, reduced_motion="reduce")
    for path in ("sign-in", "sign-up", "recover"):
        stranger.goto(f"/account/{path}/")
        found += violations(stranger)
    page = desktops.signed_in(live_cast.alice, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"/desk/t/{ticket.number}/", wait_until="networkidle")
    for key in ("a", "?", "Control+k"):
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        found += violations(page)
        page.keyboard.press("Escape")
    page.keyboard.press("n")
    found += violations(page)
    assert found == []


def in_four_cases(page: Page, *paths: str) -> list[str]:
    """What breaks a rule on these pages, light and dark, at a desk's width and a phone's."""
    found: list[str] = []
    wide = page.viewport_size or {"width": 1440, "height": 900}
    for path in paths:
        page.goto(path, wait_until="networkidle")
        for size in (wide, PHONE):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                found += [f"{scheme} {size['width']} {line}" for line in violations(page)]
                if folder := os.environ.get("LOOK"):
                    name = path.strip("/").replace("/", "_")[:24] or "home"
                    page.screenshot(path=f"{folder}/{name}-{size['width']}-{scheme}.png")
    page.set_viewport_size({"width": wide["width"], "height": wide["height"]})
    return found


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
@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", "desktop"), ("dark", "desktop"), ("light", "phone"), ("dark", "phone")],
)
def test_what_stands_beside_a_ticket_breaks_no_rule(
    live_cast: Cast, desktops: Desktops, scheme: str, size: str
) -> None:
    ticket, other = apart(lambda: furnish_aside(live_cast))
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    if size == "phone":
        options["viewport"] = PHONE
    found: list[str] = []
    page = desktops.signed_in(live_cast.alice, **options)
    page.goto(f"/desk/t/{ticket.number}/", wait_until="networkidle")
    if size == "phone":
        page.locator(".ai-drawer-button").click()
    for summary in page.locator("#context-pane details:not(.menu) > summary").all():
        if summary.is_visible() and not summary.evaluate("it => it.parentElement.open"):
            summary.click()
    found += violations(page)
    page.keyboard.press("Escape")
    for key in ("m", "l"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        found += violations(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    dana = desktops.signed_in(live_cast.dana, **options)
    dana.locator(".bell__button").click()
    found += violations(dana)
    # Each page once: what it is made of was measured in every combination above and before.
    aside = [path.format(number=ticket.number, other=other.number) for path in ASIDE]
    if (scheme, size) == ("light", "desktop"):
        found += walk(desktops.signed_in(live_cast.bob, **options), *LEADS)
    elif (scheme, size) == ("dark", "desktop"):
        found += walk(page, *aside)
    else:
        found += walk(dana if scheme == "light" else page, *EVERYONE)
    assert found == []


def walk(page: Page, *paths: str) -> list[str]:
    found: list[str] = []
    for path in paths:
        page.goto(path, wait_until="networkidle")
        found += violations(page)
    return found
