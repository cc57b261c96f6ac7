"""A rule is built in the administration with the keyboard alone."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import RULES
from tests.browser.conftest import Desktops, apart, visit
from tests.cast import Cast
from tickets.models import Rule

# What sticks out of a builder, if anything.
WIDER = """it => it.scrollWidth <= it.clientWidth ? [] : [...it.querySelectorAll("*")]
  .filter(one => one.getBoundingClientRect().right > it.getBoundingClientRect().right)
  .map(one => one.outerHTML.slice(0, 90))"""
FOCUSED = "() => document.activeElement.name || document.activeElement.id"


def at(page: Page, name: str) -> None:
    """Wait until the focus stands on the control called `name`."""
    page.wait_for_function(f"(name) => ({FOCUSED})() === name", arg=name)


def settled(page: Page) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def press(page: Page, name: str, *, nth: int = 0) -> None:
    """Go to a button and press it as the keyboard does."""
    page.get_by_role("button", name=name, exact=True).nth(nth).focus()
    page.keyboard.press("Enter")
    settled(page)


def stored(cast: Cast) -> Rule:
    def read() -> Rule:
        with organization_scope(cast.nordwerk.pk):
            return Rule.objects.get()

    return apart(read)


def build(page: Page) -> None:
    page.get_by_label("Name").fill("VPN")
    press(page, "Add condition")
    at(page, "condition-0.0-field")
    page.keyboard.type("Priority")
    expect(page.locator("[id='condition-0.0-op']")).to_be_visible()
    settled(page)
    at(page, "condition-0.0-field")
    page.keyboard.press("Tab")
    page.keyboard.type("is one of")
    expect(page.get_by_role("checkbox", name="High")).to_be_visible()
    settled(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    press(page, "Add group")
    at(page, "condition-0.1-kind")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    at(page, "condition-0.1.0-field")
    page.keyboard.type("Subject")
    expect(page.locator("[id='condition-0.1.0-value']")).to_be_visible()
    settled(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("vpn")
    press(page, "Add action")
    at(page, "actions-0-do")
    page.keyboard.type("Set priority")
    expect(page.locator("[id='actions-0-p-value']")).to_be_visible()
    settled(page)


def test_a_rule_is_built_with_the_keyboard(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.signed_in(live_cast.admin)
    visit(page, "/admin/tickets/rule/add/")
    page.get_by_label("Organization").select_option(label="Nordwerk")
    settled(page)
    build(page)
    press(page, "Add action")
    at(page, "actions-1-do")
    page.keyboard.type("Write a note")
    expect(page.locator("[id='actions-1-p-text']")).to_be_visible()
    settled(page)
    page.locator("[id='actions-1-p-text']").fill("Looked at by a rule")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[id='actions-0-p-text']")).to_have_value("Looked at by a rule")
    settled(page)
    # The priority is still to be chosen: the page says so there, and nothing typed is lost.
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("[id='actions-1-p-value-error']")).to_have_text("“Set priority” is empty.")
    at(page, "actions-1-p-value")
    page.keyboard.type("High")
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/tickets/rule/")
    rule = stored(live_cast)
    assert rule.condition == {"all": [
        {"field": "priority", "op": "one_of", "value": ["high"]},
        {"any": [{"field": "subject", "op": "contains", "value": "vpn"}]},
    ]}  # fmt: skip
    assert rule.actions == [
        {"do": "note", "text": "Looked at by a rule"},
        {"do": "set_priority", "value": "high"},
    ]


def test_the_builder_breaks_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    found: list[Any] = []
    for scheme in ("light", "dark"):
        page = desktops.signed_in(
            live_cast.admin, color_scheme=scheme, viewport={"width": 390, "height": 844}
        )
        visit(page, "/admin/tickets/rule/add/")
        page.get_by_label("Organization").select_option(label="Nordwerk")
        settled(page)
        build(page)
        page.locator(".builder__text summary").first.click()
        answer = Axe().run(page, context=".builder", options=RULES).response
        found += answer["violations"]
        for builder in page.locator(".builder").all():
            assert builder.evaluate(WIDER) == []
    assert found == []
