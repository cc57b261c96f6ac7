"""Finding and lists without a mouse: the filter builder, views, the board, the palette."""

import pytest
from playwright.sync_api import Page, expect

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import PHONE, in_four_looks
from tests.browser.conftest import Desktops, apart, settle, ticket_for, visit
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.models import Status, Ticket

SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: false });
}"""


def stage(cast: Cast, ticket: Ticket, key: str, by: User) -> None:
    def work() -> None:
        with organization_scope(cast.nordwerk.pk):
            status = Status.objects.get(key=key)
            set_status(ticket=ticket, actor=Actor.person(by), status=status)

    apart(work)


def live(page: Page) -> None:
    """Wait until the page hears live updates."""
    settle(page)
    expect(page.locator("[data-list]")).to_be_visible()


def test_a_filter_is_built_and_saved_by_keyboard(live_cast: Cast, desktops: Desktops) -> None:
    ticket_for(live_cast, "The printer is out of toner")
    ticket_for(live_cast, "The gateway is down")
    page = desktops.signed_in(live_cast.alice)
    visit(page, "/desk/v/open/?layout=table")
    page.keyboard.press("f")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Field")).to_be_visible()
    dialog.get_by_label("Field").select_option("text")
    expect(dialog.get_by_role("textbox", name="Value")).to_be_visible()
    dialog.get_by_role("textbox", name="Value").focus()
    page.keyboard.type("gateway")
    page.keyboard.press("Enter")
    page.wait_for_url("**where=**")
    expect(page.get_by_role("link", name="The gateway is down")).to_be_visible()
    expect(page.get_by_role("link", name="The printer is out of toner")).to_have_count(0)
    page.get_by_role("link", name="Save as view").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Gateways")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/v/view-*/")
    expect(page.get_by_role("navigation", name="Main").get_by_text("Gateways")).to_be_visible()
    expect(page.get_by_role("link", name="The gateway is down")).to_be_visible()
    # On a phone the subject is still a column of the table.
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("link", name="The gateway is down")).to_be_in_viewport(ratio=0.5)


def test_a_card_is_moved_by_keyboard_and_by_mouse(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast, "The gateway is down")
    page = desktops.signed_in(live_cast.alice)
    visit(page, "/desk/v/all/?layout=board")
    link = page.get_by_role("link", name="The gateway is down")
    link.focus()
    page.keyboard.press("Shift+ArrowRight")
    moved = page.locator(f"[data-column=open] #row-{ticket.number}")
    expect(moved).to_be_visible()
    expect(moved.get_by_role("link")).to_be_focused()
    settle(page)
    moved.drag_to(page.locator("[data-column=waiting]"))
    expect(page.locator(f"[data-column=waiting] #row-{ticket.number}")).to_be_visible()
    with page.expect_response("**/set/status/**"):
        page.keyboard.press("Control+z")
    page.reload()
    settle(page)
    expect(page.locator(f"[data-column=open] #row-{ticket.number}")).to_be_visible()


def test_a_card_that_somebody_else_moves_keeps_its_slot(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast, "The gateway is down")
    page = desktops.signed_in(live_cast.alice)
    visit(page, "/desk/v/all/?layout=board")
    live(page)
    stage(live_cast, ticket, "resolved", live_cast.bob)
    card = page.locator(f"[data-column=new] #row-{ticket.number}")
    expect(card).to_contain_text("now Resolved")
    expect(page.locator("#column-resolved")).to_contain_text("1")


@pytest.mark.parametrize("layout", ["split", "table", "board"])
def test_live_updates_move_nothing(live_cast: Cast, desktops: Desktops, layout: str) -> None:
    tickets = [ticket_for(live_cast, f"Ticket {number}") for number in range(6)]
    page = desktops.signed_in(live_cast.alice)
    visit(page, f"/desk/v/open/?layout={layout}")
    live(page)
    page.mouse.move(500, 400)
    page.evaluate(SHIFTS)
    newcomer = ticket_for(live_cast, "Somebody new")
    stage(live_cast, tickets[2], "resolved", live_cast.bob)
    stage(live_cast, tickets[4], "open", live_cast.bob)
    expect(page.locator("[data-show-new]")).to_be_visible()
    expect(page.locator(f"#row-{tickets[2].number}")).to_contain_text("left this view")
    expect(page.locator(f"#row-{newcomer.number}")).to_have_count(0)
    assert page.evaluate("window.shifted") <= 0.02


def test_the_palette_acts_on_the_ticked_tickets_and_takes_it_back(
    live_cast: Cast, desktops: Desktops
) -> None:
    first = ticket_for(live_cast, "Ticket one")
    ticket_for(live_cast, "Ticket two")
    page = desktops.signed_in(live_cast.alice)
    visit(page, "/desk/v/open/?layout=table")
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_contain_text("2 selected")
    page.keyboard.type(">urgent")
    option = page.get_by_role("option", name="Set priority to Urgent")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("2 tickets changed")
    row = page.locator(f"#row-{first.number}")
    expect(row.get_by_role("img", name="Urgent")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(row.get_by_role("img", name="Urgent")).to_have_count(0)


def test_a_change_of_several_is_tried_out_first(live_cast: Cast, desktops: Desktops) -> None:
    ticket_for(live_cast, "Ticket one")
    page = desktops.signed_in(live_cast.alice)
    visit(page, "/desk/v/open/?layout=table")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("toolbar")).to_contain_text("1 selected")
    page.keyboard.press("c")
    page.get_by_label("Change to").select_option(label="Priority: High")
    expect(page.get_by_role("dialog")).to_contain_text("1 ticket can")
    page.get_by_role("button", name="Change 1 ticket").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("1 ticket changed")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_several_are_answered_and_the_answer_taken_back_by_keyboard(
    live_cast: Cast, desktops: Desktops
) -> None:
    for name in ("Ticket one", "Ticket two"):
        ticket_for(live_cast, name)
    apart(lambda: User.objects.filter(pk=live_cast.alice.pk).update(undo_seconds=30))
    page = desktops.signed_in(live_cast.alice)
    visit(page, "/desk/v/open/?layout=table")
    for key in ("j", "x", "j", "x", "r"):
        page.keyboard.press(key)
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    page.keyboard.type("It works again.")
    page.get_by_role("button", name="Check").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("2 tickets can")
    expect(page.get_by_role("button", name="Send 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("It works again.")


@pytest.mark.slow
def test_lists_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    ticket_for(live_cast, "The gateway is down")
    page = desktops.signed_in(live_cast.bob, reduced_motion="reduce")
    asked = '{"all":[{"field":"text","op":"contains","value":"gateway"}]}'
    found: list[str] = []
    for path in (
        f"/desk/v/open/?layout=table&where={asked}&columns=tags,team,created",
        "/desk/v/open/?layout=board", f"/desk/v/open/filter/?where={asked}",
        "/desk/v/open/save/", "/desk/bulk/edit/?number=1", "/desk/bulk/answer/?number=1",
        "/desk/search/?q=gateway", "/desk/v/open/?where=broken",
    ):  # fmt: skip
        visit(page, path)
        found += in_four_looks(page)
    visit(page, "/desk/v/open/?layout=table")
    page.keyboard.press("f")
    expect(page.get_by_role("dialog")).to_be_visible()
    found += in_four_looks(page)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Control+k")
    page.keyboard.type("gate")
    expect(page.get_by_role("option", name="The gateway is down")).to_be_visible()
    assert found + in_four_looks(page) == []
