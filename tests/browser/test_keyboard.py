"""The desk without a mouse: what the sheet behind "?" promises, and no test beside this one shows.

Linking, merging, snoozing, writing, the palette and the AI's suggestions have tests of their own.
"""

import re

from playwright.sync_api import Locator, Page, expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.conftest import Desktops, apart, settle, ticket_for, visit
from tests.browser.test_ai_panel import read_ticket
from tests.cast import PASSWORD, Cast
from tickets.models import Macro


def test_a_ticket_is_answered_and_resolved_by_keyboard_alone(
    live_cast: Cast, desktops: Desktops
) -> None:
    older, newer = ticket_for(live_cast, "The older one"), ticket_for(live_cast, "The newer one")
    page = desktops.blank()
    page.goto("/account/sign-in/")
    page.keyboard.press("Tab")  # skip link
    page.get_by_label("E-mail").focus()
    page.keyboard.type(live_cast.alice.email)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/v/open/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/v/open/{older.number}/")
    page.keyboard.press("r")
    page.keyboard.type("Turn it off and on.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#conversation").get_by_text("Turn it off and on.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Waiting for requester")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator("#ticket-head")).to_contain_text("Waiting for requester")
    page.keyboard.press("e")
    expect(page.locator("#ticket-head")).to_contain_text("Resolved")
    page.keyboard.press("k")
    page.wait_for_url(f"**/desk/v/open/{newer.number}/")


def test_single_keys_are_off_in_fields_and_can_be_switched_off(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast)
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    text = page.get_by_role("textbox", name="Message")
    text.press_sequentially("see this")
    expect(text).to_have_value("see this")
    expect(page.locator("#ticket-head")).to_contain_text("New")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("switch").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_hidden()


def test_the_palette_finds_a_ticket_by_its_words(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast, "Badge reader at door 3")
    page = desktops.signed_in(live_cast.alice)
    page.goto("/desk/")
    page.keyboard.press("Control+k")
    page.keyboard.type("badge")
    found = page.locator("#palette").get_by_role("option", name="Badge reader at door 3")
    expect(found).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.type(" reader")
    expect(page.get_by_role("option", name="Search all tickets for “badge reader”")).to_be_visible()
    expect(found).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/t/{ticket.number}/")


def press(page: Page, keys: str) -> None:
    """One key after the other: "g m" is two."""
    for key in keys.split(" "):
        page.keyboard.press(key)


def shown(page: Page, name: str) -> Locator:
    """A property as the ticket shows it; the menu below it holds every other value as well."""
    return page.locator(f"#ticket-head summary[title='{name}']")


def focused(page: Page) -> str:
    """What the focus stands in: the name of the pane."""
    return str(
        page.evaluate("document.activeElement.closest('[data-f6]')?.getAttribute('aria-label')")
    )


def test_every_place_has_its_keys(live_cast: Cast, desktops: Desktops) -> None:
    first = ticket_for(live_cast, "The older one")
    ticket_for(live_cast, "The newer one")
    page = desktops.signed_in(live_cast.bob)
    page.goto("/desk/")
    for keys, place in (
        ("g m", "/desk/v/mine/"),
        ("g u", "/desk/v/unassigned/"),
        ("g d", "/desk/v/breaching/"),
        ("g k", "/desk/kb/"),
        ("g r", "/desk/at-risk/"),
        ("g i", "/insights/"),
        ("Shift+C", "/desk/new/"),
        ("g o", "/desk/v/open/"),
    ):
        press(page, keys)
        page.wait_for_url(re.compile(re.escape(place)))
    page.goto("/desk/v/open/?layout=table")
    press(page, "v")
    page.wait_for_url("**layout=split**")
    press(page, "v")
    page.wait_for_url("**layout=table**")
    press(page, "j")
    press(page, "Shift+J")
    expect(page.locator("[data-bulk-count]")).to_contain_text("2")
    press(page, "Shift+K")
    press(page, "x")
    expect(page.locator("[data-bulk-count]")).to_contain_text("1")
    press(page, "Shift+V")
    page.wait_for_url("**layout=board**")
    press(page, "v")
    page.wait_for_url("**layout=split**")
    press(page, "Shift+N")
    page.wait_for_url(f"**/{first.number}/**")
    expect(page.locator("#ticket-head")).to_contain_text("Bob Lead")
    settle(page)
    press(page, "g b")
    expect(page.locator("#bell .popover")).to_be_visible()
    page.goto("/desk/v/open/?layout=split")
    rows = page.locator("[data-row]").evaluate_all("rows => rows.map((row) => row.id.slice(4))")
    visit(page, f"/desk/v/open/{rows[0]}/")
    press(page, "Shift+E")
    page.wait_for_url(f"**/desk/v/open/{rows[1]}/**")


def filter_ready(page: Page) -> None:
    """A person looks before typing on: the menu's field has the focus."""
    expect(page.locator("#ticket-head .menu[open] input:focus")).to_be_visible()


def test_the_panes_and_the_properties_of_a_ticket(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    page = desktops.signed_in(live_cast.alice)
    visit(page, f"/desk/v/open/{ticket.number}/")
    panes = []
    for _turn in range(4):
        press(page, "F6")
        panes.append(focused(page))
    assert sorted(panes) == ["Main", f"Ticket {ticket.number}", "Ticket context", "Ticket list"]
    press(page, "a")
    filter_ready(page)
    page.keyboard.type("bob")
    press(page, "ArrowDown Enter")
    expect(shown(page, "Assign")).to_contain_text("Bob Lead")
    press(page, "p")
    expect(page.locator("#ticket-head .picker__row:focus")).to_be_visible()
    press(page, "ArrowUp Enter")
    expect(shown(page, "Priority")).to_contain_text("Urgent")
    press(page, "t")
    filter_ready(page)
    page.keyboard.type("hardware")
    press(page, "Enter")
    expect(shown(page, "Tags")).to_contain_text("hardware")
    press(page, "Shift+F")
    expect(page.get_by_role("button", name="Stop following")).to_be_visible()
    press(page, "Shift+F")
    expect(page.get_by_role("button", name="Follow", exact=True)).to_be_visible()


def test_a_note_a_macro_and_an_answer_that_resolves(live_cast: Cast, desktops: Desktops) -> None:
    def prepare() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            Macro.objects.create(organization=live_cast.nordwerk, name="Bye", text="Until soon.")

    apart(prepare)
    ticket = read_ticket(live_cast)
    page = desktops.signed_in(live_cast.alice)
    visit(page, f"/desk/t/{ticket.number}/")
    press(page, "w")
    expect(page.locator("#ai-why")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("#ai-why")).to_be_hidden()
    press(page, "c")
    expect(page.locator("#ai-panel [data-picker-filter]:focus")).to_be_visible()
    page.keyboard.type("print")
    press(page, "ArrowDown Enter")
    expect(shown(page, "Category")).to_contain_text("Printing")
    talk = page.locator("#conversation")
    press(page, "n")
    page.keyboard.type("Dana called.")
    press(page, "Control+Enter")
    expect(talk.get_by_text("Dana called.")).to_be_visible()
    press(page, "Escape m")
    expect(page.locator("#macro-preview")).to_contain_text("Until soon.")
    press(page, "Enter")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("Until soon.")
    press(page, "Control+Shift+Enter")
    expect(talk.get_by_text("Until soon.")).to_be_visible()
    expect(shown(page, "Status")).to_contain_text("Resolved")
