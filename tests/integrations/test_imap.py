"""Polling a mailbox, against a strict server."""

import ssl
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from integrations import syncing
from integrations.channels.email import imap
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.fakes.imap import Mailbox
from tickets.models import Ticket


@pytest.fixture
def mailbox(live_channel: Channel) -> Iterator[Mailbox]:
    box = Mailbox()
    box.start()
    live_channel.settings = {
        "imap_host": "127.0.0.1",
        "imap_port": box.port,
        "imap_security": "plain",
        "imap_user": "desk",
    }
    live_channel.set_secret("password", box.password)
    with organization_scope(live_channel.organization_id):
        live_channel.save()
    yield box
    box.stop()


def letter(number: int, body: str = "The printer is dead.") -> bytes:
    return mail(
        body, **{"from": "dana@nordwerk.example"}, message_id=f"<{number}@nordwerk.example>"
    )


def poll(channel: Channel) -> int:
    return syncing.look(channel.organization_id, channel.pk)


def tickets(channel: Channel) -> int:
    with organization_scope(channel.organization_id):
        return Ticket.objects.count()


def reread(channel: Channel) -> Channel:
    with organization_scope(channel.organization_id):
        return Channel.objects.get(pk=channel.pk)


def test_new_mail_becomes_tickets_and_is_marked_read(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    uids = [mailbox.put(letter(n)) for n in range(3)]
    assert syncing.due() == [(live_channel.organization_id, live_channel.pk)]
    assert poll(live_channel) == 3
    assert tickets(live_channel) == 3
    assert mailbox.seen() == uids
    assert mailbox.violations == []
    channel = reread(live_channel)
    assert (channel.last_error, channel.polling_since) == ("", None)
    assert channel.last_polled_at is not None


def test_a_second_look_finds_only_what_is_new(mailbox: Mailbox, live_channel: Channel) -> None:
    mailbox.put(letter(1))
    poll(live_channel)
    assert poll(live_channel) == 0
    mailbox.put(letter(2))
    assert poll(live_channel) == 1
    fetched = [one for one in mailbox.commands if "BODY" in one]
    assert len(fetched) == 2


def test_old_read_mail_of_a_mailbox_seen_for_the_first_time_stays_where_it_is(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    for number in range(5):
        mailbox.put(letter(number), seen=True)
    mailbox.put(letter(9))
    assert poll(live_channel) == 1
    assert poll(live_channel) == 0
    # From now on position counts: a mail that somebody opened in a mail program comes as well.
    mailbox.put(letter(10), seen=True)
    assert poll(live_channel) == 1


def test_an_empty_mailbox_and_the_first_mail_after(mailbox: Mailbox, live_channel: Channel) -> None:
    mailbox.put(letter(1), seen=True)
    assert poll(live_channel) == 0
    mailbox.put(letter(2))
    assert poll(live_channel) == 1
    assert tickets(live_channel) == 1


def test_a_line_that_breaks_in_the_middle_loses_and_doubles_nothing(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    for number in range(4):
        mailbox.put(letter(number))
    mailbox.cut_after = 2
    poll(live_channel)
    assert reread(live_channel).last_error
    mailbox.cut_after = -1
    poll(live_channel)
    assert tickets(live_channel) == 4
    assert len(mailbox.seen()) == 4
    assert reread(live_channel).last_error == ""


def test_a_renumbered_mailbox_makes_no_second_tickets(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    mailbox.put(letter(1))
    poll(live_channel)
    mailbox.validity += 1
    for one in mailbox.mails:
        one.flags.clear()
    assert poll(live_channel) == 0
    assert tickets(live_channel) == 1


def test_a_mail_that_nobody_can_read_does_not_block_the_next(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    mailbox.put(b"\xff\x00" * 400)
    mailbox.put(b"")
    mailbox.put(letter(3))
    poll(live_channel)
    assert tickets(live_channel) == 1
    with organization_scope(live_channel.organization_id):
        assert Receipt.objects.filter(state=ReceiptState.QUARANTINED).count() == 2


def test_a_mail_over_the_limit_is_shown_by_its_headers(
    mailbox: Mailbox, live_channel: Channel, settings: Settings
) -> None:
    settings.MAIL_MAX_BYTES = 1000
    mailbox.put(letter(1, "x" * 5000))
    poll(live_channel)
    with organization_scope(live_channel.organization_id):
        receipt = Receipt.objects.get()
    assert receipt.state == ReceiptState.QUARANTINED
    assert receipt.sender == "dana@nordwerk.example"
    assert len(receipt.raw) < 1000


def test_a_wrong_password_is_told_to_the_administrator(
    mailbox: Mailbox, live_channel: Channel
) -> None:
    mailbox.password = "changed"
    assert poll(live_channel) == 0
    assert "wrong password" in reread(live_channel).last_error


def test_a_server_that_is_away_is_told(live_channel: Channel) -> None:
    with organization_scope(live_channel.organization_id):
        Channel.objects.update(settings={"imap_host": "127.0.0.1", "imap_port": 1})
    poll(live_channel)
    assert reread(live_channel).last_error


def test_a_secret_of_another_key_is_told(
    mailbox: Mailbox, live_channel: Channel, settings: Settings
) -> None:
    settings.SECRET_KEY = "another key of more than thirty-two characters"
    poll(live_channel)
    assert "Enter it again" in reread(live_channel).last_error


def test_two_looks_at_once_are_one(
    mailbox: Mailbox, live_cast: Cast, live_channel: Channel
) -> None:
    mailbox.put(letter(1))
    with organization_scope(live_channel.organization_id):
        assert syncing._begin(live_channel.organization_id, live_channel.pk) is not None
    assert poll(live_channel) == 0
    assert tickets(live_channel) == 0


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    live_channel: Channel, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    contexts: list[ssl.SSLContext] = []

    def remember(*_: object, ssl_context: ssl.SSLContext, **__: object) -> None:
        contexts.append(ssl_context)
        raise OSError("far enough")

    for name in ("MailBox", "MailBoxStartTls"):
        monkeypatch.setattr(imap, name, remember)
    with organization_scope(live_channel.organization_id):
        Channel.objects.update(settings={"imap_host": "x.example", "imap_security": security})
    poll(live_channel)
    assert contexts[0].verify_mode == ssl.CERT_REQUIRED
    assert contexts[0].check_hostname
