"""The composer by keyboard: sent, held, taken back, kept as a draft, with a status, with files."""

import re
from datetime import timedelta

from playwright.sync_api import FilePayload, Page, expect

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks, walk
from tests.browser.conftest import Desktops, apart, ticket_for
from tests.cast import Cast
from tickets.models import Draft, Ticket
from tickets.tasks import send_message


def slow_sender(cast: Cast) -> User:
    def slow() -> None:
        User.objects.filter(pk=cast.alice.pk).update(undo_seconds=30)

    apart(slow)
    return cast.alice


def write(page: Page, text: str, key: str = "r") -> None:
    """Into the composer, by its key."""
    page.keyboard.press(key)
    page.keyboard.type(text)


def answers(cast: Cast, ticket: Ticket) -> list[str]:
    def read() -> list[str]:
        with organization_scope(cast.nordwerk.pk):
            return list(ticket.messages.filter(is_opening=False).values_list("text", flat=True))

    return apart(read)


def let_it_go(cast: Cast) -> None:
    """The held message's time comes, and a worker looks at it."""

    def go() -> None:
        with organization_scope(cast.nordwerk.pk):
            draft = Draft.objects.get()
            Draft.objects.update(send_at=now() - timedelta(seconds=1))
        send_message(cast.nordwerk.pk, draft.pk)

    apart(go)


