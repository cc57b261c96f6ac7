"""The desk without a mouse."""

from playwright.sync_api import expect

from tests.browser.conftest import Desktops, ticket_for
from tests.cast import PASSWORD, Cast


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
