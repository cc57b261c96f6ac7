"""The rules of accessibility on the pages of an account: its ways in and its second factor."""

from collections.abc import Callable

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Page

from omnidesk.accounts.models import User
from tests.browser.axe import in_four_looks, walk
from tests.browser.conftest import Desktops, apart, visit
from tests.browser.test_sign_in import sign_in
from tests.cast import PASSWORD, Cast


def links(user: User) -> tuple[str, str]:
    """What two mails lead to: confirming an address, a new password."""
    address = EmailAddress.objects.get(user=user)
    EmailAddress.objects.update(verified=False)
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    return EmailConfirmationHMAC(address).key, key


def test_what_mails_lead_to_breaks_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    confirm, recover = apart(lambda: links(live_cast.dana))
    page = desktops.blank(reduced_motion="reduce")
    found = walk(
        page, "/account/confirm/", f"/account/confirm/{confirm}/", "/account/inactive/",
        "/account/recover/sent/", f"/account/recover/{recover}/", "/account/recover/done/",
    )  # fmt: skip
    assert found == []


def second_factor(user: User) -> None:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)


def without_password(user: User) -> None:
    user.set_unusable_password()
    user.save()


def proved(page: Page, path: str) -> list[str]:
    """Ask for a page that wants the password anew; what breaks a rule where it is asked for."""
    visit(page, path)
    field = page.get_by_label("Password")
    found = in_four_looks(page)
    field.fill(PASSWORD)
    field.press("Enter")
    page.wait_for_url(f"**{path}")
    return found + in_four_looks(page)


@pytest.mark.slow
def test_the_second_factor_breaks_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    dana, alice, bob = live_cast.dana, live_cast.alice, live_cast.bob
    page = desktops.signed_in(dana, reduced_motion="reduce")
    found = proved(page, "/account/two-factor/totp/activate/")
    work: list[Callable[[], None]] = [lambda: second_factor(alice), lambda: without_password(bob)]
    for one in work:
        apart(one)
    page = desktops.blank(reduced_motion="reduce")
    sign_in(page, alice.email, PASSWORD)
    page.wait_for_url("**/account/two-factor/authenticate/")
    found += in_four_looks(page)
    page = desktops.signed_in(alice, reduced_motion="reduce")
    found += proved(page, "/account/two-factor/recovery-codes/")
    found += walk(
        page, "/account/two-factor/", "/account/two-factor/recovery-codes/generate/",
        "/account/two-factor/totp/deactivate/", "/account/two-factor/reauthenticate/",
    )  # fmt: skip
    found += walk(desktops.signed_in(bob, reduced_motion="reduce"), "/account/password/set/")
    assert found == []
