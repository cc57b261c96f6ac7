"""Answers written in a mail program: read from the mailbox's Sent folder, never sent again."""

from collections.abc import Iterator

import pytest

from integrations import delivery as sending
from integrations.models import Channel, Delivery, Receipt, Step
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.fakes.imap import Mailbox
from tests.fakes.smtp import OutsideServer
from tests.integrations.test_delivery import answer
from tests.integrations.test_imap import poll, reread
from tickets.choices import MessageKind
from tickets.models import Message, Ticket

QUESTION = {"from": "dana@nordwerk.example", "message_id": "<q1@nordwerk.example>"}
DANA = "dana@nordwerk.example"


@pytest.fixture
def mailbox(live_cast: Cast, live_channel: Channel) -> Iterator[Mailbox]:
    box = Mailbox()
    box.start()
    live_channel.settings = {
        "imap_host": "127.0.0.1", "imap_port": box.port, "imap_security": "plain",
        "imap_user": "desk", "sent_folder": "Sent",
    }  # fmt: skip
    live_channel.set_secret("password", box.password)
    with organization_scope(live_channel.organization_id):
        live_channel.save()
    box.put_sent(sent("<old@nordwerk.example>"))
    box.put(mail("The printer is dead.", **QUESTION))
    assert poll(live_channel) == 1  # the first look: what lies in Sent is old
    yield box
    box.stop()
    assert box.violations == []


def sent(number: str, body: str = "Please restart it.", **fields: str) -> bytes:
    defaults = {
        "from": "Desk <desk@nordwerk.example>", "to": DANA, "subject": "Re: Printer",
        "message_id": number, "in_reply_to": "<q1@nordwerk.example>",
    }  # fmt: skip
    return mail(body, **{**defaults, **fields})


def messages(channel: Channel) -> list[Message]:
    with organization_scope(channel.organization_id):
        return list(Message.objects.select_related("author", "ticket").order_by("pk"))


def test_an_answer_from_a_mail_program_is_the_desks_public_answer(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    mailbox.put_sent(sent("<a1@nordwerk.example>"))
    assert poll(live_channel) == 1
    question, answer = messages(live_channel)
    assert answer.ticket_id == question.ticket_id
    assert (answer.kind, answer.from_requester, answer.text) == (
        MessageKind.PUBLIC, False, "Please restart it.",
    )  # fmt: skip
    assert answer.ticket.first_response_at is not None
    assert poll(live_channel) == 0


def test_it_is_never_sent_again(
    mailbox: Mailbox, live_channel: Channel, outside: OutsideServer
) -> None:
    mailbox.put_sent(sent("<a1@nordwerk.example>"))
    poll(live_channel)
    for found in sending.sweep():
        sending.deliver(*found)
    with organization_scope(live_channel.organization_id):
        assert Delivery.objects.get().state == Step.SENT
    assert outside.mails == []


def test_an_agents_name_stands_on_it_and_the_ticket_is_theirs(
    mailbox: Mailbox, live_cast: Cast, live_channel: Channel
) -> None:
    mailbox.put_sent(sent("<a1@nordwerk.example>", **{"from": live_cast.alice.email}))
    poll(live_channel)
    answer = messages(live_channel)[-1]
    assert answer.author == live_cast.alice
    assert answer.ticket.assignee_id == live_cast.alice.pk


def test_a_mail_to_a_vendor_becomes_a_note(mailbox: Mailbox, live_channel: Channel) -> None:
    mailbox.put_sent(sent("<a1@nordwerk.example>", to="parts@vendor.example"))
    poll(live_channel)
    note = messages(live_channel)[-1]
    assert note.kind == MessageKind.INTERNAL
    assert "parts@vendor.example" in note.text


def test_the_answer_to_it_finds_the_ticket(mailbox: Mailbox, live_channel: Channel) -> None:
    mailbox.put_sent(sent("<a1@nordwerk.example>"))
    poll(live_channel)
    mailbox.put(mail("Thanks", **{"from": DANA}, subject="Thanks", message_id="<q2@x.example>",
                     in_reply_to="<a1@nordwerk.example>"))  # fmt: skip
    poll(live_channel)
    assert len({one.ticket_id for one in messages(live_channel)}) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"in_reply_to": "<private@elsewhere.example>", "subject": "Lunch"},
        {"in_reply_to": "", "subject": "Lunch"},
        {"in_reply_to": "", "subject": "Lunch [#999999999]"},
        {"auto_submitted": "auto-replied"},
    ],
)
def test_the_rest_of_the_mailbox_leaves_no_trace(
    mailbox: Mailbox, live_channel: Channel, fields: dict[str, str]
) -> None:
    mailbox.put_sent(sent("<a1@nordwerk.example>", **fields))
    assert poll(live_channel) == 0
    assert len(messages(live_channel)) == 1
    with organization_scope(live_channel.organization_id):
        assert Receipt.objects.count() == 1


def test_what_the_desk_sent_itself_is_not_taken(
    mailbox: Mailbox, live_cast: Cast, live_channel: Channel, outside: OutsideServer
) -> None:
    with organization_scope(live_channel.organization_id):
        ticket = Ticket.objects.get()
    row = answer(live_cast, ticket)
    sending.deliver(row.organization_id, row.pk)
    mailbox.put_sent(outside.wait_for(1)[0].content)
    assert poll(live_channel) == 0
    assert len(messages(live_channel)) == 2


def test_nonsense_in_the_folder_stops_nothing(mailbox: Mailbox, live_channel: Channel) -> None:
    mailbox.put_sent(b"\xff\x00[#1]" * 300)
    mailbox.put_sent(b"Subject: [#1]\r\n\r\n")
    mailbox.put_sent(sent("<a1@nordwerk.example>"))
    assert poll(live_channel) == 1
    assert reread(live_channel).last_error == ""


def test_a_folder_that_is_not_there_is_told(mailbox: Mailbox, live_channel: Channel) -> None:
    with organization_scope(live_channel.organization_id):
        row = Channel.objects.get(pk=live_channel.pk)
        row.settings = {**row.settings, "sent_folder": "Gesendet"}
        row.save()
    poll(live_channel)
    assert reread(live_channel).last_error
