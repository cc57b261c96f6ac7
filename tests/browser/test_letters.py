"""A mail's HTML in its frame: as high as its text, deaf to nobody's keys, silent to its sender."""

from playwright.sync_api import Route, expect

from integrations.channels.email.html import sanitise
from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, visit
from tests.browser.test_live import note
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Body, open_ticket
from tickets.choices import Source
from tickets.models import Ticket

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
MAIL = "<p>A <a href='https://far.example'>line</a></p>" * 40 + (
    "<img src='https://spy.example/a.gif' alt='Logo'>"
)


def test_a_mail_is_shown_whole_and_fetches_nothing_unasked(
    live_cast: Cast, desktops: Desktops
) -> None:
    def write() -> Ticket:
        with organization_scope(live_cast.nordwerk.pk):
            return open_ticket(
                organization_id=live_cast.nordwerk.pk, requester=live_cast.dana, subject="Hello",
                body=Body(text="A line", html=sanitise(MAIL).markup), source=Source.EMAIL,
                actor=Actor.person(live_cast.dana),
            )  # fmt: skip

    ticket = apart(write)
    asked: list[str] = []

    def elsewhere(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=PIXEL, content_type="image/gif")

    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    page.route("https://spy.example/**", elsewhere)
    visit(page, f"/desk/t/{ticket.number}/")
    frame = page.locator("iframe[data-letter]")
    box = frame.bounding_box()
    assert box is not None
    assert box["height"] > 600
    assert asked == []
    found = in_four_looks(page)
    page.get_by_role("link", name="Show pictures").press("Enter")
    letter = page.frame_locator("iframe[data-letter]")
    expect(letter.get_by_alt_text("Logo")).to_be_visible()
    expect(page.get_by_role("link", name="Show pictures")).to_be_hidden()
    apart(lambda: note(live_cast, ticket, "Seen in Lyon as well."))
    expect(page.locator("#conversation").get_by_text("Seen in Lyon as well.")).to_be_visible()
    expect(letter.get_by_alt_text("Logo")).to_be_visible()
    expect(page.get_by_role("link", name="Show pictures")).to_be_hidden()
    assert asked == ["https://spy.example/a.gif"]
    letter.get_by_role("link", name="line").first.focus()
    page.keyboard.press("r")
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    assert found == []
