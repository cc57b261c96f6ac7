"""A form of the catalogue in the browser: what is asked, what is wrong, and the desk's view."""

from playwright.sync_api import expect

from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart
from tests.browser.test_portal import a_known_problem
from tests.cast import Cast
from tests.tickets.test_request_forms import build


def test_a_form_asks_what_matters_and_puts_the_focus_on_the_first_error(
    live_cast: Cast, desktops: Desktops
) -> None:
    apart(lambda: build(live_cast))
    a_known_problem(live_cast)
    dana = desktops.signed_in(live_cast.dana)
    dana.goto("/")
    dana.get_by_role("link", name="New colleague").click()
    expect(dana.get_by_label("SAP role")).to_be_hidden()
    dana.get_by_label("SAP access").check()
    dana.get_by_label("SAP role").press_sequentially("my vpn drops")
    expect(dana.locator("#answers")).to_contain_text("Known problem")
    assert in_four_looks(dana) == []
    dana.get_by_label("SAP role").fill("")
    dana.get_by_role("button", name="Send to IT").click()
    expect(dana.get_by_role("alert")).to_contain_text("Name: Fill this in.")
    expect(dana.get_by_label("Name")).to_be_focused()
    # The refused form is answered with 422, which the console repeats: that and nothing else.
    assert ["422" in problem for problem in desktops.problems] == [True]
    desktops.problems.clear()
    dana.get_by_label("Name").fill("Kim Berg")
    dana.get_by_label("SAP role").fill("Buyer")
    dana.get_by_role("button", name="Send to IT").click()
    dana.wait_for_url("**/tickets/*/")
    number = dana.url.rstrip("/").rpartition("/")[2]
    alice = desktops.signed_in(live_cast.alice)
    alice.goto(f"/desk/t/{number}/")
    expect(alice.locator("#ticket-fields")).to_contain_text("Buyer")
    expect(alice.get_by_text("SAP: Buyer").first).to_be_visible()
    # An empty checklist is folded to its title.
    alice.locator("#ticket-checklist > summary").click()
    alice.locator("summary", has_text="Add a step").click()
    alice.get_by_label("Step", exact=True).fill("Order a badge")
    alice.get_by_role("button", name="Add", exact=True).click()
    alice.get_by_role("checkbox", name="Order a badge").click()
    expect(alice.locator("#ticket-checklist")).to_contain_text("1/1")
