"""The administration: no rule of accessibility is broken, and a refused form is stood at."""

import pytest
from django.contrib.admin.models import LogEntry
from playwright.sync_api import expect

from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import walk
from tests.browser.conftest import Desktops, apart, visit
from tests.cast import Cast
from tickets.actions.catalog import get_or_create_tags

# The front page, a list, an empty form, a filled one, the question before deleting, both logs.
PAGES = ("", "tickets/category/", "tickets/category/add/", "tickets/category/{vpn}/change/",
         "tickets/category/{vpn}/delete/", "tickets/change/",
         "admin/logentry/?action_flag__exact=2")  # fmt: skip


@pytest.mark.slow
def test_the_administration_breaks_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    def fill() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            get_or_create_tags(live_cast.nordwerk.pk, ["vip"])
            live_cast.ticket()
        LogEntry.objects.create(user=live_cast.admin, action_flag=2, object_repr="Network")

    apart(fill)
    page = desktops.signed_in(live_cast.admin, reduced_motion="reduce")
    paths = [f"/admin/{path.format(vpn=live_cast.vpn.pk)}" for path in PAGES]
    assert walk(page, *paths) == []
    # A form that was refused, by keyboard alone: the first field to correct has the focus.
    visit(page, "/admin/tickets/category/add/")
    page.locator("[name=name]").focus()
    page.keyboard.press("Enter")
    wrong = page.locator("form [aria-invalid='true']").first
    expect(wrong).to_be_focused()
