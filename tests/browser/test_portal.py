"""The portal: answers while typing, the status page, guests, whether an article helped."""

from playwright.sync_api import expect

from omnidesk.accounts.models import Organization
from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks, walk
from tests.browser.conftest import Desktops, apart, settle, visit
from tests.cast import Cast
from tickets.actions.guests import sign_guest
from tickets.actions.knowledge import save_article
from tickets.actions.status_page import publish_notice, save_notice
from tickets.models import GuestRequest, StatusFollower


def a_known_problem(cast: Cast) -> None:
    def tell() -> None:
        with organization_scope(cast.nordwerk.pk):
            values = {"title": "VPN drops after 5.2.1", "text": "Every *five* minutes.",
                      "advice": "Install 5.1.8.", "affected": "Hamburg"}  # fmt: skip
            row = save_notice(organization_id=cast.nordwerk.pk, author=cast.alice, values=values)
            publish_notice(notice=row, author=cast.alice)
            save_article(
                organization_id=cast.nordwerk.pk,
                title="VPN drops",
                body="Again.",
                author=cast.alice,
            )

    apart(tell)


def test_answers_come_beside_the_form_and_no_field_moves(
    live_cast: Cast, desktops: Desktops
) -> None:
    a_known_problem(live_cast)
    dana = desktops.signed_in(live_cast.dana)
    dana.goto("/new/")
    subject = dana.get_by_label("What is the problem?")
    for width in (1440, 390):
        dana.set_viewport_size({"width": width, "height": 900})
        subject.fill("")
        expect(dana.locator("#answers")).to_be_empty()
        before = subject.bounding_box()
        subject.press_sequentially("my vpn drops")
        expect(dana.locator("#answers")).to_contain_text("Known problem")
        expect(dana.locator("#answers")).to_contain_text("VPN drops")
        assert subject.bounding_box() == before
        expect(subject).to_be_focused()
    settle(dana)
    dana.get_by_role("button", name="This affects me too").press("Enter")
    expect(dana.locator("#answers")).to_contain_text("You get each update by e-mail.")

    def followers() -> int:
        with organization_scope(live_cast.nordwerk.pk):
            return StatusFollower.objects.count()

    assert apart(followers) == 1


def test_a_problem_is_told_on_the_status_page_by_keyboard(
    live_cast: Cast, desktops: Desktops
) -> None:
    alice = desktops.signed_in(live_cast.alice)
    alice.goto("/desk/status/")
    alice.get_by_role("link", name="New notice").first.press("Enter")
    alice.get_by_label("Title").fill("Mail is slow")
    alice.get_by_role("button", name="Save").press("Enter")
    alice.get_by_role("button", name="Publish").press("Enter")
    alice.get_by_label("What is new").fill("A queue is full.")
    alice.get_by_role("button", name="Publish, tell").press("Enter")
    expect(alice.locator(".notice-page__line").first).to_contain_text("A queue is full.")
    number = alice.url.rstrip("/").rpartition("/")[2]
    dana = desktops.signed_in(live_cast.dana)
    dana.goto("/")
    expect(dana.get_by_text("Mail is slow")).to_be_visible()
    found = walk(dana, "/status/", "/", "/new/?subject=mail+is+slow")
    found += walk(alice, "/desk/status/", alice.url, f"/desk/status/{number}/edit/",
                  "/desk/status/new/")  # fmt: skip
    assert found == []


def test_a_guest_asks_and_follows_the_link(live_cast: Cast, desktops: Desktops) -> None:
    def allow() -> None:
        Organization.objects.filter(slug="nordwerk").update(allows_guest_intake=True)
        with organization_scope(live_cast.nordwerk.pk):
            save_article(
                organization_id=live_cast.nordwerk.pk, title="Guest network", body="Ask us.",
                author=live_cast.alice, visibility="public",
            )  # fmt: skip

    def link() -> str:
        with organization_scope(live_cast.nordwerk.pk):
            return f"/request/{sign_guest(GuestRequest.objects.get())}/"

    apart(allow)
    guest = desktops.blank()
    guest.goto("/help/nordwerk/")
    guest.get_by_role("link", name="Write to us").press("Enter")
    guest.get_by_label("Your e-mail address").fill("vera@")
    guest.get_by_role("button", name="Send the link").press("Enter")
    email = guest.get_by_label("Your e-mail address")
    expect(email).to_be_focused()
    # The page that says what is wrong is answered with 422, which the console reports.
    desktops.problems[:] = [p for p in desktops.problems if "422" not in p]
    email.fill("vera@far.example")
    guest.get_by_label("What is the problem?").fill("Guest network")
    guest.get_by_label("What happens exactly?").fill("No page opens.")
    guest.get_by_role("button", name="Send the link").press("Enter")
    expect(guest.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    page = apart(link)
    found = walk(guest, page, "/help/nordwerk/", "/help/nordwerk/new/",
                 "/help/nordwerk/kb/guest-network/")  # fmt: skip
    guest.goto(page)
    guest.get_by_role("button", name="Send to IT").press("Enter")
    expect(guest.get_by_role("log")).to_contain_text("No page opens.")
    guest.get_by_label("Your answer").fill("Still nothing.")
    guest.get_by_role("button", name="Send", exact=True).press("Enter")
    expect(guest.get_by_role("log")).to_contain_text("Still nothing.")
    assert found + walk(guest, page) == []


def test_a_reader_says_why_an_article_did_not_help(live_cast: Cast, desktops: Desktops) -> None:
    a_known_problem(live_cast)
    dana = desktops.signed_in(live_cast.dana)
    dana.goto("/kb/vpn-drops/")
    dana.get_by_role("button", name="No", exact=True).press("Enter")
    dana.get_by_label("It is out of date").press("Space")
    dana.get_by_role("button", name="Send").press("Enter")
    expect(dana.get_by_text("Thank you. The authors see it.")).to_be_visible()
    alice = desktops.signed_in(live_cast.alice)
    found = walk(dana, "/kb/vpn-drops/") + walk(alice, "/desk/kb/vpn-drops/")
    assert found == []


def test_what_is_typed_survives_a_closed_window(live_cast: Cast, desktops: Desktops) -> None:
    dana = desktops.signed_in(live_cast.dana)
    visit(dana, "/new/")
    dana.get_by_label("What is the problem?").fill("Mouse")
    dana.get_by_label("What happens exactly?").fill("It does not move.")
    expect(dana.locator("[data-kept-state]")).to_have_text("Saved")
    other = desktops.signed_in(live_cast.dana, reduced_motion="reduce")
    visit(other, "/new/")
    expect(other.get_by_label("What is the problem?")).to_have_value("Mouse")
    assert in_four_looks(other) == []
    other.get_by_role("button", name="Begin anew").click()
    expect(other.get_by_label("What is the problem?")).to_have_value("")
