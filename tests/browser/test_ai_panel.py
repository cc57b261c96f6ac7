"""The AI's suggestions, taken or turned down from the keyboard."""

from collections.abc import Callable

from django.db.models import Model
from playwright.sync_api import expect

from ai.models import AutomaticAnswer, Autonomy, Enrichment, Suggestion
from omnidesk.core.tenancy import organization_scope
from tests.browser.conftest import Desktops, apart, ticket_for
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.triage import set_category
from tickets.models import Change, Draft, Ticket


def read_ticket(cast: Cast, *, draft: str = "") -> Ticket:
    """A ticket as it is after the AI read it, with a category and perhaps a draft proposed."""
    ticket = ticket_for(cast, "VPN breaks off")

    def suggest() -> None:
        with organization_scope(cast.nordwerk.pk):
            # No worker runs here: the reading that waits is finished by hand.
            reading = Enrichment.objects.get(ticket=ticket)
            reading.state, reading.verdict = Enrichment.State.DONE, {"words": 9}
            reading.save()
            shared = {"organization": cast.nordwerk, "ticket": ticket, "enrichment": reading}
            Suggestion.objects.create(
                **shared,
                field="category",
                value=cast.vpn.name,
                object_id=cast.vpn.pk,
                confidence=0.95,
                band="very_likely",
                evidence=[{"kind": "word", "text": "VPN"}],
            )
            if draft:
                Suggestion.objects.create(
                    **shared, field="draft", value=draft, confidence=0.8, band="likely", evidence=[]
                )
            Ticket.objects.filter(pk=ticket.pk).update(ai_state="done")

    apart(suggest)
    return ticket


def seen(cast: Cast, look: Callable[[], object]) -> object:
    """What the database says, looked up beside Playwright's event loop."""

    def inside() -> object:
        with organization_scope(cast.nordwerk.pk):
            found = look()
            assert not isinstance(found, Model)
            return found

    return apart(inside)


def test_one_key_accepts_the_category_and_says_so(live_cast: Cast, desktops: Desktops) -> None:
    ticket = read_ticket(live_cast)
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    expect(page.get_by_role("group", name="Category").get_by_text("Very likely")).to_be_visible()
    page.keyboard.press("y")
    expect(page.get_by_text("accepted by you")).to_be_visible()
    expect(page.locator("#ticket-head")).to_contain_text("VPN & remote")
    verbs = seen(
        live_cast,
        lambda: list(
            Change.objects.filter(ticket=ticket, verb="ticket.suggestion_accepted").values_list(
                "field", flat=True
            )
        ),
    )
    assert verbs == ["category"]


def test_a_draft_goes_into_the_composer_and_out_as_the_agents_own(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = read_ticket(live_cast, draft="Hello Dana,\n\nrestart the VPN client. [1]\n\nRegards")
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    expect(page.get_by_text("Draft reply, not sent")).to_be_visible()
    page.keyboard.press("Shift+S")
    expect(page.locator("#ai-summary")).to_contain_text("In their own words")
    page.keyboard.press("d")
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value("Hello Dana,\n\nrestart the VPN client.\n\nRegards")
    box.press("Control+Enter")
    expect(page.locator("#conversation").get_by_text("restart the VPN client.")).to_be_visible()
    said = seen(
        live_cast,
        lambda: list(ticket.messages.filter(is_opening=False).values_list("author__name", "is_ai")),
    )
    assert said == [("Alice Agent", False)]


def test_a_draft_is_turned_down_by_its_key(live_cast: Cast, desktops: Desktops) -> None:
    ticket = read_ticket(live_cast, draft="Hello Dana,\n\nrestart the VPN client. [1]\n\nRegards")
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    expect(page.get_by_text("Draft reply, not sent")).to_be_visible()
    page.keyboard.press("Shift+D")
    expect(page.get_by_role("button", name="Use draft")).to_have_count(0)
    states = seen(
        live_cast, lambda: list(Suggestion.objects.filter(field="draft").values_list("state"))
    )
    assert states == [("rejected",)]


def test_a_draft_that_is_behind_is_written_again_by_its_key(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = read_ticket(live_cast, draft="Hello Dana,\n\nrestart the VPN client. [1]\n\nRegards")

    def change() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            bob = Actor.person(live_cast.bob)
            set_category(ticket=ticket, actor=bob, category=live_cast.printing)

    apart(change)
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    expect(page.get_by_text("The ticket was changed since")).to_be_visible()
    with page.expect_response("**/again/**"):
        page.keyboard.press("Shift+W")
    waits = Enrichment.objects.filter(state=Enrichment.State.PENDING)
    assert seen(live_cast, waits.count) == 1


def test_the_slash_opens_search_where_no_field_is(live_cast: Cast, desktops: Desktops) -> None:
    ticket = read_ticket(live_cast)
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    page.keyboard.press("/")
    expect(page.locator("#palette")).to_be_visible()


def test_a_category_that_drafts_has_the_draft_in_the_composer(
    live_cast: Cast, desktops: Desktops
) -> None:
    ticket = read_ticket(live_cast, draft="Hello,\n\nrestart the VPN client. [1]\n\nRegards")

    def earn() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            home = {"organization_id": live_cast.nordwerk.pk, "category": live_cast.vpn}
            Autonomy.objects.create(**home, level="draft")
            AutomaticAnswer.objects.create(**home, ticket=ticket, level="draft")

    apart(earn)
    page = desktops.signed_in(live_cast.alice)
    page.goto(f"/desk/t/{ticket.number}/")
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value("Hello,\n\nrestart the VPN client.\n\nRegards")
    expect(page.get_by_text("Text from a draft. Check it")).to_be_visible()
    assert seen(live_cast, Draft.objects.count) == 0, "nobody wrote it yet"
    box.press("Control+Enter")
    expect(page.locator("#conversation").get_by_text("restart the VPN client.")).to_be_visible()
    expect(box).to_have_value("")
