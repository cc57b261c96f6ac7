"""A ticket in another system: its panel, a conflict decided, the page of all links."""

from playwright.sync_api import expect

from integrations.actions.channels import add_channel
from integrations.links import ExternalLink, FieldConflict, LinkState, Verdict
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, apart, ticket_for, visit
from tests.cast import Cast
from tickets.models import Ticket


def linked(cast: Cast) -> Ticket:
    """A ticket that is in conflict with a GLPI."""
    ticket = ticket_for(cast, "Printer on floor 3 prints stripes")

    def link() -> None:
        with organization_scope(cast.nordwerk.pk):
            channel, _made = add_channel(
                organization=cast.nordwerk, kind="glpi", name="GLPI Lyon",
                given={"url": "https://glpi.example.org", "user_token": "x"},
            )  # fmt: skip
            row = ExternalLink.objects.create(
                organization=cast.nordwerk, channel=channel, ticket=ticket, remote_id="4711",
                display_id="4711", url="https://glpi.example.org/front/ticket.form.php?id=4711",
                state=LinkState.CONFLICT, synced_at=now(), local_version=ticket.version,
                base={"urgency": ["medium", "3"]},
            )  # fmt: skip
            FieldConflict.objects.create(
                organization=cast.nordwerk, link=row, field="urgency", ours="high", theirs="2",
                theirs_shown="low",
            )  # fmt: skip

    apart(link)
    return ticket


def test_a_conflict_is_shown_and_decided(live_cast: Cast, desktops: Desktops) -> None:
    ticket = linked(live_cast)
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    visit(page, "/desk/channels/links/")
    expect(page.get_by_text("In conflict").first).to_be_visible()
    assert in_four_looks(page) == []
    visit(page, f"/desk/t/{ticket.number}/")
    panel = page.locator("#elsewhere-panel")
    expect(panel.get_by_text("was changed on both sides.")).to_be_visible()
    assert in_four_looks(page) == []
    panel.get_by_role("button", name="Keep theirs").press("Enter")
    expect(panel.get_by_role("button", name="Keep theirs")).to_have_count(0)

    def verdict() -> str:
        with organization_scope(live_cast.nordwerk.pk):
            return str(FieldConflict.objects.get().verdict)

    assert apart(verdict) == Verdict.THEIRS
