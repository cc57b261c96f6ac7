"""The rules of accessibility on the pages that are opened now and then."""

import pytest
from playwright.sync_api import expect

from ai import tasks
from ai.actions.chat import start_conversation
from ai.actions.documents import add_document
from ai.actions.incidents import ask_affected
from ai.automatic_words import sign_answer
from ai.incident_words import sign_member
from ai.models import Backtest, Conversation, ModelCall
from integrations.actions import queue_delivery, set_up_mail_channel
from integrations.actions.channels import add_channel
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_assistant import answered
from tests.ai.test_automatic import sent
from tests.ai.test_incidents import declared, surge_of
from tests.ai.views.test_proposals import proposal_of
from tests.browser.axe import in_four_looks, walk
from tests.browser.conftest import Desktops, apart, visit
from tests.browser.test_ai_panel import read_ticket
from tests.cast import Cast
from tests.tickets.test_approvals import ask
from tests.tickets.test_ratings import solved, switch_on
from tests.tickets.test_runbooks import book, propose
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.knowledge import save_article
from tickets.actions.ratings import sign_rating
from tickets.actions.reply import add_note, reply
from tickets.approval_selectors import link_token
from tickets.models import Rating, SavedView

FIGURES = {
    "tickets": 2,
    "answered": 1,
    "coverage": 0.5,
    "judged": 1,
    "precision": 1.0,
    "bound": 0.3,
}
REPORT = {
    "tickets": 2, "seconds": 1.0, "milliseconds": 500, "cost_usd": 0.0, "all": FIGURES,
    "drafts": FIGURES, "floors": [{"floor": 0.5, **FIGURES}], "categories": {},
}  # fmt: skip


def furnish_desk(cast: Cast) -> list[str]:
    """Paths of pages that need something to show."""
    runbook = book(cast)
    run = propose(cast, runbook)
    with organization_scope(cast.nordwerk.pk):
        set_up_mail_channel(cast.nordwerk, "desk@nordwerk.example", name="IT desk")
        ticket = cast.ticket()
        message = reply(ticket=ticket, actor=Actor.person(cast.alice), text="Which client?")
        queue_delivery(message.pk)
        vote = ask(cast, ticket=ticket).votes.get()
        view = SavedView.objects.create(
            organization=cast.nordwerk, name="VPN", owner=cast.bob, condition={"all": []}
        )
        trial = Backtest.objects.create(
            organization=cast.nordwerk, state="done", requested_by=cast.bob, report=REPORT, cases=[]
        )
        save_article(
            organization_id=cast.nordwerk.pk, title="VPN drops", body="Again.", author=cast.alice
        )
        proposal = proposal_of(cast)
        note = add_note(
            ticket=ticket, actor=Actor.person(cast.bob), text="The log.",
            files=[NewFile("log.txt", b"gateway 4 does not answer")],
        )  # fmt: skip
        file = note.attachments.get()
    number = ticket.number
    return [
        f"/desk/t/{number}/runbooks/{runbook.pk}/", f"/desk/t/{run.ticket.number}/",
        f"/desk/t/{number}/snooze/times/", f"/desk/t/{number}/split/{message.pk}/",
        f"/approvals/{vote.pk}/", f"/desk/channels/answers/{message.pk}/",
        f"/desk/views/{view.pk}/", f"/desk/ai/backtests/{trial.pk}/",
        f"/desk/ai/ask/{number}/", f"/desk/ai/summary/{number}/", f"/desk/ai/calls/{number}/",
        "/desk/kb/vpn-drops/edit/",
        f"/desk/t/{number}/side/", f"/desk/t/{number}/children/", f"/approve/{link_token(vote)}/",
        f"/desk/proposals/{proposal.pk}/edit/", f"/desk/files/{file.pk}/",
    ]  # fmt: skip


