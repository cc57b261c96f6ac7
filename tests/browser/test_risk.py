"""At risk and the simulator, with something on them: no rule of WCAG 2.1 A and AA is broken."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, visit
from tests.cast import Cast
from tests.tickets.sla.past import lived
from tickets.tasks import forecast, learn_from_clocks

# Thirty of forty went over ten hours.
USUAL = [60.0 * hours for hours in (1, 15, 17, 19)] * 10


def furnish(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        lived(cast, USUAL)
        lived(cast, [540.0], open_now=True, team=cast.network)
    learn_from_clocks()
    forecast()


@pytest.mark.slow
def test_leads_pages_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    apart(lambda: furnish(live_cast))
    page = desktops.signed_in(live_cast.bob, reduced_motion="reduce")
    visit(page, "/desk/at-risk/")
    assert page.locator(".risk").count() == 1
    found = in_four_looks(page)
    # One click, from the keyboard.
    page.get_by_role("button", name="Give it to").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Assigned to Alice Agent").first.wait_for()
    visit(page, "/desk/insights/simulations/")
    found += in_four_looks(page)
    page.locator("[name=medium_first_response]").fill("0")
    page.get_by_role("button", name="Replay").click()
    page.locator("#id_medium_first_response_error").wait_for()
    desktops.problems[:] = [p for p in desktops.problems if "422" not in p]
    assert found + in_four_looks(page) == []
