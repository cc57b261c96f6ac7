"""Text messages: in, on the right ticket, out once, reports, and who wants none."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from integrations import delivery as sending
from integrations import taking
from integrations.actions import queue_delivery, send_again
from integrations.actions.channels import add_channel, pause_channel
from integrations.models import Channel, Contact, Delivery, Receipt, ReceiptState, Step
from integrations.registry import test as reach
from omnidesk.accounts.models import User
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Said
from tests.fakes.twilio import ACCOUNT, NUMBER, TOKEN, Twilio, message, signature
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.choices import DeliveryState
from tickets.models import Message, Status, Ticket

DANA = "+491701234567"
BASE = "https://desk.nordwerk.example"


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Twilio]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    settings.BASE_URL = BASE
    reset_breakers()
    fake = Twilio()
    fake.server.start()
    yield fake
    fake.server.stop()
    assert fake.violations == []


@pytest.fixture
def phone(cast: Cast, twilio: Twilio) -> Channel:
    """Nordwerk's number."""
    User.objects.filter(pk=cast.dana.pk).update(phone="0170 / 123 45 67")
    with organization_scope(cast.nordwerk.pk):
        channel, _ = add_channel(
            organization=cast.nordwerk,
            kind="sms",
            name="Hotline",
            given={
                "address": "+49 30 555123", "account_sid": ACCOUNT, "auth_token": TOKEN,
                "country": "de", "api_url": twilio.url,
            },
        )  # fmt: skip
    assert channel.address == NUMBER
    return channel


def call(
    client: Client, channel: Channel, form: dict[str, str], *, status: bool = False,
    query: str = "", token: str = TOKEN, headers: dict[str, str] | None = None,
) -> Any:  # fmt: skip
    name = "webhook-sms-status" if status else "webhook-sms"
    path = reverse(name, args=[channel.slug]) + query
    signed = {"X-Twilio-Signature": signature(BASE + path, form, token)}
    return client.post(
        path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={**signed, **(headers or {})},
    )


def say(client: Client, channel: Channel, sid: str, text: str, **more: str) -> Receipt:
    """A text message, taken in."""
    answer = call(client, channel, message(sid, text, **more))
    assert answer.status_code == 200, answer.content
    with organization_scope(channel.organization_id):
        receipt = Receipt.objects.get(channel=channel, external_id=sid)
    taking.take_in(channel.organization_id, receipt.pk)
    with organization_scope(channel.organization_id):
        return Receipt.objects.select_related("ticket__requester", "message").get(pk=receipt.pk)


def answer(cast: Cast, ticket: Ticket, text: str = "Try **tray** two") -> Delivery:
    with organization_scope(cast.nordwerk.pk):
        written = reply(ticket=ticket, actor=Actor.person(cast.alice), text=text)
        row = queue_delivery(written.pk)
    assert row is not None
    return row


def deliver(row: Delivery) -> Step | None:
    with organization_scope(row.organization_id):
        Delivery.objects.filter(pk=row.pk).update(next_try_at="2020-01-01T00:00Z")
    return sending.deliver(row.organization_id, row.pk)


def again(row: Delivery) -> Delivery:
    with organization_scope(row.organization_id):
        return Delivery.objects.select_related("message").get(pk=row.pk)