LEADS = ("/desk/ai/autonomy/", "/desk/ai/backtests/", "/desk/ai/documents/", "/desk/proposals/",
         "/desk/incidents/", "/desk/channels/links/")  # fmt: skip


@pytest.mark.slow
def test_pages_of_the_desk_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    paths = apart(lambda: furnish_desk(live_cast))
    page = desktops.signed_in(live_cast.bob, reduced_motion="reduce")
    found = walk(page, *paths, *LEADS, f"/desk/ai/autonomy/{live_cast.vpn.pk}/")
    owner = desktops.signed_in(live_cast.admin, reduced_motion="reduce")
    document = apart(lambda: read_document(live_cast))
    found += walk(owner, "/desk/ai/index/", "/desk/ai/", f"/desk/ai/documents/{document}/")
    assert found == []


def test_what_left_and_what_came_back_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    ticket = read_ticket(live_cast)

    def call() -> None:
        with organization_scope(live_cast.nordwerk.pk):
            ModelCall.objects.create(
                organization=live_cast.nordwerk, ticket=ticket, operation="triage", model="far-1",
                status="ok", sent="The VPN of [PERSON_1] breaks off.", received="category: VPN",
            )  # fmt: skip

    apart(call)
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    visit(page, f"/desk/t/{ticket.number}/")
    page.keyboard.press("w")
    expect(page.get_by_text("category: VPN", exact=True)).to_be_visible()
    assert in_four_looks(page) == []


def by_link(cast: Cast) -> list[str]:
    """Paths that mails lead to: is this your problem too, did this answer help."""
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
        ask_affected(surge=surge, user=cast.bob)
        member = surge.members.get(person=people[2])
        answer = sign_answer(sent(cast))
    return [f"/assistant/incident/{sign_member(member)}/", f"/assistant/answer/{answer}/"]


def read_document(cast: Cast) -> int:
    """A document that requesters may read; its number."""
    with organization_scope(cast.nordwerk.pk):
        row = add_document(
            organization_id=cast.nordwerk.pk, user=cast.admin, is_public=True,
            file=NewFile("vpn.txt", b"The token is reset in the portal."),
        )  # fmt: skip
    tasks.read_document(cast.nordwerk.pk, row.pk)
    return row.pk


def furnish_portal(cast: Cast) -> list[str]:
    """Paths of a document, a talk that was answered, and a telephone to confirm."""
    with organization_scope(cast.nordwerk.pk):
        add_channel(
            organization=cast.nordwerk, kind="sms", name="Hotline",
            given={"address": "+49 30 555123", "account_sid": "AC1", "auth_token": "t",
                   "country": "de", "api_url": "https://sms.example"},
        )  # fmt: skip
        talk = start_conversation(
            organization_id=cast.nordwerk.pk, user=cast.dana, place=Conversation.Place.PORTAL
        )
    answered(cast, talk)
    return [f"/assistant/documents/{read_document(cast)}/", f"/assistant/{talk.pk}/",
            "/notifications/phone/"]  # fmt: skip


@pytest.mark.slow
def test_pages_of_people_break_no_rule(live_cast: Cast, desktops: Desktops) -> None:
    def link() -> str:
        with organization_scope(live_cast.nordwerk.pk):
            switch_on(live_cast.nordwerk)
            ticket = solved(live_cast)
            rating = Rating.objects.create(organization=live_cast.nordwerk, ticket=ticket)
            return f"/rate/{sign_rating(rating)}/"

    linked = apart(lambda: [link(), *by_link(live_cast)])
    found = walk(desktops.blank(reduced_motion="reduce"), *linked)
    dana = desktops.signed_in(live_cast.dana, reduced_motion="reduce")
    found += walk(
        dana, "/assistant/", *apart(lambda: furnish_portal(live_cast)),
        "/account/two-factor/", "/account/email/", "/account/devices/",
        "/account/password/", "/account/sign-out/",
    )  # fmt: skip
    assert found == []
