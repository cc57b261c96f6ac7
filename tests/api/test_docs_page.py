"""The API's page and the administration in a real browser, under the content security policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import chromium
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: errors, refused policies, failed requests."""
    return []


@pytest.fixture
def page(complaints: list[str]) -> Iterator[Page]:
    """An empty tab."""

    def note(message: ConsoleMessage) -> None:
        # A missing favicon of the site is not this page's fault.
        if message.type == "error" and "favicon" not in str(message.location):
            complaints.append(message.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        tab = browser.new_page()
        tab.on("console", note)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("requestfailed", lambda request: complaints.append(request.url))
        yield tab
        browser.close()


def test_the_api_page_shows_every_operation_and_breaks_no_policy(
    live_cast: Cast, live_server: LiveServer, page: Page, complaints: list[str]
) -> None:
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.wait_for_selector(".opblock", timeout=20_000)
    assert page.locator(".opblock").count() > 25
    page.locator("#operations-tickets-tickets_create .opblock-summary-control").click()
    page.wait_for_selector("#operations-tickets-tickets_create .opblock-body")
    assert complaints == []


def test_the_administration_works_behind_our_own_sign_in(
    live_cast: Cast, live_server: LiveServer, page: Page, complaints: list[str]
) -> None:
    page.goto(f"{live_server.url}/admin/tickets/ticket/")
    assert "/account/sign-in/" in page.url
    page.fill("input[name=login]", live_cast.admin.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/admin/tickets/ticket/")
    for path in ("accounts/membership/add/", "accounts/user/", "tickets/change/"):
        page.goto(f"{live_server.url}/admin/{path}")
        page.wait_for_load_state("networkidle")
    assert complaints == []
