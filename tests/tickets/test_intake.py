"""How tickets begin and their requesters go on."""

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, open_ticket, receive_message
from tickets.actions.lifecycle import set_status
from tickets.choices import MessageKind, Source
from tickets.models import Change, Message, Status, Ticket


def test_a_ticket_opens_with_its_message_status_number_and_log(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        message = ticket.messages.get()
        assert (ticket.status.key, ticket.status_category) == ("new", "open")
        assert ticket.number >= 10_001
        assert ticket.version == 1
        assert (message.is_opening, message.from_requester) == (True, True)
        assert message.kind == MessageKind.PUBLIC
        assert message.text == ticket.description
        assert [c.verb for c in Change.objects.filter(ticket=ticket)] == ["ticket.opened"]


def test_urgency_and_impact_give_the_priority(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(triage=Triage(urgency="critical", impact="high", category=cast.vpn))
        assert ticket.priority == "critical"
        assert ticket.team == cast.network
        assert ticket.ai_verdict == {"given": ["category", "urgency"]}


@pytest.mark.parametrize(
    ("subject", "text", "field"),
    [("", "text", "subject"), (" \n ", "text", "subject"), ("VPN", "  ", "description")],
)
def test_an_empty_subject_or_text_names_the_field(
    cast: Cast, subject: str, text: str, field: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidChange) as refused:
            cast.ticket(subject, text)
        assert refused.value.field == field
        assert Ticket.objects.count() == 0


def test_an_unknown_urgency_lists_the_known_ones(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidChange, match="low, medium, high, critical") as refused:
            cast.ticket(triage=Triage(urgency="asap"))
        assert refused.value.field == "urgency"


def test_another_organizations_category_is_refused(cast: Cast) -> None:
    with (
        organization_scope([cast.nordwerk.pk, cast.lumen.pk]),
        pytest.raises(InvalidChange, match="another organization") as refused,
    ):
        open_ticket(
            organization_id=cast.lumen.pk,
            requester=cast.charlie,
            subject="x",
            body=Body(text="y"),
            source=Source.API,
            actor=Actor.person(cast.charlie),
            triage=Triage(category=cast.vpn),
        )
    assert refused.value.field == "category"


def test_nul_and_control_characters_do_not_reach_the_database(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("VPN\r\nBcc: x\x00", "a\x00b\x08c\ud800")
        assert ticket.subject == "VPN Bcc: x"
        assert ticket.description == "abc?"


def test_a_huge_text_is_cut_and_kept(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(text="wort " * 200_000)
        assert len(ticket.description) == 200_000


def test_an_oversized_file_refuses_the_whole_ticket(cast: Cast) -> None:
    body = Body(text="see file", files=[NewFile("dump.bin", b"x" * (10 * 2**20 + 1))])
    with (
        organization_scope(cast.nordwerk.pk),
        pytest.raises(InvalidChange, match="at most 10 MB"),
    ):
        open_ticket(
            organization_id=cast.nordwerk.pk,
            requester=cast.dana,
            subject="x",
            body=body,
            source=Source.PORTAL,
            actor=Actor.person(cast.dana),
        )
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 0


def test_a_files_type_is_read_from_its_bytes(cast: Cast) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
    files = [
        NewFile("..\\..\\evil.html", b"<script>alert(1)</script>"),
        NewFile("report.pdf", png),
    ]
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="files", files=files),
            source=Source.EMAIL,
            actor=Actor.person(cast.dana),
        )
        kept = {a.name: a.content_type for a in ticket.attachments.all()}
    assert kept == {"evil.html": "text/plain", "report.pdf": "image/png"}


@pytest.mark.parametrize("stage", ["pending", "solved", "closed"])
def test_a_reply_reopens_a_waiting_or_settled_ticket(cast: Cast, stage: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        status = Status.objects.filter(organization=cast.nordwerk, category=stage)[0]
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status)
        receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="still broken"),
            source=Source.EMAIL,
            actor=Actor.person(cast.dana),
        )
        ticket.refresh_from_db()
        assert (ticket.status.key, ticket.status_category) == ("open", "open")
        assert ticket.resolved_at is None
        assert Change.objects.filter(ticket=ticket, verb="ticket.reopened").count() == 1


def test_an_automatic_mail_reopens_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=solved)
        receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="I am away until Monday"),
            source=Source.EMAIL,
            actor=Actor.person(cast.dana),
            reopen=False,
        )
        ticket.refresh_from_db()
        assert ticket.status.key == "resolved"
        assert Message.objects.filter(ticket=ticket).count() == 2


def test_opening_tells_who_listens(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks, organization_scope(cast.nordwerk.pk):
        cast.ticket()
    assert callbacks
