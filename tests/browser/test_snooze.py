"""Snoozing and looking at files by keyboard."""

from playwright.sync_api import expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, ticket_for
from tests.cast import Cast
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.actions.snooze import snooze


def test_a_ticket_is_snoozed_and_brought_back(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    alice.goto(f"/desk/v/open/{ticket.number}/")
    alice.keyboard.press("h")
    row = alice.get_by_role("button", name="Until there is an answer")
    expect(row).to_be_focused()
    expect(alice.locator("#snooze-times")).to_contain_text("Next working day")
    # A time of one's own that cannot be comes back to be corrected.
    own = alice.locator("#snooze-own [name=at]")
    own.fill("2001-02-03T04:05")
    own.press("Enter")
    expect(alice.locator("#snooze-problem")).to_be_visible()
    expect(own).to_be_focused()
    desktops.problems[:] = [p for p in desktops.problems if "422" not in p]
    assert in_four_looks(alice) == []
    row.focus()
    alice.keyboard.press("ArrowDown")
    alice.keyboard.press("Enter")
    expect(alice.locator("#toasts")).to_contain_text(f"Ticket {ticket.number} is snoozed until")
    expect(alice.locator(f"#row-{ticket.number}")).to_contain_text("left this view")
    alice.goto(f"/desk/v/snoozed/{ticket.number}/")
    expect(alice.locator(f"#row-{ticket.number}")).to_be_visible()
    alice.get_by_title("Wake it now").press("Enter")
    expect(alice.locator("#toasts")).to_contain_text("is awake")
    alice.goto("/desk/v/open/")
    expect(alice.locator(f"#row-{ticket.number}")).to_be_visible()


# The live channel brings the new head before the answer of the form in it has come.
FASTER = """() => addEventListener("htmx:beforeSend", () => {
  const head = document.getElementById("ticket-head");
  head.replaceWith(head.cloneNode(true));
}, { once: true })"""


def test_what_was_done_is_told_where_the_live_channel_is_faster(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast)

    def asleep() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            snooze(ticket=ticket, actor=Actor.person(live_cast.alice), until=None)

    apart(asleep)
    alice = desktops.signed_in(live_cast.alice)
    alice.goto(f"/desk/v/snoozed/{ticket.number}/")
    alice.evaluate(FASTER)
    alice.get_by_title("Wake it now").press("Enter")
    expect(alice.locator("#toasts")).to_contain_text("is awake")


def test_a_file_is_looked_at(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)

    def attach() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            files = [NewFile("log.txt", b"Link is down")]
            bob = Actor.person(live_cast.bob)
            add_note(ticket=ticket, actor=bob, text="@Alice Agent the log", files=files)

    apart(attach)
    alice = desktops.signed_in(live_cast.alice, color_scheme="dark", reduced_motion="reduce")
    alice.goto(f"/desk/v/mentions/{ticket.number}/")
    expect(alice.locator(f"#row-{ticket.number}")).to_be_visible()
    chip = alice.get_by_role("link", name="log.txt")
    chip.press("Enter")
    dialog = alice.get_by_role("dialog")
    expect(dialog).to_contain_text("Link is down")
    assert in_four_looks(alice) == []
    alice.keyboard.press("Escape")
    expect(chip).to_be_focused()
