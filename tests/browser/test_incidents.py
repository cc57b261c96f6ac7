"""A surge in the browser: the card comes by itself, one click, the keyboard alone, WCAG."""

import pytest

from ai.models import Surge
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_incidents import surge_of
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, settle, visit
from tests.browser.test_lists import SHIFTS
from tests.cast import Cast


@pytest.mark.slow
def test_an_incident_from_its_card_to_its_update(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.signed_in(live_cast.bob, reduced_motion="reduce")
    visit(page, "/desk/v/open/")
    page.locator("[hx-get*='incidents/strip']").wait_for(state="attached")
    page.evaluate(SHIFTS)
    apart(lambda: surge_of(live_cast))
    # Nobody reloads the page: the surge says that it is there.
    page.get_by_text("4 people, 5 tickets, one problem?").wait_for()
    settle(page)
    assert page.evaluate("window.shifted") <= 0.02
    found = in_four_looks(page)
    page.get_by_role("link", name="Look").click()
    settle(page)
    found += in_four_looks(page)
    page.get_by_label("by one mail each").check()
    page.get_by_role("button", name="Make it an incident").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send to 4 people").wait_for()
    settle(page)
    found += in_four_looks(page)
    visit(page, "/desk/incidents/")
    found += in_four_looks(page)
    assert found == []
    assert apart(lambda: state(live_cast)) == Surge.State.DECLARED


def state(cast: Cast) -> str:
    with organization_scope(cast.nordwerk.pk):
        return Surge.objects.get().state
