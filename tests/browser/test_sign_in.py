"""Signing in and out through the pages."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desktops
from tests.cast import PASSWORD, Cast


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/account/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_an_agent_lands_on_the_desk(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.blank()
    sign_in(page, live_cast.alice.email, PASSWORD)
    page.wait_for_url("**/desk/v/open/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Open")


def test_a_requester_lands_in_the_portal_and_leaves(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.blank()
    sign_in(page, live_cast.dana.email, PASSWORD)
    page.wait_for_url(lambda url: "/account/" not in url)
    expect(page.get_by_role("heading", level=1)).to_have_text("How can we help, Dana?")
    page.get_by_label("Dana Requester, account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/sign-in/")


def test_a_wrong_password_is_said_in_words(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.blank()
    sign_in(page, live_cast.alice.email, "not this one at all")
    expect(page.get_by_role("alert")).to_be_visible()
