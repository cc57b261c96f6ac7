"""Linking and merging by keyboard alone."""

from playwright.sync_api import expect

from tests.browser.conftest import Desktops, ticket_for
from tests.cast import Cast


def test_l_links_and_merges_and_the_merge_is_undone(live_cast: Cast, desktops: Desktops) -> None:
    ticket, other = ticket_for(live_cast, "VPN drops"), ticket_for(live_cast, "VPN again")
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="VPN again")).to_be_checked()
    page.keyboard.type(str(other.number))
    expect(dialog.get_by_role("radio")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#links-panel")).to_contain_text("VPN again")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("l")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(str(other.number))
    expect(dialog.get_by_role("radio", name="VPN again")).to_be_checked()
    page.get_by_role("button", name="Merge…").press("Enter")
    page.get_by_role("button", name=f"Merge into {other.number}").press("Enter")
    page.wait_for_url(f"**/desk/t/{other.number}/")
    expect(page.locator("#links-panel")).to_contain_text("VPN drops")
    page.keyboard.press("Control+z")
    expect(page.locator("#links-panel")).not_to_contain_text("Merged in")
