"""Pages without an account: what is open, what a guest asks for, what the mailed link opens."""

import re

import pytest
from django.core import mail
from django.test import Client

from omnidesk.accounts.models import Organization, User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.guests import sign_guest
from tickets.actions.knowledge import save_article
from tickets.actions.reply import add_note, reply
from tickets.models import Article, GuestRequest, Ticket
from tickets.status_tasks import mail_guest

ASKED = {
    "email": "Visitor@far.example",
    "name": "Vera Visitor",
    "subject": "Guest network",
    "text": "I cannot join the guest network.",
}


@pytest.fixture
def place(cast: Cast, redis_client: object) -> Organization:
    Organization.objects.filter(pk=cast.nordwerk.pk).update(allows_guest_intake=True)
    return cast.nordwerk


def the_request(cast: Cast) -> GuestRequest:
    with organization_scope(cast.nordwerk.pk):
        return GuestRequest.objects.select_related("ticket").get()


def link_of(letter: mail.EmailMessage) -> str:
    found = re.search(r"https?://[^/]+(/request/\S+)", str(letter.body))
    assert found
    return found[1]


def test_a_guest_asks_confirms_and_reads_the_answer(cast: Cast, place: Organization) -> None:
    guest = Client()
    sent = guest.post("/help/nordwerk/new/", ASKED)
    assert b"Look into your mailbox" in sent.content
    row = the_request(cast)
    assert row.ticket is None
    mail.outbox.clear()
    assert mail_guest(place.pk, row.pk)
    assert not mail_guest(place.pk, row.pk)
    [letter] = mail.outbox
    assert letter.to == ["visitor@far.example"]
    page = link_of(letter)
    # A scanner that follows the link sends nothing.
    assert b"Send to IT" in guest.get(page).content
    assert the_request(cast).ticket is None
    for _twice in range(2):
        guest.post(page)
    with organization_scope(place.pk):
        [ticket] = Ticket.objects.filter(subject="Guest network")
        assert ticket.requester.email == "visitor@far.example"
        assert not ticket.requester.has_usable_password()
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Take **voucher 7**.")
        add_note(ticket=ticket, actor=Actor.person(cast.alice), text="Only for us.")
    shown = guest.get(page).content
    assert b"<strong>voucher 7</strong>" in shown
    assert b"Only for us" not in shown
    guest.post(page, {"text": "It works."})
    assert b"It works." in guest.get(page).content
    # The link opens this ticket and nothing else: there is no session.
    assert guest.get(f"/tickets/{ticket.number}/").status_code == 302
    guest.post(page, {"do": "solved"})
    with organization_scope(place.pk):
        assert Ticket.objects.get(pk=ticket.pk).is_settled


def test_an_agents_address_shows_no_notes_behind_the_link(cast: Cast, place: Organization) -> None:
    Client().post("/help/nordwerk/new/", ASKED | {"email": cast.alice.email})
    row = the_request(cast)
    page = f"/request/{sign_guest(row)}/"
    Client().post(page)
    with organization_scope(place.pk):
        ticket = Ticket.objects.get(subject="Guest network")
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="Only for us.")
    assert b"Only for us" not in Client().get(page).content


def test_the_page_says_the_same_whether_the_address_is_known(
    cast: Cast, place: Organization
) -> None:
    def asked(email: str) -> tuple[int, str]:
        page = Client().post("/help/nordwerk/new/", ASKED | {"email": email})
        text = page.content.decode().replace(email, "-")
        return page.status_code, re.sub(r"(csrf|X-CSRFToken|nonce)[^>]*", "", text)

    known, unknown = asked(cast.dana.email), asked("nobody@far.example")
    assert known == unknown
    # Over its limit a mailbox gets no further mail, and the page still says the same.
    for _again in range(4):
        assert asked(cast.dana.email) == unknown
    with organization_scope(place.pk):
        assert GuestRequest.objects.filter(email=cast.dana.email).count() == 3
        assert not User.objects.filter(email="nobody@far.example").exists()


def test_one_address_may_not_ask_for_ever(cast: Cast, place: Organization) -> None:
    answers = [
        Client().post("/help/nordwerk/new/", ASKED | {"email": f"v{n}@far.example"}).status_code
        for n in range(12)
    ]
    assert answers == [200] * 10 + [429] * 2


def test_bad_input_is_said_at_its_field_and_kept(cast: Cast, place: Organization) -> None:
    page = Client().post("/help/nordwerk/new/", ASKED | {"email": "visitor@", "text": ""})
    assert page.status_code == 422
    assert b"Enter a full e-mail address" in page.content
    assert b'value="Guest network"' in page.content
    assert b"autofocus" in page.content


def test_links_of_others_and_old_ones_open_nothing(cast: Cast, place: Organization) -> None:
    for token in ("x", "a:b:c", "%00"):
        assert Client().get(f"/request/{token}/").status_code == 404


def test_without_guests_and_open_articles_there_is_no_page(cast: Cast) -> None:
    for path in ("/help/nordwerk/", "/help/nordwerk/new/", "/help/nobody/"):
        assert Client().get(path).status_code == 404
    assert Client().post("/help/nordwerk/new/", ASKED).status_code == 404


def test_the_sign_in_page_leads_guests_to_the_one_desk_that_takes_them(
    cast: Cast, place: Organization
) -> None:
    link = b'href="/help/nordwerk/"'
    assert link in Client().get("/account/sign-in/").content
    # Where several do, a stranger is not told who they are.
    Organization.objects.filter(pk=cast.lumen.pk).update(allows_guest_intake=True)
    assert b"/help/" not in Client().get("/account/sign-in/").content
    Organization.objects.update(allows_guest_intake=False)
    assert b"/help/" not in Client().get("/account/sign-in/").content


def test_open_articles_are_read_without_signing_in(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for title in ("Guest wifi", "For staff"):
            save_article(
                organization_id=cast.nordwerk.pk, title=title, body="Text", author=cast.alice
            )
        Article.objects.filter(slug="guest-wifi").update(is_open=True)
    page = Client().get("/help/nordwerk/").content
    assert b"Guest wifi" in page
    assert b"For staff" not in page
    assert b"Guest wifi" in Client().get("/help/nordwerk/?q=wifi").content
    assert Client().get("/help/nordwerk/kb/guest-wifi/").status_code == 200
    assert Client().get("/help/nordwerk/kb/for-staff/").status_code == 404
