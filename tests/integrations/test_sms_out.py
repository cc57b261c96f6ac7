"""Text messages out: once, in parts, reports, and what a failure means."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.actions import send_again
from integrations.actions.channels import add_channel, pause_channel
from integrations.models import Channel, Delivery, Step
from integrations.registry import test as reach
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Said
from tests.fakes.twilio import ACCOUNT, NUMBER, Twilio
from tests.integrations.texts import BASE, DANA, again, answer, call, deliver, say
from tickets.choices import DeliveryState
from tickets.models import Message, Ticket


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
