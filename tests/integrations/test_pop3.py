"""A mailbox read by POP3, against a strict server."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from integrations import syncing
from integrations.channels.email import mailbox
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.tenancy import organization_scope
from tests.fakes.pop3 import Maildrop
from tests.integrations.test_imap import letter, poll, reread, tickets


def use(channel: Channel, drop: Maildrop, **more: object) -> None:
    channel.settings = {
        "protocol": "pop3", "imap_host": "127.0.0.1", "imap_port": drop.port,
        "imap_security": "plain", "imap_user": "desk", **more,
    }  # fmt: skip
    channel.set_secret("password", "sesame 1")
    with organization_scope(channel.organization_id):
        channel.save()


@pytest.fixture
def drop(live_channel: Channel) -> Iterator[Maildrop]:
    one = Maildrop()
    one.start()
    use(live_channel, one, pop_delete=True)
    yield one
    one.stop()
    assert one.violations == []


def test_mail_becomes_tickets_and_leaves_the_server(drop: Maildrop, live_channel: Channel) -> None:
    for number in range(3):
        drop.put(letter(number))
    assert syncing.due() == [(live_channel.organization_id, live_channel.pk)]
    assert poll(live_channel) == 3
    assert (tickets(live_channel), drop.mails) == (3, [])
    assert reread(live_channel).last_error == ""


def test_mail_that_stays_is_taken_in_once_and_what_lay_there_not_at_all(
    drop: Maildrop, live_channel: Channel
) -> None:
    use(live_channel, drop)
    drop.put(letter(1))
    assert poll(live_channel) == 0
    drop.put(letter(2))
    assert [poll(live_channel) for _ in range(3)] == [1, 0, 0]
    assert tickets(live_channel) == 1
    assert len(drop.mails) == 2
    assert drop.commands.count("RETR") == 1


def test_a_line_that_breaks_loses_and_doubles_nothing(
    drop: Maildrop, live_channel: Channel
) -> None:
    for number in range(4):
        drop.put(letter(number))
    drop.cut_after = 2
    poll(live_channel)
    assert reread(live_channel).last_error
    assert len(drop.mails) == 4  # nothing is deleted before the session ended in order
    drop.cut_after = -1
    poll(live_channel)
    assert (tickets(live_channel), drop.mails) == (4, [])


def test_a_long_line_and_dots_come_through_as_they_were(
    drop: Maildrop, live_channel: Channel
) -> None:
    drop.put(letter(1, "x" * 9000 + "\n.\n..two\nend"))
    assert poll(live_channel) == 1
    with organization_scope(live_channel.organization_id):
        raw = bytes(Receipt.objects.get().raw)
    assert b"x" * 9000 + b"\r\n.\r\n..two\r\nend" in raw


def test_a_mail_over_the_limit_is_shown_by_its_headers(
    drop: Maildrop, live_channel: Channel, settings: Settings
) -> None:
    settings.MAIL_MAX_BYTES = 1000
    drop.put(letter(1, "x" * 5000))
    poll(live_channel)
    with organization_scope(live_channel.organization_id):
        receipt = Receipt.objects.get()
    assert (receipt.state, receipt.sender) == (ReceiptState.QUARANTINED, "dana@nordwerk.example")
    assert len(receipt.raw) < 1000


def test_a_server_that_lies_about_the_size_fills_no_memory(
    drop: Maildrop, live_channel: Channel, settings: Settings
) -> None:
    settings.MAIL_MAX_BYTES = 1000
    drop.lies_about_size = True
    drop.put(letter(1, "x\n" * 50_000))
    assert poll(live_channel) == 0
    assert "longer than" in reread(live_channel).last_error


def test_a_server_that_names_no_mails_is_told(drop: Maildrop, live_channel: Channel) -> None:
    drop.names_mails = False
    drop.put(letter(1))
    poll(live_channel)
    assert "UIDL" in reread(live_channel).last_error
    assert tickets(live_channel) == 0


def test_a_wrong_password_pauses_after_five_looks(drop: Maildrop, live_channel: Channel) -> None:
    drop.password = "changed"
    for _ in range(5):
        poll(live_channel)
    channel = reread(live_channel)
    assert not channel.is_active
    assert "wrong password" in channel.pause_reason


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 and the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pop")])
    today = dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def test_the_line_is_encrypted_and_the_certificate_is_checked(
    live_channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, context = certificate(tmp_path)
    drop = Maildrop(context=context)
    drop.start()
    use(live_channel, drop, imap_security="ssl", pop_delete=True)
    drop.put(letter(1))
    poll(live_channel)
    assert "certificate" in reread(live_channel).last_error.lower()
    assert drop.commands == []
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    assert "1 mails" in mailbox.test(reread(live_channel))
    assert poll(live_channel) == 1
    drop.stop()
