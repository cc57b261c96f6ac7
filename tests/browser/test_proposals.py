"""A proposed article in the browser: from the count to the page, edited, published, rejected."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_proposals import decided, proposal_of
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, settle, visit
from tests.cast import Cast
from tickets.models import Article


@pytest.mark.slow
def test_from_the_count_to_the_article_and_a_rejection_by_keyboard(
    live_cast: Cast, desktops: Desktops
) -> None:
    page = desktops.signed_in(live_cast.bob, reduced_motion="reduce")
    visit(page, "/desk/v/open/")
    first = apart(lambda: proposal_of(live_cast))
    # Nobody reloads: the count comes by itself.
    page.locator(".nav").get_by_role("link", name="Knowledge 1 waiting").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Proposed articles").press("Enter")
    page.get_by_role("link", name="VPN does not connect").press("Enter")
    settle(page)
    page.locator("body").press("e")
    title = page.get_by_label("Title")
    title.fill("VPN on port 8443")
    title.press("Enter")
    page.get_by_role("button", name="Publish").wait_for()
    settle(page)
    found = in_four_looks(page)
    page.get_by_role("button", name="Publish").press("Enter")
    page.get_by_role("heading", name="VPN on port 8443").wait_for()
    second = apart(lambda: proposal_of(live_cast, title="Bike cellar"))
    visit(page, "/desk/proposals/")
    found += in_four_looks(page)
    page.get_by_role("link", name="Bike cellar").press("Enter")
    reason = page.get_by_label("Why it is rejected")
    reason.fill("The house has none.")
    reason.press("Enter")
    page.get_by_text("It does not come back for these tickets.").wait_for()
    assert found == []
    assert apart(lambda: decided(live_cast, second)).rejection == "The house has none."
    assert apart(lambda: decided(live_cast, first)).state == "published"
    assert apart(lambda: titles(live_cast)) == ["VPN on port 8443"]


def titles(cast: Cast) -> list[str]:
    with organization_scope(cast.nordwerk.pk):
        return list(Article.objects.values_list("title", flat=True))
