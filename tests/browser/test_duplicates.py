"""Perhaps the same, by keyboard: ticked while a ticket is opened, merged or linked on a new one."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, settle, visit
from tests.cast import Cast
from tickets.models import TicketLink


def two(cast: Cast) -> int:
    """Two tickets of Dana's about one door; the number of the later one."""
    with organization_scope(cast.nordwerk.pk):
        cast.ticket("Badge reader at door three is dead", "It stays shut.")
        return cast.ticket("Door three: the badge reader is dead", "It stays shut again.").number


def links(cast: Cast) -> list[str]:
    with organization_scope(cast.nordwerk.pk):
        return list(TicketLink.objects.values_list("kind", flat=True))


@pytest.mark.slow
def test_one_key_each(live_cast: Cast, desktops: Desktops) -> None:
    number = apart(lambda: two(live_cast))
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    visit(page, "/desk/new/")
    page.get_by_label("Requester").fill("dana@nordwerk.example")
    page.get_by_label("Subject").fill("The badge reader is dead")
    page.get_by_label("Description").fill("Shut again")
    page.locator(".duplicates").wait_for()
    settle(page)
    page.keyboard.press("Control+Shift+L")
    assert page.locator("[name=duplicate_of]:checked").count() == 1
    found = in_four_looks(page)
    page.get_by_role("button", name="Open ticket").click()
    page.wait_for_url("**/desk/t/*/")
    assert apart(lambda: links(live_cast)) == ["duplicate"]
    visit(page, f"/desk/t/{number}/")
    page.locator(".duplicates__strip").wait_for()
    found += in_four_looks(page)
    page.keyboard.press("u")
    page.locator("dialog[open] #merge-title").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+U")
    page.get_by_text("are linked").first.wait_for()
    assert apart(lambda: links(live_cast)) == ["duplicate", "duplicate"]
    assert found == []
