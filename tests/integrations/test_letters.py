"""Mails of notices: once, threaded, answerable, and only what the person may see."""

import email
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from django.db import connection

from integrations import letters
from integrations.actions import accept_inbound
from integrations.channels.email.parse import parse
from integrations.models import Channel, ReceiptState
from omnidesk.accounts.models import Membership, User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.fakes.smtp import OutsideServer
from tickets.actions.base import Actor
from tickets.actions.heed import heed_ticket
from tickets.actions.intake import Triage
from tickets.actions.notify import Notice, notify
from tickets.actions.reply import add_note
from tickets.models import Letter, LetterState, Ticket
from tickets.notices import Kind


def mentioned(cast: Cast, text: str = "@alice, the **gateway** is down") -> Ticket:
    """A ticket on which Bob mentioned Alice; her letter is due."""
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text=text)
        heed_ticket(ticket_id=ticket.pk)
        Letter.objects.update(due_at=now())
    return ticket


def send(cast: Cast) -> list[LetterState | None]:
    return [letters.deliver_letter(*pair) for pair in letters.due_letters()]


def read(content: bytes) -> EmailMessage:
    got = email.message_from_bytes(content, policy=default)
    assert isinstance(got, EmailMessage)
    return got


def body_of(got: EmailMessage, kind: str) -> str:
    part = got.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def states(cast: Cast) -> list[str]:
    with organization_scope(cast.nordwerk.pk):
        return list(Letter.objects.values_list("state", flat=True))


def test_a_mention_is_mailed_once_plain_and_html(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    ticket = mentioned(cast)
    assert send(cast) == [LetterState.SENT]
    assert send(cast) == []
    [taken] = outside.mails
    assert taken.recipients == ("alice@nordwerk.example",)
    got = read(taken.content)
    assert got["Subject"] == f"{ticket.subject} [#{ticket.number}]"
    assert got["Auto-Submitted"] is not None
    assert "/notifications/settings/" in got["List-Unsubscribe"]
    assert "Bob Lead mentioned you" in body_of(got, "plain")
    assert f"/desk/t/{ticket.number}/" in body_of(got, "plain")
    assert "<strong>Bob Lead mentioned you</strong>" in body_of(got, "html")


def test_markup_in_a_note_cannot_run_in_the_mail(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    mentioned(cast, "@alice <script>x</script> <b>")
    send(cast)
    assert "<script>" not in body_of(read(outside.mails[0].content), "html")


def test_mails_of_one_ticket_thread(cast: Cast, channel: Channel, outside: OutsideServer) -> None:
    ticket = mentioned(cast)
    send(cast)
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="@alice again")
        heed_ticket(ticket_id=ticket.pk)
        Letter.objects.filter(state="waiting").update(due_at=now())
    send(cast)
    first, second = (read(one.content) for one in outside.mails)
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


def test_an_answer_to_the_mail_becomes_a_note_even_where_the_server_is_trusted(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    ticket = mentioned(cast)
    send(cast)
    sent = read(outside.mails[0].content)
    raw = mail(
        "On it.",
        **{
            "from": "alice@nordwerk.example",
            "in-reply-to": str(sent["Message-ID"]),
            "authentication-results": "mx.nordwerk.example; dmarc=pass",
        },
    )
    with organization_scope(cast.nordwerk.pk):
        channel.settings = {"trusted_server": "mx.nordwerk.example"}
        channel.save()
        receipt = accept_inbound(channel, parse(raw), raw)
        assert receipt.ticket == ticket
        assert receipt.message is not None
        assert (receipt.message.kind, receipt.message.author) == ("internal", cast.alice)


def test_an_absence_note_of_a_colleague_starts_nothing(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    ticket = mentioned(cast)
    send(cast)
    sent = read(outside.mails[0].content)
    raw = mail(
        "I am away.",
        **{
            "from": "alice@nordwerk.example",
            "in-reply-to": str(sent["Message-ID"]),
            "auto-submitted": "auto-replied",
        },
    )
    with organization_scope(cast.nordwerk.pk):
        receipt = accept_inbound(channel, parse(raw), raw)
        assert receipt.state == ReceiptState.IGNORED
        assert ticket.messages.count() == 2


def test_access_that_ended_meanwhile_drops_the_mail(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    mentioned(cast)
    with organization_scope(cast.nordwerk.pk):
        Membership.objects.filter(user=cast.alice).delete()
    assert send(cast) == [LetterState.DROPPED]
    assert outside.mails == []


def test_an_agent_who_became_a_requester_gets_no_note(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        Ticket.objects.filter(pk=ticket.pk).update(requester=cast.alice)
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="@alice secret")
        heed_ticket(ticket_id=ticket.pk)
        Letter.objects.update(due_at=now())
        Membership.objects.filter(user=cast.alice).update(role="requester")
    assert send(cast) == [LetterState.DROPPED]


def test_without_a_mailbox_nothing_is_lost_on_the_page(cast: Cast) -> None:
    mentioned(cast)
    assert send(cast) == [LetterState.DROPPED]
    with organization_scope(cast.nordwerk.pk):
        assert cast.alice.notifications.count() == 1


def test_a_storm_is_one_mail_with_a_telling_subject(
    cast: Cast, channel: Channel, outgoing: Path
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for n in range(3):
            ticket = cast.ticket(f"Outage {n}", triage=Triage(team=cast.network))
            notify(
                Notice(
                    kind=Kind.ASSIGNED,
                    ticket=ticket,
                    people=[cast.alice.pk],
                    about=f"team:{cast.network.pk}",
                )
            )
        Letter.objects.update(due_at=now())
    assert send(cast) == [LetterState.SENT]
    [path] = outgoing.glob("letter-*.eml")
    got = read(path.read_bytes())
    assert got["Subject"] == "3 new tickets in Network & VPN"
    assert all(f"Outage {n}" in body_of(got, "plain") for n in range(3))


def test_the_mail_speaks_the_person_s_language(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    User.objects.filter(pk=cast.alice.pk).update(language="de")
    mentioned(cast)
    send(cast)
    got = read(outside.mails[0].content)
    assert got["Content-Language"] == "de"
    assert "Bob Lead hat Sie erwähnt" in body_of(got, "plain")


def test_two_workers_send_once(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer
) -> None:
    mentioned(live_cast)
    [pair] = letters.due_letters()
    start = threading.Barrier(2)

    def work() -> LetterState | None:
        start.wait()
        try:
            return letters.deliver_letter(*pair)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = [one.result() for one in [pool.submit(work) for _ in range(2)]]
    assert sorted(map(str, results)) == sorted(["sent", "None"])
    assert len(outside.mails) == 1


def test_a_refusal_is_tried_again_and_a_lost_answer_is_uncertain(
    cast: Cast, channel: Channel, outside: OutsideServer
) -> None:
    mentioned(cast)
    outside.replies["RCPT"] = "451 4.2.0 Later"
    assert send(cast) == [LetterState.WAITING]
    with organization_scope(cast.nordwerk.pk):
        [letter] = Letter.objects.all()
        assert letter.attempts == 1
        assert letter.due_at > now()
        assert "Later" in letter.error
        # It died after the hand-over began, long ago.
        Letter.objects.update(state="handing_over", claimed_at=now() - timedelta(hours=1))
    assert letters.due_letters() == []
    assert states(cast) == ["uncertain"]
    with organization_scope(cast.nordwerk.pk):
        # It died before: nothing was sent.
        Letter.objects.update(state="claimed", claimed_at=now() - timedelta(hours=1))
    assert len(letters.due_letters()) == 1
