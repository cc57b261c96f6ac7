"""Outgoing mail: headers that thread, marks that prove, nothing that can be injected."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base import EmailAddress, OutboundAttachment, OutboundMessage, TransportError
from integrations.channels.email.compose import Letterhead, compose, message_id_for, recipients
from integrations.channels.email.parse import parse
from integrations.channels.email.tokens import find_token, thread_token, verify_token
from tests.channels.email.build import mail

HEAD = Letterhead(address="desk@example.com", name="IT desk", domain="example.com")
MESSAGE = OutboundMessage(
    idempotency_key="1",
    recipient="dana@example.org",
    recipient_name="Dana Müster",
    subject="Re: Drücker",
    text="It works.",
    html="<p>It works.</p>",
    message_id="m2@example.com",
    in_reply_to="m1@example.org",
    references=("m0@example.org",),
    ticket_number="T-7",
)


def read(raw: bytes) -> EmailMessage:
    got = email.message_from_bytes(raw, policy=default)
    assert isinstance(got, EmailMessage)
    return got


def changed(**values: object) -> OutboundMessage:
    fields = {name: getattr(MESSAGE, name) for name in MESSAGE.__slots__}
    return OutboundMessage(**(fields | values))


def test_headers_of_a_reply() -> None:
    got = read(compose(MESSAGE, HEAD))
    assert got["From"] == "IT desk <desk@example.com>"
    assert got["To"].addresses[0].display_name == "Dana Müster"
    assert got["Subject"] == "Re: Drücker"
    assert got["Message-ID"] == "<m2@example.com>"
    assert got["In-Reply-To"] == "<m1@example.org>"
    assert str(got["References"]).split() == ["<m0@example.org>", "<m1@example.org>"]
    assert got["X-OmniDesk-Ticket"] == "T-7"
    assert got["Auto-Submitted"] is None


def test_text_and_html_are_alternatives() -> None:
    got = read(compose(MESSAGE, HEAD))
    assert got.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in got.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_automatic_answers_say_so() -> None:
    got = read(compose(changed(auto=True), HEAD))
    assert got["Auto-Submitted"] == "auto-replied"
    assert parse(compose(changed(auto=True), HEAD)).auto
    assert (
        read(compose(changed(auto=True, in_reply_to=""), HEAD))["Auto-Submitted"]
        == "auto-generated"
    )


def test_the_reply_line_is_cut_from_an_answer() -> None:
    head = Letterhead("desk@example.com", reply_above="Reply above this line")
    body = str(read(compose(changed(html=""), head)).get_content())
    answer = parse(mail(f"Thanks!\n\n{body}")).reply_text
    assert answer == "Thanks!"


def test_attachments_and_odd_types() -> None:
    files = (OutboundAttachment("ä.pdf", "application/pdf", b"%PDF"),
             OutboundAttachment("x\r\nBcc: e@example.org", "not a type", b"1"))  # fmt: skip
    raw = compose(changed(attachments=files), HEAD)
    got = parse(raw)
    assert (got.attachments[0].name, got.attachments[0].content) == ("ä.pdf", b"%PDF")
    assert b"\nBcc:" not in raw


@given(st.text(max_size=80))
def test_nothing_breaks_out_of_a_header(value: str) -> None:
    raw = compose(
        changed(subject=value, recipient_name=value, ticket_number=value, message_id=value), HEAD
    )
    names = {name.lower() for name in read(raw)}
    assert names <= {
        "from", "to", "subject", "date", "message-id", "in-reply-to", "references",
        "x-omnidesk-ticket", "mime-version", "content-type",
    }  # fmt: skip


@pytest.mark.parametrize("bad", ["", "dana", "a@b\r\nBcc: x@y", "a b@c", "a@b@c", "<a@b>"])
def test_an_unusable_recipient_is_a_permanent_error(bad: str) -> None:
    with pytest.raises(TransportError) as caught:
        compose(changed(recipient=bad), HEAD)
    assert caught.value.permanent


def test_long_threads_keep_their_first_and_last_references() -> None:
    many = tuple(f"r{n}@x" for n in range(100))
    got = str(read(compose(changed(references=many), HEAD))["References"]).split()
    assert (len(got), got[0], got[-1]) == (20, "<r0@x>", "<m1@example.org>")


def test_envelope_names_each_recipient_once() -> None:
    cc = (EmailAddress("", "bo@example.org"), EmailAddress("", "dana@example.org"))
    assert recipients(changed(cc=cc)) == ["dana@example.org", "bo@example.org"]


@given(st.integers(0, 2**53), st.integers(0, 2**53))
def test_a_mark_proves_its_ticket(ticket: int, message: int) -> None:
    token = thread_token(ticket, message, "secret")
    assert verify_token(token, "secret") == (ticket, message)
    assert verify_token(token.upper(), "secret") == (ticket, message)
    assert verify_token(token, "other") is None


def test_a_changed_mark_is_refused() -> None:
    token = thread_token(12, 34, "secret")
    _, ticket, message, signature = token.split(".")
    assert verify_token(f"od.{ticket}1.{message}.{signature}", "secret") is None
    assert verify_token(f"od.{ticket}.{message}.{'a' * 16}", "secret") is None
    assert verify_token("", "secret") is None


def test_a_mark_survives_the_way_through_a_mail_client() -> None:
    sent = message_id_for(12, 34, domain="example.com", secret="secret")
    for fields in ({"in_reply_to": f"<{sent}>"}, {"references": f"<x@y> <{sent}>"}):
        assert verify_token(parse(mail(**fields)).thread_token, "secret") == (12, 34)
    plus = thread_token(12, 34, "secret")
    got = parse(mail(to=f"Desk <desk+{plus}@example.com>"))
    assert verify_token(got.thread_token, "secret") == (12, 34)
    assert find_token(["nothing", ""]) == ""
