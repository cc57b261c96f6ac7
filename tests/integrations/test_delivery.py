"""Answers leave exactly once, whatever the mail server does."""

import email
import threading
import time
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from django.core.mail import send_mail
from django.db import connection
from pytest_django import Settings

from integrations import delivery as sending
from integrations.actions import accept_inbound, queue_delivery, send_again
from integrations.base import TransportError
from integrations.channels.email.parse import parse
from integrations.channels.email.relay import relay_from
from integrations.models import Channel, Delivery, Step
from integrations.outgoing import compose_answer
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.fakes.smtp import OutsideServer
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.reply import reply
from tickets.choices import ActorKind, DeliveryState
from tickets.models import Message, Ticket


def ask(cast: Cast, channel: Channel, **fields: str) -> Ticket:
    """A ticket by mail."""
    raw = mail("Dead.", **{"from": "dana@nordwerk.example", "subject": "Printer", **fields})
    with organization_scope(cast.nordwerk.pk):
        ticket = accept_inbound(channel, parse(raw), raw).ticket
    assert ticket is not None
    return ticket


def answer(cast: Cast, ticket: Ticket, *, machine: bool = False) -> Delivery:
    """An answer in the outbox."""
    actor = Actor.machine(ActorKind.AI, "AI") if machine else Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        message = reply(
            ticket=ticket, actor=actor, text="Try **tray** two", files=[NewFile("a.log", b"log")]
        )
        row = queue_delivery(message.pk)
    assert row is not None
    return row


def again(row: Delivery) -> Delivery:
    with organization_scope(row.organization_id):
        return Delivery.objects.select_related("message").get(pk=row.pk)


def deliver(row: Delivery) -> Step | None:
    return sending.deliver(row.organization_id, row.pk)


def later(row: Delivery, **fields: object) -> None:
    with organization_scope(row.organization_id):
        Delivery.objects.filter(pk=row.pk).update(**fields)


def read(content: bytes) -> EmailMessage:
    got = email.message_from_bytes(content, policy=default)
    assert isinstance(got, EmailMessage)
    return got


