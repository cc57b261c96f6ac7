"""From a mail to a ticket: exactly once, safe, or in quarantine with the reason."""

from datetime import timedelta

import pytest

from integrations.actions import release
from integrations.channels.email.parse import parse
from integrations.models import Channel, Delivery, Receipt, ReceiptState, Step
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail, multipart, part
from tests.integrations.letters import DANA, answered, from_dana, take
from tickets.actions.base import InvalidChange
from tickets.choices import DeliveryState, MessageKind
from tickets.models import Ticket


class TestOpening:
    def test_a_mail_becomes_a_ticket(self, cast: Cast, channel: Channel) -> None:
        raw = from_dana(subject="Printer on fire", cc="Bo <bo@nordwerk.example>")
        receipt = take(channel, raw)
        ticket = receipt.ticket
        assert receipt.state == ReceiptState.ACCEPTED
        assert ticket is not None
        assert (ticket.subject, ticket.requester, ticket.source) == (
            "Printer on fire", cast.dana, "email",
        )  # fmt: skip
        with organization_scope(cast.nordwerk.pk):
            message = ticket.messages.get()
            assert (message.text, message.is_opening) == ("The printer is dead.", True)
            assert message.external_id == "1@example.org"
            assert message.cc == ["bo@nordwerk.example"]
            assert bytes(Receipt.objects.get().raw) == raw

    def test_a_new_colleague_becomes_a_requester(self, cast: Cast, channel: Channel) -> None:
        receipt = take(channel, mail(**{"from": "New Nia <nia@nordwerk.example>"}))
        person = User.objects.get(email="nia@nordwerk.example")
        assert receipt.ticket is not None
        assert (receipt.ticket.requester, person.name) == (person, "New Nia")
        assert not person.has_usable_password()

    def test_a_stranger_waits_in_quarantine_until_a_person_decides(
        self, cast: Cast, channel: Channel
    ) -> None:
        channel.accepts_strangers = False
        raw = mail(**{"from": "x@stranger.example"})
        receipt = take(channel, raw)
        assert (receipt.state, receipt.ticket) == (ReceiptState.QUARANTINED, None)
        assert not User.objects.filter(email="x@stranger.example").exists()
        with organization_scope(cast.nordwerk.pk):
            taken = release(receipt, parse(raw))
            assert taken.ticket is not None
            assert taken.ticket.requester.email == "x@stranger.example"
            with pytest.raises(InvalidChange):
                release(taken, parse(raw))

    def test_a_stranger_may_write_unless_the_channel_says_otherwise(
        self, cast: Cast, channel: Channel
    ) -> None:
        receipt = take(channel, mail(**{"from": "x@stranger.example"}))
        assert receipt.ticket is not None
        assert receipt.ticket.requester.email == "x@stranger.example"

    def test_a_person_who_left_cannot_write(self, cast: Cast, channel: Channel) -> None:
        User.objects.filter(pk=cast.dana.pk).update(is_active=False)
        assert take(channel, from_dana()).state == ReceiptState.QUARANTINED

    def test_a_forward_without_much_comment_keeps_the_forwarded_words(
        self, cast: Cast, channel: Channel
    ) -> None:
        body = "FYI\n\n-----Original Message-----\nFrom: a@b.example\nSent: Monday\nTo: Dana\n"
        body += "Subject: Outage\n\nThe whole VPN will be down on Friday for maintenance work."
        receipt = take(channel, from_dana(body))
        assert receipt.ticket is not None
        assert "down on Friday" in receipt.ticket.description

    def test_a_signature_is_folded_away(self, cast: Cast, channel: Channel) -> None:
        receipt = take(channel, from_dana("The printer in room 12 is dead.\n\n-- \nDana, Tel 1"))
        assert receipt.ticket is not None
        assert receipt.ticket.description == "The printer in room 12 is dead."

    @pytest.mark.parametrize("body", ["", "   \n\n"])
    def test_a_mail_without_words_is_still_a_ticket(
        self, cast: Cast, channel: Channel, body: str
    ) -> None:
        receipt = take(channel, from_dana(body, subject=""))
        assert receipt.ticket is not None
        assert receipt.ticket.subject

    def test_html_is_kept_safe(self, cast: Cast, channel: Channel) -> None:
        raw = from_dana(
            "<p>Dead <b>printer</b></p><script>alert(1)</script><img src='https://t.example/1'>",
            content_type="text/html",
        )
        ticket = take(channel, raw).ticket
        assert ticket is not None
        with organization_scope(cast.nordwerk.pk):
            html = ticket.messages.get().html
        assert "<b>printer</b>" in html
        assert "script" not in html
        assert ' src="http' not in html

    def test_defaults_of_the_channel(self, cast: Cast, channel: Channel) -> None:
        channel.default_team = cast.network
        ticket = take(channel, from_dana()).ticket
        assert ticket is not None
        assert ticket.team == cast.network


class TestFiles:
    def test_files_are_kept(self, cast: Cast, channel: Channel) -> None:
        raw = multipart(
            part("text/plain", "see file"),
            part("text/plain", "log", Content_Disposition="attachment; filename=a.log"),
            **{"from": DANA},
        )
        ticket = take(channel, raw).ticket
        assert ticket is not None
        with organization_scope(cast.nordwerk.pk):
            [file] = ticket.attachments.all()
            assert (file.name, file.size) == ("a.log", 3)

    def test_a_file_over_the_limit_is_refused_but_the_mail_is_kept(
        self, cast: Cast, channel: Channel
    ) -> None:
        raw = multipart(
            part("text/plain", "see file"),
            part("image/png", b"\x89PNG" + b"x" * (11 * 2**20),
                 Content_Disposition="attachment; filename=huge.png"),
            part("text/plain", "fine", Content_Disposition="attachment; filename=b.log"),
            **{"from": DANA},
        )  # fmt: skip
        receipt = take(channel, raw)
        assert receipt.ticket is not None
        with organization_scope(cast.nordwerk.pk):
            assert [one.name for one in receipt.ticket.attachments.all()] == ["b.log"]
            note = receipt.ticket.messages.get(kind=MessageKind.INTERNAL)
            assert "huge.png" in note.text
            assert "11.0 MB" in note.text
            assert receipt.size == len(raw)


