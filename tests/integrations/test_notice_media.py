"""Notices by text message and by webhook: who chose it, once, folded, only what one may see."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from integrations import calling, letters
from integrations.actions.channels import add_channel
from integrations.actions.contacts import set_opt_out
from integrations.hooks import WebhookCall, WebhookEndpoint
from integrations.models import Channel, Contact
from omnidesk.accounts.models import Membership, User
from omnidesk.core.clock import now
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Asked, FakeServer, Said
from tests.fakes.twilio import ACCOUNT, TOKEN, Twilio
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.notify import Notice, notify, save_wishes
from tickets.media import offers_for
from tickets.models import Letter, LetterState, NotificationSettings, Ticket
from tickets.notices import Kind, Medium, Wishes

ALICE = "+491751112233"


def wants(user: User, medium: Medium, *kinds: Kind, **more: time) -> None:
    """What somebody chose, without the page or mail."""
    off = {kind.value: False for kind in Kind}
    NotificationSettings.objects.update_or_create(
        user=user,
        defaults={
            "choices": {medium.value: {kind.value: True for kind in kinds}, "email": off},
            **more,
        },
    )


def own_phone(cast: Cast, user: User, phone: str = ALICE) -> None:
    with organization_scope(cast.nordwerk.pk):
        Contact.objects.create(
            organization=cast.nordwerk, user=user, phone=phone, confirmed_at=now()
        )


def tell(
    cast: Cast, people: Sequence[User], *subjects: str, kind: Kind = Kind.MENTIONED
) -> list[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        tickets = [cast.ticket(one) for one in subjects or ("VPN is down",)]
        for ticket in tickets:
            ids = [one.pk for one in people]
            notify(Notice(kind=kind, ticket=ticket, people=ids, actor_name="Bob Lead"))
    return tickets


def due_now(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        Letter.objects.filter(state="waiting").update(due_at=now())


def send(cast: Cast) -> list[LetterState | None]:
    due_now(cast)
    return [letters.deliver_letter(*pair) for pair in letters.due_letters()]


def kept(cast: Cast) -> Letter:
    with organization_scope(cast.nordwerk.pk):
        return Letter.objects.get()


class TestTexts:
    @pytest.fixture(autouse=True)
    def chosen(self, cast: Cast, phone: Channel) -> None:
        wants(cast.alice, Medium.SMS, Kind.MENTIONED, Kind.ASSIGNED)
        own_phone(cast, cast.alice)

    def test_a_notice_is_one_text_message_without_what_people_wrote(
        self, cast: Cast, twilio: Twilio
    ) -> None:
        [ticket] = tell(cast, [cast.alice])
        assert send(cast) == [LetterState.SENT]
        assert send(cast) == []
        [sent] = twilio.sent
        assert sent["To"] == ALICE
        assert sent["Body"].splitlines() == [
            f"Bob Lead mentioned you. #{ticket.number} VPN is down",
            f"https://desk.nordwerk.example/desk/t/{ticket.number}/",
        ]

    def test_who_did_not_choose_it_gets_none(self, cast: Cast, twilio: Twilio) -> None:
        own_phone(cast, cast.bob, "+491751112299")
        NotificationSettings.objects.create(user=cast.bob, choices={"email": {"mentioned": False}})
        tell(cast, [cast.bob])
        assert send(cast) == []

    def test_a_storm_is_one_message_and_the_next_waits(self, cast: Cast, twilio: Twilio) -> None:
        tell(cast, [cast.alice], *(f"Outage {n}" for n in range(40)))
        assert send(cast) == [LetterState.SENT]
        [sent] = twilio.sent
        assert "Outage 2" in sent["Body"]
        assert "Outage 3" not in sent["Body"]
        assert "and 37 more" in sent["Body"]
        assert sent["Body"].endswith("/notifications/")
        tell(cast, [cast.alice], "Another")
        with organization_scope(cast.nordwerk.pk):
            waiting = Letter.objects.get(state="waiting")
        assert timedelta(minutes=4) < waiting.due_at - now() <= timedelta(minutes=5)

    def test_quiet_hours_hold_it_back(self, cast: Cast) -> None:
        User.objects.filter(pk=cast.alice.pk).update(timezone="UTC")
        begin = (now() - timedelta(hours=1)).time()
        end = (now() + timedelta(hours=3)).time()
        wants(cast.alice, Medium.SMS, Kind.MENTIONED, quiet_from=begin, quiet_to=end)
        tell(cast, [cast.alice])
        assert kept(cast).due_at > now() + timedelta(hours=2)

    def test_access_that_ended_drops_it(self, cast: Cast, twilio: Twilio) -> None:
        tell(cast, [cast.alice])
        with organization_scope(cast.nordwerk.pk):
            Membership.objects.filter(user=cast.alice).delete()
        assert send(cast) == [LetterState.DROPPED]
        assert twilio.sent == []

    def test_it_says_why_nothing_went(self, cast: Cast, phone: Channel, twilio: Twilio) -> None:
        tell(cast, [cast.alice])
        with organization_scope(cast.nordwerk.pk):
            set_opt_out(phone, ALICE, out=True)
        assert send(cast) == [LetterState.DROPPED]
        assert "STOP" in kept(cast).error
        assert twilio.sent == []
        with organization_scope(cast.nordwerk.pk):
            offer = offers_for(cast.alice)[Medium.SMS]
            assert (offer.possible, "START" in offer.words) == (False, True)
            Contact.objects.all().delete()
            Letter.objects.all().delete()
        tell(cast, [cast.alice])
        assert send(cast) == [LetterState.DROPPED]
        assert kept(cast).error == "The person has no confirmed telephone number."

    def test_a_braked_channel_keeps_it(self, cast: Cast, phone: Channel, twilio: Twilio) -> None:
        with organization_scope(cast.nordwerk.pk):
            Channel.objects.update(send_limit=1)
        tell(cast, [cast.alice])
        assert send(cast) == [LetterState.SENT]
        tell(cast, [cast.alice])
        assert send(cast) == [LetterState.WAITING]
        with organization_scope(cast.nordwerk.pk):
            assert Channel.objects.get().braked_at is not None
        assert len(twilio.sent) == 1

    def test_a_refusal_is_tried_again_and_a_lost_answer_is_never_repeated(
        self, cast: Cast, twilio: Twilio
    ) -> None:
        tell(cast, [cast.alice])
        twilio.fail = [Said(503, {"code": 20503, "message": "busy", "status": 503})]
        assert send(cast) == [LetterState.WAITING]
        assert kept(cast).attempts == 1
        reset_breakers()
        twilio.fail = [Said(drop=True)]
        assert send(cast) == [LetterState.UNCERTAIN]
        assert send(cast) == []
        assert len(twilio.sent) == 1

    def test_it_speaks_the_person_s_language(self, cast: Cast, twilio: Twilio) -> None:
        User.objects.filter(pk=cast.alice.pk).update(language="de")
        tell(cast, [cast.alice])
        send(cast)
        assert "Bob Lead hat Sie erwähnt" in twilio.sent[0]["Body"]


def text_due(live_cast: Cast, twilio: Twilio) -> tuple[int, int]:
    """A committed letter that is due as a text message: its organization and its key."""
    with organization_scope(live_cast.nordwerk.pk):
        add_channel(
            organization=live_cast.nordwerk, kind="sms", name="Hotline",
            given={
                "address": "+49 30 555123", "account_sid": ACCOUNT, "auth_token": TOKEN,
                "country": "de", "api_url": twilio.url,
            },
        )  # fmt: skip
    wants(live_cast.alice, Medium.SMS, Kind.MENTIONED)
    own_phone(live_cast, live_cast.alice)
    tell(live_cast, [live_cast.alice])
    due_now(live_cast)
    [pair] = letters.due_letters()
    return pair


def test_two_workers_text_once(live_cast: Cast, twilio: Twilio) -> None:
    pair = text_due(live_cast, twilio)
    start = threading.Barrier(2)

    def work() -> LetterState | None:
        start.wait()
        try:
            return letters.deliver_letter(*pair)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = [one.result() for one in [pool.submit(work) for _ in range(2)]]
    assert sorted(map(str, results)) == ["None", "sent"]
    assert len(twilio.sent) == 1


@pytest.fixture
def calls(settings: Settings) -> Iterator[list[Asked]]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    reset_breakers()
    found: list[Asked] = []

    def handle(asked: Asked) -> Said:
        found.append(asked)
        return Said(204)

    server = FakeServer(handle)
    server.start()
    settings.TEST_HOOK = f"{server.url}/hook"
    yield found
    server.stop()


class TestCalls:
    @pytest.fixture(autouse=True)
    def endpoint(self, cast: Cast, calls: list[Asked], settings: Settings) -> WebhookEndpoint:
        wants(cast.alice, Medium.WEBHOOK, Kind.MENTIONED)
        with organization_scope(cast.nordwerk.pk):
            return WebhookEndpoint.objects.create(
                organization=cast.nordwerk, name="Chat", url=settings.TEST_HOOK,
                events=["notification"],
            )  # fmt: skip

    def test_what_somebody_is_told_is_passed_on_once(self, cast: Cast, calls: list[Asked]) -> None:
        wants(cast.bob, Medium.WEBHOOK)
        tickets = tell(cast, [cast.alice, cast.bob])
        assert send(cast) == [LetterState.SENT]
        assert send(cast) == []
        for pair in calling.sweep():
            calling.send(*pair)
        assert calling.sweep() == []
        [asked] = calls
        told = asked.json()
        assert told["type"] == "notification"
        assert told["data"]["person"] == {
            "email": "alice@nordwerk.example", "name": "Alice Agent",
        }  # fmt: skip
        [notice] = told["data"]["notices"]
        assert (notice["kind"], notice["text"]) == ("mentioned", "Bob Lead mentioned you")
        assert notice["ticket"]["number"] == tickets[0].number
        assert "disconnects" not in asked.body.decode()

    def test_a_crash_between_queueing_and_settling_queues_nothing_twice(self, cast: Cast) -> None:
        tell(cast, [cast.alice])
        send(cast)
        with organization_scope(cast.nordwerk.pk):
            Letter.objects.update(state="waiting", settled_at=None)
        send(cast)
        with organization_scope(cast.nordwerk.pk):
            assert WebhookCall.objects.filter(event="notification").count() == 1

    def test_all_events_do_not_name_people(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            WebhookEndpoint.objects.update(events=["*"])
            assert Medium.WEBHOOK not in offers_for(cast.alice)
        tell(cast, [cast.alice])
        assert send(cast) == [LetterState.DROPPED]
        assert kept(cast).error == "No webhook passes this on."

    def test_access_that_ended_drops_it(self, cast: Cast) -> None:
        tell(cast, [cast.alice])
        with organization_scope(cast.nordwerk.pk):
            Membership.objects.filter(user=cast.alice).delete()
        assert send(cast) == [LetterState.DROPPED]
        with organization_scope(cast.nordwerk.pk):
            assert not WebhookCall.objects.exists()

    def test_only_agents_are_offered_it(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            assert Medium.WEBHOOK not in offers_for(cast.dana)
            offer = offers_for(cast.alice)[Medium.WEBHOOK]
            assert offer.words == "passed on to Chat."

    def test_the_endpoint_s_own_filters_hold(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            WebhookEndpoint.objects.update(only_sources=["sms"])
        tell(cast, [cast.alice])
        assert send(cast) == [LetterState.DROPPED]


def test_what_is_not_possible_cannot_be_chosen_and_what_was_chosen_may_stay(cast: Cast) -> None:
    chosen = Wishes(choices={"sms": {"assigned": True}})
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidChange, match="not set this up") as refusal:
            save_wishes(user=cast.alice, wishes=chosen)
        assert refusal.value.field == "choices"
        save_wishes(user=cast.alice, wishes=Wishes(choices={"sms": {"assigned": False}}))
        wants(cast.alice, Medium.SMS, Kind.ASSIGNED)
        save_wishes(user=cast.alice, wishes=chosen)


def test_an_actor_is_not_texted_about_their_own_act(cast: Cast, phone: Channel) -> None:
    wants(cast.alice, Medium.SMS, Kind.ASSIGNED)
    own_phone(cast, cast.alice)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        people, by = [cast.alice.pk], Actor.person(cast.alice).user
        assert by is not None
        notify(Notice(kind=Kind.ASSIGNED, ticket=ticket, people=people, by=by.pk))
    assert send(cast) == []