class TestIn:
    def test_a_text_becomes_a_ticket_of_the_person_with_that_number(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        receipt = say(client, phone, "SM1", "The printer is dead. Please help me today.")
        assert receipt.state == ReceiptState.ACCEPTED
        assert receipt.ticket is not None
        assert receipt.ticket.requester == cast.dana
        assert receipt.ticket.source == "sms"
        assert receipt.ticket.subject == "The printer is dead. Please help me today."

    def test_the_same_message_twice_is_one_ticket(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        say(client, phone, "SM1", "The printer is dead.")
        assert call(client, phone, message("SM1", "The printer is dead.")).status_code == 200
        with organization_scope(cast.nordwerk.pk):
            assert (Receipt.objects.count(), Ticket.objects.count()) == (1, 1)

    def test_the_answer_is_empty_twiml(self, client: Client, phone: Channel) -> None:
        said = call(client, phone, message("SM1", "Hello"))
        assert said["Content-Type"].startswith("text/xml")
        assert said.content == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'

    @pytest.mark.parametrize(
        "change",
        [{"token": "wrong"}, {"headers": {"X-Twilio-Signature": ""}}, {"query": "?a=1&b=%C3%A4"}],
    )
    def test_only_the_right_signature_passes_and_nothing_else_is_kept(
        self, client: Client, cast: Cast, phone: Channel, change: dict[str, Any]
    ) -> None:
        said = call(client, phone, message("SM1", "Hello"), **change)
        if "query" in change:
            assert said.status_code == 200
            return
        assert said.status_code == 403
        with organization_scope(cast.nordwerk.pk):
            assert not Receipt.objects.exists()

    def test_a_changed_field_or_another_account_is_refused(
        self, client: Client, phone: Channel
    ) -> None:
        form = message("SM1", "Hello")
        signed = {
            "X-Twilio-Signature": signature(BASE + reverse("webhook-sms", args=[phone.slug]), form)
        }
        for other in ({**form, "Body": "Bye"}, {**form, "New": ""}):
            assert call(client, phone, other, headers=signed).status_code == 403
        assert call(client, phone, {**form, "AccountSid": "AC2"}).status_code == 403

    def test_the_former_token_and_a_signing_key_pass_unknown_algorithms_do_not(
        self, client: Client, phone: Channel
    ) -> None:
        phone.set_secret("old_auth_token", "former")
        phone.set_secret("signing_secret", "key 7")
        with organization_scope(phone.organization_id):
            phone.save()
        assert call(client, phone, message("SM1", "Hello"), token="former").status_code == 200
        form = message("SM2", "Hello")
        path = BASE + reverse("webhook-sms", args=[phone.slug])
        for algorithm, digest, status in (
            ("HMAC_SHA256", "sha256", 200), ("HMAC_MD5", "md5", 403), ("HMAC_SHA1", "sha1", 403),
        ):  # fmt: skip
            headers = {
                "X-Twilio-Signature": signature(path, form, "key 7", digest),
                "X-Twilio-Webhooks-Signature-Settings": f"key=7,algorithm={algorithm}",
            }
            assert call(client, phone, form, headers=headers).status_code == status

    def test_too_much_is_413_and_an_unknown_channel_404(
        self, client: Client, phone: Channel
    ) -> None:
        assert call(client, phone, message("SM1", "x" * 2**20)).status_code == 413
        path = reverse("webhook-sms", args=["nobody"])
        assert client.post(path, {"a": "1"}).status_code == 404
        assert client.get(reverse("webhook-sms", args=[phone.slug])).status_code == 405

    def test_a_paused_channel_asks_to_come_again(self, client: Client, phone: Channel) -> None:
        with organization_scope(phone.organization_id):
            pause_channel(channel=phone, reason="holiday")
        said = call(client, phone, message("SM1", "Hello"))
        assert (said.status_code, said["Retry-After"]) == (503, "300")

    def test_a_second_text_goes_on_the_open_ticket_and_reopens_a_warm_one(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        first = say(client, phone, "SM1", "The printer is dead.").ticket
        assert say(client, phone, "SM2", "It smokes.").ticket == first
        assert first is not None
        with organization_scope(cast.nordwerk.pk):
            solved = Status.objects.filter(organization=cast.nordwerk, category="solved").first()
            assert solved is not None
            set_status(ticket=first, actor=Actor.person(cast.alice), status=solved)
        assert say(client, phone, "SM3", "Still dead.").ticket == first
        with organization_scope(cast.nordwerk.pk):
            first = Ticket.objects.get(pk=first.pk)
            assert (first.status_category, first.message_count) == ("open", 3)

    def test_a_number_names_a_ticket_of_the_same_person_only(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            own = cast.ticket()
        assert say(client, phone, "SM1", f"More about #{own.number}").ticket == own
        other = say(client, phone, "SM2", f"Let me in #{own.number}", sender="+33612345678")
        assert other.ticket is not None
        assert other.ticket != own
        assert other.ticket.requester.email == "33612345678@sms.invalid"

    def test_strangers_wait_where_the_channel_says_so(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            Channel.objects.update(accepts_strangers=False)
        receipt = say(client, phone, "SM1", "Hello", sender="+33612345678")
        assert (receipt.state, receipt.reason) == (
            ReceiptState.QUARANTINED, "The sender is not known here.",
        )  # fmt: skip
        assert say(client, phone, "SM2", "Hello", sender="nobody").state == ReceiptState.QUARANTINED

    def test_pictures_are_fetched_and_kept(
        self, client: Client, cast: Cast, phone: Channel, twilio: Twilio
    ) -> None:
        twilio.media = {"ME1": ("image/png", b"\x89PNG\r\n\x1a\n" + b"0" * 50)}
        base = f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Media"
        receipt = say(
            client, phone, "MM1", "", NumMedia="2", MediaUrl0=f"{base}/ME1",
            MediaContentType0="image/png", MediaUrl1=f"{base}/ME2",
        )  # fmt: skip
        ticket = receipt.ticket
        assert ticket is not None
        with organization_scope(cast.nordwerk.pk):
            [kept] = ticket.attachments.all()
            assert (kept.name, kept.content_type) == ("1.png", "image/png")
            assert "2.bin" in ticket.messages.get(kind="internal").text

    def test_a_picture_that_comes_late_does_not_lose_the_text(
        self, client: Client, cast: Cast, phone: Channel, twilio: Twilio
    ) -> None:
        twilio.fail = [Said(503) for _ in range(9)]
        receipt = say(
            client, phone, "MM1", "See picture", NumMedia="1",
            MediaUrl0=f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Media/ME1",
        )  # fmt: skip
        assert receipt.state == ReceiptState.WAITING
        for _ in range(2):
            with organization_scope(cast.nordwerk.pk):
                Receipt.objects.update(next_try_at="2020-01-01T00:00Z")
            assert taking.due() == [(phone.organization_id, receipt.pk)]
            taking.take_in(phone.organization_id, receipt.pk)
        with organization_scope(cast.nordwerk.pk):
            assert Ticket.objects.get().subject == "See picture"

    def test_two_workers_at_once_open_one_ticket(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        call(client, phone, message("SM1", "Hello there"))
        with organization_scope(cast.nordwerk.pk):
            receipt = Receipt.objects.get()
        assert taking._claim(phone.organization_id, receipt.pk) is not None
        assert taking.take_in(phone.organization_id, receipt.pk) == ""
        with organization_scope(cast.nordwerk.pk):
            assert not Ticket.objects.exists()


class TestOptingOut:
    def test_stop_opens_no_ticket_and_nothing_goes_out_until_start(
        self, client: Client, cast: Cast, phone: Channel, twilio: Twilio
    ) -> None:
        ticket = say(client, phone, "SM1", "The printer is dead.").ticket
        assert ticket is not None
        for number, word in enumerate((" Stop ", "UNSUBSCRIBE", "quit")):
            stopped = say(client, phone, f"ST{number}", word)
            assert (stopped.state, stopped.ticket) == (ReceiptState.IGNORED, None)
        row = again(answer(cast, ticket))
        assert (row.state, row.message.delivery_detail) == (
            Step.FAILED, "Not sent: the person has opted out (STOP).",
        )  # fmt: skip
        say(client, phone, "SM3", "START")
        with organization_scope(cast.nordwerk.pk):
            assert Contact.objects.get().opted_out_at is None
        assert deliver(answer(cast, ticket)) == Step.SENT
        assert len(twilio.sent) == 1

    def test_the_provider_s_own_word_counts_and_help_changes_nothing(
        self, client: Client, cast: Cast, phone: Channel
    ) -> None:
        say(client, phone, "SM1", "Arrêt", OptOutType="STOP")
        assert say(client, phone, "SM2", "help").state == ReceiptState.IGNORED
        with organization_scope(cast.nordwerk.pk):
            assert Contact.objects.get(phone=DANA).opted_out_at is not None
            assert not Ticket.objects.exists()

    def test_a_sentence_with_the_word_in_it_is_a_message(
        self, client: Client, phone: Channel
    ) -> None:
        assert say(client, phone, "SM1", "Please stop the printer").ticket is not None

    def test_the_provider_s_refusal_is_told(
        self, client: Client, cast: Cast, phone: Channel, twilio: Twilio
    ) -> None:
        ticket = say(client, phone, "SM1", "Hello").ticket
        assert ticket is not None
        twilio.opted_out.add(DANA)
        row = answer(cast, ticket)
        assert deliver(row) == Step.FAILED
        assert again(row).error == "The person has opted out of text messages (STOP). (21610)"


class TestOut:
    @pytest.fixture
    def ticket(self, client: Client, phone: Channel) -> Ticket:
        found = say(client, phone, "SM1", "The printer is dead.").ticket
        assert found is not None
        return found

    def test_an_answer_leaves_as_plain_text_once(
        self, cast: Cast, phone: Channel, twilio: Twilio, ticket: Ticket
    ) -> None:
        row = answer(cast, ticket, "Try **tray** two, see [help](https://x.example/a)")
        assert deliver(row) == Step.SENT
        assert deliver(row) is None
        [sent] = twilio.sent
        assert (sent["To"], sent["From"]) == (DANA, NUMBER)
        assert sent["Body"] == "Try tray two, see help (https://x.example/a)"
        status_at = reverse("webhook-sms-status", args=[phone.slug])
        assert sent["StatusCallback"] == f"{BASE}{status_at}?delivery={row.pk}"
        assert again(row).external_id == sent["sid"]
        assert again(row).message.delivery_detail == "Taken by the provider, billed as 1"

    def test_a_long_answer_goes_in_parts(self, cast: Cast, twilio: Twilio, ticket: Ticket) -> None:
        row = answer(cast, ticket, "word " * 500)
        assert deliver(row) == Step.SENT
        assert len(twilio.sent) == 2
        assert len(again(row).remote) == 2
        far_too_long = answer(cast, ticket, "word " * 2000)
        assert deliver(far_too_long) == Step.FAILED
        assert len(twilio.sent) == 2

    @pytest.mark.parametrize(
        ("said", "step"),
        [
            (Said(429, {"code": 20429, "message": "slow", "status": 429}), Step.QUEUED),
            (Said(503, "busy"), Step.QUEUED),
            (Said(400, {"code": 21614, "message": "no mobile", "status": 400}), Step.FAILED),
            (Said(400, {"title": "Bad", "detail": "no", "status": 400}), Step.FAILED),
            (Said(201, "not JSON"), Step.UNCERTAIN),
            (Said(drop=True), Step.UNCERTAIN),
        ],
    )
    def test_a_failure_is_tried_again_only_where_nothing_can_have_been_sent(
        self, cast: Cast, twilio: Twilio, ticket: Ticket, said: Said, step: Step
    ) -> None:
        row = answer(cast, ticket)
        twilio.fail = [said]
        assert deliver(row) == step
        calls = twilio.calls
        if step is Step.QUEUED:
            assert deliver(row) == Step.SENT
            assert len(twilio.sent) == 1
        else:
            assert deliver(row) is None
            assert twilio.calls == calls

    def test_a_provider_that_is_away_is_tried_again(
        self, cast: Cast, twilio: Twilio, ticket: Ticket
    ) -> None:
        row = answer(cast, ticket)
        twilio.server.stop()
        assert deliver(row) == Step.QUEUED
        assert "cannot be reached" in again(row).error

    def test_wrong_credentials_pause_the_channel_and_keep_the_answer(
        self, cast: Cast, phone: Channel, twilio: Twilio, ticket: Ticket
    ) -> None:
        twilio.token = "changed"
        row = answer(cast, ticket)
        for _ in range(5):
            assert deliver(row) == Step.QUEUED
        assert deliver(row) is None
        with organization_scope(cast.nordwerk.pk):
            paused = Channel.objects.get(pk=phone.pk)
        assert (paused.is_active, paused.paused_itself) == (False, True)
        assert twilio.calls == 5

    def test_testing_signs_in_and_sends_nothing(self, phone: Channel, twilio: Twilio) -> None:
        assert reach(phone) == "Signed in to the account Nordwerk."
        assert twilio.sent == []

    def test_the_agent_sees_how_the_answer_leaves(
        self, client: Client, cast: Cast, ticket: Ticket
    ) -> None:
        client.force_login(
            cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        page = client.get(reverse("desk:ticket", args=[ticket.number])).content.decode()
        address = reverse("integrations:way", args=[ticket.number])
        assert f'hx-get="{address}"' in page
        hint = client.get(address).content.decode()
        assert DANA in hint
        assert 'data-segments="1600"' in hint
        with organization_scope(cast.nordwerk.pk):
            mail_ticket = cast.ticket()
        assert client.get(reverse("integrations:way", args=[mail_ticket.number])).status_code == 204


class TestReports:
    @pytest.fixture
    def row(self, client: Client, cast: Cast, phone: Channel) -> Delivery:
        ticket = say(client, phone, "SM1", "The printer is dead.").ticket
        assert ticket is not None
        row = answer(cast, ticket)
        assert deliver(row) == Step.SENT
        return again(row)

    def report(
        self, client: Client, channel: Channel, row: Delivery, status: str, **more: str
    ) -> Any:
        form = {
            "MessageSid": row.external_id, "SmsSid": row.external_id, "AccountSid": ACCOUNT,
            "From": NUMBER, "To": DANA, "MessageStatus": status, "SmsStatus": status,
            "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip
        return call(client, channel, form, status=True, query=f"?delivery={row.pk}")

    def test_reports_out_of_order_never_move_a_final_state_back(
        self, client: Client, phone: Channel, row: Delivery
    ) -> None:
        for status in ("sent", "delivered", "sending", "queued", "failed", "delivered"):
            assert self.report(client, phone, row, status).status_code == 200
        assert again(row).remote == {row.external_id: "delivered"}
        assert again(row).message.delivery_detail == "Arrived on the telephone"

    def test_a_failure_is_told_in_words_and_stays(
        self, client: Client, phone: Channel, row: Delivery
    ) -> None:
        self.report(client, phone, row, "undelivered", ErrorCode="30003")
        self.report(client, phone, row, "delivered")
        failed = again(row)
        assert (failed.state, failed.message.delivery_state) == (
            Step.FAILED, DeliveryState.FAILED,
        )  # fmt: skip
        assert failed.error == "The telephone is off or cannot be reached. (30003)"

    def test_after_sending_again_a_report_about_the_first_try_changes_nothing(
        self, client: Client, phone: Channel, row: Delivery
    ) -> None:
        self.report(client, phone, row, "failed", ErrorCode="30005")
        with organization_scope(row.organization_id):
            send_again(row.pk)
        assert deliver(row) == Step.SENT
        self.report(client, phone, row, "failed")
        assert again(row).state == Step.SENT

    def test_a_report_settles_what_was_uncertain(
        self, client: Client, phone: Channel, row: Delivery
    ) -> None:
        with organization_scope(row.organization_id):
            Delivery.objects.filter(pk=row.pk).update(state=Step.UNCERTAIN, remote={})
        self.report(client, phone, row, "delivered")
        assert again(row).state == Step.SENT

    def test_a_report_about_nothing_of_ours_is_taken_and_forgotten(
        self, client: Client, phone: Channel, row: Delivery
    ) -> None:
        row.pk += 1000
        assert self.report(client, phone, row, "delivered").status_code == 200


def test_a_person_known_by_telephone_alone_gets_no_mail(
    client: Client, cast: Cast, phone: Channel
) -> None:
    ticket = say(client, phone, "SM1", "Hello", sender="+33612345678").ticket
    assert ticket is not None
    with organization_scope(cast.nordwerk.pk):
        pause_channel(channel=phone, reason="gone")
        add_channel(
            organization=cast.nordwerk, kind="email", name="Mail",
            given={"address": "desk@nordwerk.example"},
        )  # fmt: skip
    row = again(answer(cast, ticket))
    assert (row.state, row.error) == (Step.FAILED, "Not sent: there is no address to send it to.")
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.get(pk=row.message_id).delivery_state == DeliveryState.FAILED
