"""A forgotten password: the mail's link leads to a new one, once."""

import re

from django.core import mail
from django.test import Client

from tests.cast import PASSWORD, Cast

NEW = "a horse that is new"


def asked(email: str) -> str:
    """Ask for a new password; the text of the mail that came."""
    assert Client().post("/account/recover/", {"email": email}).status_code == 302
    return str(mail.outbox[-1].body)


def test_the_mails_link_sets_a_new_password_once(cast: Cast) -> None:
    link = re.search(r"http://[^/]+(/account/recover/\S+)", asked(cast.dana.email))
    assert link is not None
    browser = Client()
    page = browser.get(link[1], follow=True)
    form = page.request["PATH_INFO"]
    # The key has left the address before the form is shown.
    assert form.endswith("-set-password/")
    answer = browser.post(form, {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302, answer.content.decode()
    for password, status in ((PASSWORD, 200), (NEW, 302)):
        given = {"login": cast.dana.email, "password": password}
        assert Client().post("/account/sign-in/", given).status_code == status
    assert "does not work any more" in Client().get(link[1], follow=True).content.decode()


def test_nobody_learns_who_has_an_account(cast: Cast) -> None:
    assert "/account/recover/" not in asked("nobody@nordwerk.example")