class TestSending:
    def test_an_answer_goes_out_once(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel, cc="bo@nordwerk.example"))
        assert deliver(row) == Step.SENT
        assert deliver(row) is None
        [taken] = outside.mails
        assert taken.recipients == ("dana@nordwerk.example", "bo@nordwerk.example")
        settled = again(row)
        assert (settled.state, settled.attempts) == (Step.SENT, 1)
        assert settled.message.delivery_state == DeliveryState.SENT
        assert settled.message.delivery_detail == "Taken as 7"

    def test_headers_thread_and_name_the_desk(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        ticket = ask(live_cast, live_channel)
        row = answer(live_cast, ticket)
        deliver(row)
        got = read(outside.mails[0].content)
        assert got["From"].addresses[0].addr_spec == "desk@nordwerk.example"
        assert got["From"].addresses[0].display_name == "Alice Agent (Nordwerk IT)"
        assert got["Subject"] == f"Re: Printer [#{ticket.number}]"
        assert got["In-Reply-To"] == "<1@example.org>"
        assert got["Message-ID"] == f"<{row.external_id}>"
        assert got["Auto-Submitted"] is None
        body = got.get_body(("plain",))
        assert body is not None
        assert "Try **tray** two" in body.get_content()
        assert [one.get_filename() for one in got.iter_attachments()] == ["a.log"]

    def test_a_second_answer_refers_to_the_first(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        ticket = ask(live_cast, live_channel)
        first, second = answer(live_cast, ticket), answer(live_cast, ticket)
        deliver(first)
        deliver(second)
        references = str(read(outside.mails[1].content)["References"]).split()
        assert f"<{first.external_id}>" in references
        assert "<1@example.org>" in references

    def test_an_automatic_answer_says_so(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        deliver(answer(live_cast, ask(live_cast, live_channel), machine=True))
        assert read(outside.mails[0].content)["Auto-Submitted"] == "auto-replied"

    def test_a_ticket_of_the_portal_is_answered_by_mail_too(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        with organization_scope(live_cast.nordwerk.pk):
            ticket = live_cast.ticket()
        deliver(answer(live_cast, ticket))
        assert outside.mails[0].recipients == ("dana@nordwerk.example",)

    def test_without_a_mail_channel_the_portal_shows_it(self, live_cast: Cast) -> None:
        with organization_scope(live_cast.nordwerk.pk):
            ticket = live_cast.ticket()
        row = again(answer(live_cast, ticket))
        assert (row.state, row.channel, row.message.delivery_detail) == (
            Step.SENT, None, "in the portal",
        )  # fmt: skip

    def test_without_a_mail_server_it_becomes_a_file(
        self, live_cast: Cast, live_channel: Channel, outgoing: Path
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        assert deliver(row) == Step.SENT
        [file] = outgoing.iterdir()
        assert file.suffix == ".eml"
        assert "no mail server" in again(row).message.delivery_detail

    def test_each_step_is_committed_before_the_next(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        outside.slow = 1.0
        row = answer(live_cast, ask(live_cast, live_channel))

        def work() -> None:
            deliver(row)
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        seen = set()
        while thread.is_alive():
            seen.add(again(row).state)
            time.sleep(0.02)
        thread.join()
        assert Step.HANDING_OVER in seen
        assert again(row).state == Step.SENT

    def test_many_workers_send_it_once(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        gate = threading.Barrier(6)

        def work() -> None:
            gate.wait()
            deliver(row)
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outside.mails) == 1


class TestTrouble:
    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    def test_later_means_later(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer, step: str
    ) -> None:
        outside.replies[step] = "451 4.7.1 Greylisted, come again"
        row = answer(live_cast, ask(live_cast, live_channel))
        assert deliver(row) == Step.QUEUED
        waiting = again(row)
        assert "Greylisted" in waiting.error
        assert waiting.next_try_at > now() + timedelta(seconds=20)
        assert waiting.message.delivery_state == DeliveryState.QUEUED
        assert deliver(row) is None  # not due yet
        outside.replies.clear()
        later(row, next_try_at=now())
        assert deliver(row) == Step.SENT
        assert len(outside.mails) == 1

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    def test_never_is_shown_with_the_servers_words(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer, step: str
    ) -> None:
        outside.replies[step] = "550 5.1.1 No such user here"
        row = answer(live_cast, ask(live_cast, live_channel))
        assert deliver(row) == Step.FAILED
        failed = again(row)
        assert failed.message.delivery_state == DeliveryState.FAILED
        assert "550 5.1.1 No such user here" in failed.message.delivery_detail

    def test_tries_are_bounded(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        outside.replies["RCPT"] = "451 later"
        row = answer(live_cast, ask(live_cast, live_channel))
        steps = []
        for _ in range(sending.MAX_TRIES):
            later(row, next_try_at=now())
            steps.append(deliver(row))
        assert steps == [Step.QUEUED] * (sending.MAX_TRIES - 1) + [Step.FAILED]

    def test_a_refused_copy_does_not_stop_the_answer(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        outside.replies["bo@nordwerk.example"] = "550 gone"
        row = answer(live_cast, ask(live_cast, live_channel, cc="bo@nordwerk.example"))
        assert deliver(row) == Step.SENT
        assert outside.mails[0].recipients == ("dana@nordwerk.example",)
        assert "bo@nordwerk.example: gone" in again(row).message.delivery_detail

    def test_a_line_that_breaks_during_the_hand_over_is_uncertain(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        outside.replies["DATA"] = "drop after taking"
        row = answer(live_cast, ask(live_cast, live_channel))
        assert deliver(row) == Step.UNCERTAIN
        assert again(row).message.delivery_state == DeliveryState.UNCERTAIN
        sending.sweep()
        assert deliver(row) is None
        assert len(outside.mails) == 1

    def test_a_person_may_send_it_again(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        outside.replies["DATA"] = "drop"
        row = answer(live_cast, ask(live_cast, live_channel))
        deliver(row)
        outside.replies.clear()
        with organization_scope(row.organization_id):
            send_again(row.pk)
        assert deliver(row) == Step.SENT
        with organization_scope(row.organization_id), pytest.raises(InvalidChange):
            send_again(row.pk)
        assert len(outside.mails) == 1

    def test_a_server_that_is_away_is_tried_later(
        self, live_cast: Cast, live_channel: Channel, settings: Settings
    ) -> None:
        settings.EMAIL_URL = "smtp://127.0.0.1:1"
        row = answer(live_cast, ask(live_cast, live_channel))
        assert deliver(row) == Step.QUEUED
        assert "127.0.0.1:1 cannot be reached" in again(row).error

    def test_an_address_that_cannot_be_written_fails_at_once(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        later(row, recipients=["not an address"])
        assert deliver(row) == Step.FAILED


class TestSweep:
    def test_an_answer_whose_event_was_lost_is_found(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        ticket = ask(live_cast, live_channel)
        with organization_scope(live_cast.nordwerk.pk):
            message = reply(ticket=ticket, actor=Actor.person(live_cast.alice), text="Hi")
            Delivery.objects.all().delete()
            Message.objects.filter(pk=message.pk).update(created_at=now() - timedelta(minutes=1))
        [(organization_id, delivery_id)] = sending.sweep()
        assert sending.deliver(organization_id, delivery_id) == Step.SENT
        assert sending.sweep() == []

    def test_a_claim_of_a_dead_process_is_tried_again(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        later(row, state=Step.CLAIMED, claimed_by="dead", claimed_at=now())
        assert sending.sweep() == []
        later(row, claimed_at=now() - sending.STALE_CLAIM * 1.1)
        assert sending.sweep() == [(row.organization_id, row.pk)]
        assert deliver(row) == Step.SENT

    def test_a_hand_over_of_a_dead_process_is_uncertain_and_never_sent_by_itself(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        stale = now() - sending.STALE_HAND_OVER * 1.1
        later(row, state=Step.HANDING_OVER, claimed_by="dead", claimed_at=stale)
        assert sending.sweep() == []
        assert again(row).state == Step.UNCERTAIN
        assert deliver(row) is None
        assert outside.mails == []

    def test_a_slow_process_that_was_overtaken_sends_nothing(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        row = answer(live_cast, ask(live_cast, live_channel))
        with organization_scope(row.organization_id):
            mine = sending._claim(row.pk, "slow")
            assert mine is not None
            message = compose_answer(mine)
        later(row, state=Step.QUEUED, next_try_at=now())
        assert deliver(row) == Step.SENT
        sending._attempt(mine, message, "slow")
        assert len(outside.mails) == 1
        assert again(row).state == Step.SENT


class TestMachines:
    def test_no_automatic_answer_to_a_machine(
        self, live_cast: Cast, live_channel: Channel, outside: OutsideServer
    ) -> None:
        ticket = ask(live_cast, live_channel, auto_submitted="auto-generated")
        assert again(answer(live_cast, ticket, machine=True)).state == Step.FAILED
        assert answer(live_cast, ticket).state == Step.QUEUED  # a person may

    def test_automatic_answers_to_one_person_are_bounded(
        self, live_cast: Cast, live_channel: Channel
    ) -> None:
        ticket = ask(live_cast, live_channel)
        states = [again(answer(live_cast, ticket, machine=True)).state for _ in range(7)]
        assert states.count(Step.QUEUED) == 5
        assert states[-1] == Step.FAILED


class TestDoor:
    @pytest.fixture(autouse=True)
    def _real_backend(self, settings: Settings) -> None:
        # Test runs replace it by one that sends nothing.
        settings.EMAIL_BACKEND = "integrations.mailbackend.EmailUrlBackend"

    def test_sign_in_mail_leaves_by_the_same_door(self, outside: OutsideServer) -> None:
        assert send_mail("Hello", "Text", "Desk <desk@x.example>", ["dana@x.example"]) == 1
        assert outside.mails[0].recipients == ("dana@x.example",)
        assert outside.mails[0].sender == "desk@x.example"

    def test_sign_in_mail_fails_aloud(self, settings: Settings) -> None:
        settings.EMAIL_URL = "smtp://127.0.0.1:1"
        with pytest.raises(TransportError):
            send_mail("Hello", "Text", "desk@x.example", ["dana@x.example"])
        assert send_mail("Hello", "T", "d@x.example", ["d@x.example"], fail_silently=True) == 0

    def test_lines_that_begin_with_a_dot_survive(self, outside: OutsideServer) -> None:
        relay = relay_from(f"smtp://127.0.0.1:{outside.port}")
        data = b"Subject: x\r\n\r\n.one\n..two\r\n.\r\nend"
        relay.send("a@x.example", ["b@x.example"], data, key="k", handing_over=lambda: None)
        assert outside.mails[0].content == b"Subject: x\r\n\r\n.one\r\n..two\r\n.\r\nend\r\n"

    def test_a_mail_without_its_final_dot_was_never_sent(self, outside: OutsideServer) -> None:
        class Killed(BaseException):
            pass

        def killed() -> None:
            raise Killed

        relay = relay_from(f"smtp://127.0.0.1:{outside.port}")
        data = b"Subject: x\r\n\r\n" + b"A long mail.\r\n" * 1000
        with pytest.raises(Killed):
            relay.send("a@x.example", ["b@x.example"], data, key="k", handing_over=killed)
        relay.send("a@x.example", ["b@x.example"], data, key="k", handing_over=lambda: None)
        assert [mail.content for mail in outside.mails] == [data]

    @pytest.mark.parametrize(
        ("url", "host", "port", "user"),
        [
            ("smtp://mail.example", "mail.example", 25, ""),
            ("smtps://mail.example", "mail.example", 465, ""),
            ("smtp+tls://u%40x:p%2Fw@mail.example", "mail.example", 587, "u@x"),
            ("smtp://mail.example:2525", "mail.example", 2525, ""),
        ],
    )
    def test_urls(self, url: str, host: str, port: int, user: str) -> None:
        relay = relay_from(url)
        assert (relay.host, relay.port, relay.user) == (host, port, user)
        assert "p/w" not in repr(relay)
