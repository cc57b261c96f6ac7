"""Perhaps the same, by keyboard: ticked while a ticket is opened, merged or linked on a new one."""

from typing import Any

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.browser.conftest import Desktops, apart
from tests.browser.test_accessibility import PHONE, violations
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
@pytest.mark.parametrize(
    ("scheme", "size"), [("light", "desktop"), ("dark", "desktop"), ("light", "phone")]
)
def test_one_key_each(live_cast: Cast, desktops: Desktops, scheme: str, size: str) -> None:
    number = apart(lambda: two(live_cast))
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    if size == "phone":
        options["viewport"] = PHONE
    page = desktops.signed_in(live_cast.alice, **options)
    page.goto("/desk/new/", wait_until="networkidle")
    page.get_by_label("Requester").fill("dana@nordwerk.example")
    page.get_by_label("Subject").fill("The badge reader is dead")
    page.get_by_label("Description").fill("Shut again")
    page.locator(".duplicates").wait_for()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+Shift+L")
    assert page.locator("[name=duplicate_of]:checked").count() == 1
    found = violations(page)
    page.get_by_role("button", name="Open ticket").click()
    page.wait_for_url("**/desk/t/*/")
    assert apart(lambda: links(live_cast)) == ["duplicate"]
    page.goto(f"/desk/t/{number}/", wait_until="networkidle")
    page.locator(".duplicates__strip").wait_for()
    found += violations(page)
    page.keyboard.press("u")
    page.locator("dialog[open] #merge-title").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+U")
    page.get_by_text("are linked").first.wait_for()
    assert apart(lambda: links(live_cast)) == ["duplicate", "duplicate"]
    assert found == []