class TestOnce:
    def test_the_same_mail_twice_is_one_ticket(self, cast: Cast, channel: Channel) -> None:
        first, second = take(channel, from_dana()), take(channel, from_dana())
        assert (first.was_known, second.was_known) == (False, True)
        assert first.pk == second.pk
        with organization_scope(cast.nordwerk.pk):
            assert Ticket.objects.count() == 1

    def test_identical_bytes_without_message_id_are_one_ticket(
        self, cast: Cast, channel: Channel
    ) -> None:
        raw = from_dana(message_id="")
        take(channel, raw)
        assert take(channel, raw).was_known
        assert not take(channel, from_dana("Other", message_id="")).was_known

    def test_a_very_long_message_id_fits(self, cast: Cast, channel: Channel) -> None:
        raw = from_dana(message_id="<" + "x" * 490 + "@example.org>")
        assert take(channel, raw).state == ReceiptState.ACCEPTED
        assert take(channel, raw).was_known


class TestMachines:
    def test_an_out_of_office_note_reopens_nothing(self, cast: Cast, channel: Channel) -> None:
        ticket, answer = answered(cast, channel)
        with organization_scope(cast.nordwerk.pk):
            Ticket.objects.filter(pk=ticket.pk).update(status_category="solved")
        raw = from_dana(
            message_id="<2@x>", in_reply_to=f"<{answer}>", auto_submitted="auto-replied"
        )
        assert take(channel, raw).ticket == ticket
        with organization_scope(cast.nordwerk.pk):
            ticket.refresh_from_db()
        assert ticket.status_category == "solved"

    def test_an_out_of_office_note_opens_nothing(self, cast: Cast, channel: Channel) -> None:
        receipt = take(channel, from_dana(auto_submitted="auto-replied"))
        assert (receipt.state, receipt.ticket) == (ReceiptState.IGNORED, None)

    def test_a_monitoring_mail_opens_a_ticket(self, cast: Cast, channel: Channel) -> None:
        receipt = take(channel, from_dana(auto_submitted="auto-generated"))
        assert receipt.ticket is not None
        assert receipt.is_auto

    def test_our_own_mail_is_ignored(self, cast: Cast, channel: Channel) -> None:
        _, answer = answered(cast, channel)
        raw = from_dana(message_id=f"<{answer}>")
        assert take(channel, raw).state == ReceiptState.IGNORED

    def test_a_bounce_fails_its_delivery(self, cast: Cast, channel: Channel) -> None:
        ticket, answer = answered(cast, channel)
        with organization_scope(cast.nordwerk.pk):
            Delivery.objects.update(state=Step.SENT)
        raw = multipart(
            part("message/delivery-status",
                 "Final-Recipient: rfc822; dana@nordwerk.example\r\nAction: failed\r\n"),
            part("text/rfc822-headers", f"Message-ID: <{answer}>\r\n"),
            kind="report",
            **{"from": "MAILER-DAEMON@relay.example", "message_id": "<b@relay.example>"},
        )  # fmt: skip
        receipt = take(channel, raw)
        assert (receipt.state, receipt.ticket) == (ReceiptState.IGNORED, ticket)
        with organization_scope(cast.nordwerk.pk):
            assert Delivery.objects.get().state == Step.FAILED
            message = ticket.messages.get(delivery_state=DeliveryState.FAILED)
        assert "dana@nordwerk.example" in message.delivery_detail

    def test_a_forged_bounce_changes_nothing(self, cast: Cast, channel: Channel) -> None:
        answered(cast, channel)
        raw = mail("Message-ID: <od.1.1.aaaaaaaaaaaaaaaa@x>", x_failed_recipients="d@x.example")
        assert take(channel, raw).state == ReceiptState.IGNORED
        with organization_scope(cast.nordwerk.pk):
            assert Delivery.objects.get().state == Step.QUEUED

    def test_a_flood_ends_in_quarantine(self, cast: Cast, channel: Channel) -> None:
        with organization_scope(cast.nordwerk.pk):
            Receipt.objects.bulk_create(
                Receipt(
                    organization=cast.nordwerk, channel=channel, external_id=str(n), key=str(n),
                    raw=b"", size=0, sender="dana@nordwerk.example", state=ReceiptState.ACCEPTED,
                    received_at=now() - timedelta(minutes=5),
                )
                for n in range(60)
            )  # fmt: skip
        assert take(channel, from_dana()).state == ReceiptState.QUARANTINED


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00" * 500, b"\xff\xfe\xfd" * 300, b"From: \r\n\r\nx", b"From: <@>\r\n\r\nx",
     b"From: desk@nordwerk.example\r\n\r\nfrom ourselves", bytes(range(256)) * 20],
)  # fmt: skip
def test_what_cannot_be_a_ticket_is_kept_with_its_reason(
    cast: Cast, channel: Channel, raw: bytes
) -> None:
    receipt = take(channel, raw)
    assert receipt.state == ReceiptState.QUARANTINED
    assert receipt.reason
    with organization_scope(cast.nordwerk.pk):
        assert bytes(Receipt.objects.get().raw) == raw
