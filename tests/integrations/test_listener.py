"""The mail door: SMTP in, kept before it says so, a ticket a moment later."""

import asyncio
import smtplib
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connections

from integrations.channels.email import listener
from integrations.models import Channel, Receipt, ReceiptState
from integrations.receiving import NotReachable
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tickets.models import Ticket

LIMIT = 3 * 2**20


@pytest.fixture
def door(live_channel: Channel) -> Iterator[int]:
    """A running listener; gives its port."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ports: list[int] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(listener.listen("127.0.0.1", 0, LIMIT))
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield ports[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    connections.close_all()


def send(port: int, raw: bytes, *to: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail("dana@nordwerk.example", to or ("desk@nordwerk.example",), raw)


def letter(body: str = "Dead.", **fields: str) -> bytes:
    return mail(body, **{"from": "dana@nordwerk.example", **fields})


def receipts(cast: Cast) -> list[Receipt]:
    with organization_scope(cast.nordwerk.pk):
        return list(Receipt.objects.order_by("pk"))


def settled(cast: Cast) -> list[Receipt]:
    """The receipts, as soon as none of them waits any more."""
    end = time.monotonic() + 20
    while any(row.state == ReceiptState.WAITING for row in receipts(cast)):
        assert time.monotonic() < end
        time.sleep(0.01)
    return receipts(cast)


def test_a_mail_is_kept_before_it_is_taken_and_a_ticket_a_moment_later(
    door: int, live_cast: Cast
) -> None:
    raw = letter()
    send(door, raw)
    [receipt] = receipts(live_cast)
    assert bytes(receipt.raw).strip() == raw.strip()
    [receipt] = settled(live_cast)
    assert receipt.state == ReceiptState.ACCEPTED
    with organization_scope(live_cast.nordwerk.pk):
        assert Ticket.objects.get().requester == live_cast.dana


def test_plus_addresses_belong_to_their_mailbox(door: int, live_cast: Cast) -> None:
    send(door, letter(), "Desk+anything@Nordwerk.example")
    assert len(receipts(live_cast)) == 1


def test_other_addresses_are_refused(door: int, live_cast: Cast) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(door, letter(), "someone@nordwerk.example")
    [(code, _)] = caught.value.recipients.values()
    assert code == 550
    assert receipts(live_cast) == []


def test_an_inactive_channel_takes_nothing(
    door: int, live_cast: Cast, live_channel: Channel
) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        Channel.objects.update(is_active=False)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(door, letter())


def test_a_repeated_delivery_is_taken_and_changes_nothing(door: int, live_cast: Cast) -> None:
    for _ in range(3):
        send(door, letter())
    assert len(receipts(live_cast)) == 1


def test_a_mail_over_the_limit_is_refused(door: int, live_cast: Cast) -> None:
    with pytest.raises(smtplib.SMTPException) as caught:
        send(door, letter("x" * 70 + "\n") * 1 + b"y" * (LIMIT + 100))
    assert getattr(caught.value, "smtp_code", 552) in {552, 500}
    assert receipts(live_cast) == []


def test_lines_longer_than_the_standard_are_taken(door: int, live_cast: Cast) -> None:
    send(door, letter("z" * 50_000))
    assert len(receipts(live_cast)) == 1


@pytest.mark.parametrize("raw", [b"\xff\x00\xfe" * 300, b"\r\n", b"From: x\r\n\r\n" + b"\x00" * 99])
def test_random_bytes_are_kept_in_quarantine(door: int, live_cast: Cast, raw: bytes) -> None:
    send(door, raw)
    [receipt] = settled(live_cast)
    assert receipt.state == ReceiptState.QUARANTINED
    assert receipt.reason


def test_many_at_once_become_one_ticket_each(door: int, live_cast: Cast) -> None:
    def work(number: int) -> None:
        send(door, letter(message_id=f"<{number % 10}@x>"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(settled(live_cast)) == 10
    with organization_scope(live_cast.nordwerk.pk):
        assert Ticket.objects.count() == 10


def test_while_the_database_is_away_senders_are_told_to_come_again(
    door: int, live_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise NotReachable

    monkeypatch.setattr(listener, "keep_mails", away)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(door, letter())
    assert caught.value.smtp_code == 451
    monkeypatch.undo()
    send(door, letter())
    assert len(receipts(live_cast)) == 1
