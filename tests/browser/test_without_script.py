"""Every page is whole without script."""

from playwright.sync_api import expect

from tests.browser.conftest import Desktops, ticket_for
from tests.cast import Cast


def test_a_problem_is_reported_answered_and_closed(live_cast: Cast, desktops: Desktops) -> None:
    dana = desktops.signed_in(live_cast.dana, java_script_enabled=False)
    dana.goto("/new/")
    dana.get_by_label("What is the problem?").fill("Keyboard types twice")
    dana.get_by_label("What happens exactly?").fill("Every letter comes twice.")
    dana.get_by_label("No, not at all").check()
    dana.get_by_role("button", name="Send to IT").click()
    dana.wait_for_url("**/tickets/*/")
    number = dana.url.rstrip("/").rpartition("/")[2]
    alice = desktops.signed_in(live_cast.alice, java_script_enabled=False)
    alice.goto(f"/desk/t/{number}/")
    alice.get_by_role("textbox", name="Message").fill("Slow the repeat rate down.")
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.get_by_text("is on its way")).to_be_visible()
    dana.reload()
    expect(dana.get_by_text("Slow the repeat rate down.")).to_be_visible()
    dana.get_by_role("button", name="It works now, close").click()
    expect(dana.get_by_text("We worked on it")).to_be_visible()


def test_an_agent_adds_a_note_and_sets_a_property(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(live_cast.alice, java_script_enabled=False)
    alice.goto(f"/desk/t/{ticket.number}/")
    alice.get_by_role("textbox", name="Message").fill("Only between us.")
    alice.get_by_role("button", name="Add as note").click()
    expect(alice.locator(".message--note")).to_contain_text("Only between us.")
    alice.locator("summary", has_text="Unassigned").click()
    alice.get_by_role("button", name="Assign to me").click()
    expect(alice.locator("#ticket-head")).to_contain_text("Alice Agent")
