"""Writing by keyboard alone: texts, articles and people at the caret, marks, the preview."""

import pytest
from playwright.sync_api import Page, expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, ticket_for, visit
from tests.cast import Cast
from tickets.actions.knowledge import save_article
from tickets.models import Macro, Ticket


def prepared(cast: Cast) -> Ticket:
    """A ticket, two macros and an article."""

    def write() -> None:
        with organization_scope(cast.nordwerk.pk):
            here = {"organization": cast.nordwerk}
            Macro.objects.create(**here, name="Greeting", text="Hello {first_name},")
            Macro.objects.create(**here, name="Goodbye", text="Until soon.")
            save_article(
                organization_id=cast.nordwerk.pk,
                title="VPN drops",
                body="Again.",
                author=cast.alice,
            )

    apart(write)
    return ticket_for(cast)


def opened(page: Page, ticket: Ticket) -> None:
    visit(page, f"/desk/t/{ticket.number}/")
    page.keyboard.press("r")


def test_texts_articles_and_people_come_at_the_caret(live_cast: Cast, desktops: Desktops) -> None:
    ticket = prepared(live_cast)
    page = desktops.signed_in(live_cast.alice)
    opened(page, ticket)
    text = page.get_by_role("textbox", name="Message")
    rows = page.get_by_role("listbox").get_by_role("option")
    page.keyboard.type("::g")
    expect(rows).to_have_count(2)
    first = rows.filter(has_text="Goodbye")
    expect(text).to_have_attribute("aria-activedescendant", str(first.get_attribute("id")))
    expect(page.locator("[data-inserts-said]")).to_have_text("2 suggestions")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(text).to_have_value("Hello Dana,")
    expect(rows).to_have_count(0)
    page.keyboard.type(" see ??vpn")
    expect(rows).to_have_count(1)
    page.keyboard.press("Tab")
    expect(text).to_be_focused()
    assert "Hello Dana, see [VPN drops](http" in text.input_value()
    page.keyboard.press("Control+z")
    assert text.input_value().endswith("see ??vpn")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--agent")).to_contain_text("see ??vpn")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Ask @@lead")
    expect(rows).to_have_count(1)
    page.keyboard.press("Enter")
    expect(text).to_have_value("Ask @Bob Lead ")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--note")).to_contain_text("Ask @Bob Lead")


def test_escape_leaves_the_signs_alone(live_cast: Cast, desktops: Desktops) -> None:
    ticket = prepared(live_cast)
    page = desktops.signed_in(live_cast.alice)
    opened(page, ticket)
    text = page.get_by_role("textbox", name="Message")
    box = page.locator("[data-inserts-box]")
    page.keyboard.type("a::b is C++, @@")
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(text).to_be_focused()
    page.keyboard.type("alice")
    page.wait_for_timeout(400)
    expect(box).to_be_hidden()
    page.keyboard.type(" ??zzz")
    expect(box).to_have_text("Nothing fits")
    page.keyboard.press("Enter")
    expect(text).to_have_value("a::b is C++, @@alice ??zzz\n")


def test_marks_and_preview(live_cast: Cast, desktops: Desktops) -> None:
    ticket = prepared(live_cast)
    page = desktops.signed_in(live_cast.alice)
    opened(page, ticket)
    text = page.get_by_role("textbox", name="Message")
    page.keyboard.type("port")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+b")
    expect(text).to_have_value("**port**")
    page.keyboard.press("Control+i")
    expect(text).to_have_value("***port***")
    page.keyboard.press("Control+z")
    expect(text).to_have_value("**port**")
    for _stop in ("Cc", "Preview", "Bold"):
        page.keyboard.press("Shift+Tab")
    bold = page.get_by_role("button", name="Bold")
    expect(bold).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Bulleted list")).to_be_focused()
    page.keyboard.press("Enter")
    expect(text).to_have_value("- **port**")
    for _stop in ("Cc", "Preview"):
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Preview")).to_be_focused()
    page.keyboard.press("Enter")
    shown = page.get_by_role("region", name="Preview")
    expect(shown).to_be_focused()
    expect(shown.locator("li strong")).to_have_text("port")
    expect(shown).to_contain_text("So Dana Requester will see it")
    page.keyboard.press("Escape")
    expect(text).to_be_focused()
    expect(text).to_have_value("- **port**")


@pytest.mark.slow
def test_the_list_and_the_preview_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    ticket = prepared(live_cast)
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    opened(page, ticket)
    text = page.get_by_role("textbox", name="Message")
    text.focus()
    page.keyboard.type("See @@")
    expect(page.get_by_role("listbox")).to_be_visible()
    found = in_four_looks(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.get_by_role("region", name="Preview")).to_be_visible()
    found += in_four_looks(page)
    assert found == []
