"""Signing in and out through the pages."""

from playwright.sync_api import expect

from tests.browser.conftest import Desktops
from tests.cast import Cast


def test_an_agent_lands_on_the_desk(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.signed_in(live_cast.alice)
    assert page.url.endswith("/desk/v/open/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Open")


def test_a_requester_lands_in_the_portal_and_leaves(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.signed_in(live_cast.dana)
    expect(page.get_by_role("heading", level=1)).to_have_text("How can we help, Dana?")
    page.get_by_label("Dana Requester, account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/sign-in/")


def test_a_wrong_password_is_said_in_words(live_cast: Cast, desktops: Desktops) -> None:
    page = desktops.blank()
    page.goto("/account/sign-in/")
    page.get_by_label("E-mail").fill(live_cast.alice.email)
    page.get_by_label("Password").fill("not this one at all")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
