"""Text messages in: on the right ticket, once; and who wants none."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import taking
from integrations.actions.channels import pause_channel
from integrations.models import Channel, Contact, Receipt, ReceiptState, Step
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Said
from tests.fakes.twilio import ACCOUNT, Twilio, message, signature
from tests.integrations.texts import BASE, DANA, again, answer, call, deliver, say
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.models import Status, Ticket


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
            assert taking.due() == [(phone.organization_id, phone.pk)]
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
