"""Knowledge by keyboard: a draft beside the text, compared, published; the page offline."""

from playwright.sync_api import expect

from tests.browser.axe import in_four_looks, walk
from tests.browser.conftest import Desktops, apart
from tests.browser.test_accessibility import furnish
from tests.cast import Cast


def test_a_version_is_written_compared_and_published(live_cast: Cast, desktops: Desktops) -> None:
    apart(lambda: furnish(live_cast))
    page = desktops.signed_in(live_cast.alice)
    page.goto("/desk/kb/vpn-drops/")
    page.keyboard.press("e")
    text = page.get_by_label("Text", exact=False).first
    text.fill("# What to do\n\n1. Install `5.1.9`\n2. Connect again")
    page.get_by_label("State").select_option("review")
    page.get_by_label("What changed").fill("Newer client")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Version 2 waits for a review.")).to_be_visible()
    found = walk(page, "/desk/kb/vpn-drops/", "/desk/kb/vpn-drops/history/",
                          "/desk/kb/vpn-drops/compare/1/2/")  # fmt: skip
    expect(page.locator("ins")).to_have_text("9")
    page.get_by_role("button", name="Publish version 2").press("Enter")
    expect(page.locator(".article")).to_contain_text("5.1.9")
    page.keyboard.press("h")
    expect(page.get_by_role("row").filter(has_text="Newer client")).to_be_visible()
    page.get_by_role("button", name="Restore").press("Enter")
    expect(page.locator(".article")).to_contain_text("5.1.8")
    assert found == []


def test_without_a_connection_the_portal_says_so(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.signed_in(live_cast.dana)
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    kept = page.evaluate(
        "caches.keys().then(async (names) => (await Promise.all(names.map(async (name) =>"
        " (await (await caches.open(name)).keys())"
        ".map((one) => new URL(one.url).pathname)))).flat())"
    )
    assert "/offline/" in kept
    assert all(path == "/offline/" or path.startswith("/static/") for path in kept)
    page.context.set_offline(True)
    page.goto("/tickets/")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    assert in_four_looks(page) == []
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("How can we help")
    desktops.problems[:] = [p for p in desktops.problems if "ERR_INTERNET_DISCONNECTED" not in p]
