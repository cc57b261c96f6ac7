"""Why a mail is on its ticket, and moving it with the keyboard alone."""

from playwright.sync_api import expect

from integrations.actions import accept_inbound, set_up_mail_channel
from integrations.channels.email.parse import parse
from integrations.models import Receipt
from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, visit
from tests.cast import Cast
from tests.channels.email.build import mail


def two_mails(cast: Cast) -> list[Receipt]:
    """A question and its second mail on one ticket, and a ticket about something else."""

    def take() -> list[Receipt]:
        with organization_scope(cast.nordwerk.pk):
            channel = set_up_mail_channel(cast.nordwerk, "desk@nordwerk.example", name="IT desk")
            found = []
            for number, refers, subject in ((1, "", "Printer"), (2, "<1@x.example>", "Printer"),
                                            (3, "", "VPN")):  # fmt: skip
                raw = mail(
                    "It does not work.", **{"from": "dana@nordwerk.example"}, subject=subject,
                    message_id=f"<{number}@x.example>", in_reply_to=refers,
                )  # fmt: skip
                found.append(accept_inbound(channel, parse(raw), raw))
            return list(Receipt.objects.select_related("ticket").order_by("pk"))

    return apart(take)


def test_the_reason_is_shown_and_the_mail_moved(live_cast: Cast, desktops: Desktops) -> None:
    first, second, other = two_mails(live_cast)
    assert first.ticket is not None
    assert other.ticket is not None
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    visit(page, f"/desk/t/{first.ticket.number}/")
    page.locator(f"#message-{second.message_id}").get_by_label("Why is this mail here").click()
    expect(page.get_by_text("It answers a mail of the ticket (In-Reply-To).")).to_be_visible()
    assert in_four_looks(page) == []
    number = page.get_by_label("Number of the ticket")
    number.fill("999999")
    number.press("Enter")
    expect(page.get_by_text("Enter the number of a ticket that you may see.")).to_be_visible()
    expect(number).to_be_focused()
    expect(number).to_have_value("999999")
    # The refused form is answered with 422, which the console repeats: that and nothing else.
    assert ["422" in problem for problem in desktops.problems] == [True]
    desktops.problems.clear()
    number.fill(str(other.ticket.number))
    number.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert in_four_looks(page) == []
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("undone")).to_be_visible()
