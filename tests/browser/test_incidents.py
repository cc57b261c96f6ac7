"""A surge in the browser: the card comes by itself, one click, the keyboard alone, WCAG."""

from typing import Any

import pytest

from ai.models import Surge
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_incidents import surge_of
from tests.browser.conftest import Desktops, apart
from tests.browser.test_accessibility import PHONE, violations
from tests.cast import Cast


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "size"), [("light", "desktop"), ("dark", "desktop"), ("light", "phone")]
)
def test_an_incident_from_its_card_to_its_update(
    live_cast: Cast, desktops: Desktops, scheme: str, size: str
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    if size == "phone":
        options["viewport"] = PHONE
    page = desktops.signed_in(live_cast.bob, **options)
    page.goto("/desk/v/open/", wait_until="networkidle")
    page.locator("[hx-get*='incidents/strip']").wait_for(state="attached")
    apart(lambda: surge_of(live_cast))
    # Nobody reloads the page: the surge says that it is there.
    page.get_by_text("4 people, 5 tickets, one problem?").wait_for()
    found = violations(page)
    page.get_by_role("link", name="Look").click()
    page.wait_for_load_state("networkidle")
    found += violations(page)
    page.get_by_label("by one mail each").check()
    page.get_by_role("button", name="Make it an incident").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send to 4 people").wait_for()
    page.wait_for_load_state("networkidle")
    found += violations(page)
    page.goto("/desk/incidents/", wait_until="networkidle")
    found += violations(page)
    assert found == []
    assert apart(lambda: state(live_cast)) == Surge.State.DECLARED


def state(cast: Cast) -> str:
    with organization_scope(cast.nordwerk.pk):
        return Surge.objects.get().state