def test_a_sent_answer_is_taken_back_changed_and_goes_out(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(slow_sender(live_cast))
    alice.goto(f"/desk/t/{ticket.number}/")
    write(alice, "Use the blue port.")
    alice.keyboard.press("Control+Enter")
    toast = alice.locator("#toasts")
    expect(toast).to_contain_text(f"Reply to {ticket.number} goes out in 30 seconds")
    # What counts down is drawn for the eye alone.
    expect(toast.locator("[aria-hidden=true]").filter(has_text="goes out in")).to_have_count(1)
    expect(alice.locator(".message--held")).to_contain_text("Use the blue port.")
    assert answers(live_cast, ticket) == []
    text = alice.get_by_role("textbox", name="Message")
    expect(text).to_have_value("")
    alice.keyboard.press("Control+z")
    expect(text).to_have_value("Use the blue port.")
    expect(text).to_be_focused()
    expect(alice.locator(".message--held")).to_have_count(0)
    alice.keyboard.type(" The left one.")
    alice.keyboard.press("Control+Enter")
    expect(alice.locator(".message--held")).to_contain_text("The left one.")
    let_it_go(live_cast)
    expect(alice.locator(".message--agent")).to_contain_text("The left one.")
    expect(alice.locator(".message--held")).to_have_count(0)
    assert answers(live_cast, ticket) == ["Use the blue port. The left one."]


def test_a_draft_survives_the_window_and_is_marked_in_the_list(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(live_cast.alice)
    alice.goto(f"/desk/t/{ticket.number}/")
    write(alice, "Half a sentence")
    expect(alice.locator("[data-composer-state]")).to_have_text("Saved")
    alice.keyboard.press("Escape")
    write(alice, "For colleagues", "n")
    expect(alice.locator("[data-composer-state]")).to_have_text("Saved")
    again = desktops.signed_in(live_cast.alice)
    again.goto(f"/desk/v/open/{ticket.number}/")
    text = again.get_by_role("textbox", name="Message")
    expect(text).to_have_value("Half a sentence")
    expect(again.locator(f"#row-{ticket.number}")).to_contain_text("Draft")
    again.keyboard.press("n")
    expect(text).to_have_value("For colleagues")


def test_two_windows_do_not_write_over_each_other(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    one, two = desktops.signed_in(live_cast.alice), desktops.signed_in(live_cast.alice)
    for page in (one, two):
        page.goto(f"/desk/t/{ticket.number}/")
    write(one, "From the first")
    expect(one.locator("[data-composer-state]")).to_have_text("Saved")
    write(two, "From the second")
    expect(two.get_by_text("This draft was changed in another window.")).to_be_visible()
    two.get_by_role("button", name="Show the other text").press("Enter")
    expect(two.get_by_role("textbox", name="Message")).to_have_value("From the first")


def test_a_status_and_the_next_ticket_follow_from_the_menu(
    live_cast: Cast, desktops: Desktops
) -> None:
    older, newer = ticket_for(live_cast, "Older"), ticket_for(live_cast, "Newer")
    alice = desktops.signed_in(live_cast.alice)
    alice.goto(f"/desk/v/open/{newer.number}/")
    write(alice, "Solved by a restart.")
    menu = alice.locator(".send-menu > summary")
    menu.press("Enter")
    alice.get_by_label("Then open the next ticket").press("Space")
    row = alice.locator(".send-menu .picker__row").filter(has_text="Resolved")
    row.press("Enter")
    expect(alice).to_have_url(re.compile(f"/desk/v/open/{older.number}/"))
    expect(alice.get_by_role("heading", level=1)).to_contain_text("Older")
    assert answers(live_cast, newer) == ["Solved by a restart."]

    def stage() -> str:
        with organization_scope(live_cast.nordwerk.pk):
            return Ticket.objects.get(pk=newer.pk).status_category

    assert apart(stage) == "solved"
    alice.locator(".send-menu > summary").press("Enter")
    expect(alice.get_by_label("Then open the next ticket")).to_be_checked()


def test_copies_are_chosen_checked_and_shown(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(live_cast.alice)
    alice.goto(f"/desk/t/{ticket.number}/")
    alice.locator(".composer__cc > summary").press("Enter")
    cc = alice.get_by_role("textbox", name="Cc")
    cc.fill("jo@other.example, b@")
    write_box = alice.get_by_role("textbox", name="Message")
    write_box.fill("With a copy.")
    write_box.press("Control+Enter")
    expect(alice.get_by_text("“b@” is not an e-mail address.")).to_be_visible()
    expect(write_box).to_have_value("With a copy.")
    alice.locator("[data-send]:visible").click()
    expect(write_box).to_be_focused()
    cc.fill("jo@other.example")
    write_box.press("Control+Enter")
    expect(alice.locator(".message--agent")).to_contain_text("Cc jo@other.example")


FILES = """name => {
  const data = new DataTransfer();
  data.items.add(new File(["hello"], name, { type: "text/plain" }));
  return data;
}"""
PASTE = """(field, data) => field.dispatchEvent(
  new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))"""


def test_files_are_dropped_into_the_draft(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(live_cast.alice)
    alice.goto(f"/desk/t/{ticket.number}/")
    file: FilePayload = {"name": "log.txt", "mimeType": "text/plain", "buffer": b"hello"}
    alice.get_by_label("Attach files").set_input_files([file])
    chip = alice.locator("[data-draft-files=reply]")
    expect(chip).to_contain_text("log.txt")
    alice.reload()
    expect(chip).to_contain_text("log.txt")
    alice.get_by_role("button", name="Remove log.txt").press("Enter")
    expect(chip).not_to_contain_text("log.txt")
    dropped = alice.evaluate_handle(FILES, "dropped.txt")
    alice.locator("[data-composer]").dispatch_event("drop", {"dataTransfer": dropped})
    expect(chip).to_contain_text("dropped.txt")
    text = alice.get_by_role("textbox", name="Message")
    text.evaluate(PASTE, alice.evaluate_handle(FILES, "pasted.txt"))
    expect(chip).to_contain_text("pasted.txt")
    write(alice, "See the log.")
    alice.keyboard.press("Control+Enter")
    for name in ("dropped.txt", "pasted.txt"):
        expect(alice.locator(".message--agent")).to_contain_text(name)


def test_the_open_menus_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    alice = desktops.signed_in(slow_sender(live_cast), reduced_motion="reduce")
    alice.goto(f"/desk/v/open/{ticket.number}/")
    alice.get_by_role("textbox", name="Message").fill("Try again.")
    alice.get_by_role("textbox", name="Message").press("Control+Enter")
    expect(alice.locator(".message--held").last).to_be_visible()
    alice.locator(".send-menu > summary").press("Enter")
    assert in_four_looks(alice) + walk(alice, "/desk/me/writing/") == []
