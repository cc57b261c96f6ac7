"""A telephone counts as somebody's once they typed in the code that was sent there."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from integrations import codesending
from integrations.actions.contacts import set_opt_out
from integrations.actions.phones import (
    MAX_PER_HOUR,
    MAX_TRIES,
    ask_for_code,
    confirm_phone,
    confirmed_contact,
)
from integrations.models import Channel, Contact, PhoneCode
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Said
from tests.fakes.twilio import Twilio
from tests.integrations.texts import DANA
from tickets.actions.base import InvalidChange

ALICE = "+491751112233"
PAGE = "/notifications/phone/"


def ask(cast: Cast, user: User, number: str = ALICE) -> PhoneCode:
    with organization_scope(cast.nordwerk.pk):
        return ask_for_code(user=user, organization_id=cast.nordwerk.pk, number=number)


def confirm(cast: Cast, user: User, code: str) -> Contact | None:
    with organization_scope(cast.nordwerk.pk):
        return confirm_phone(user=user, organization_id=cast.nordwerk.pk, code=code)


def got(twilio: Twilio) -> str:
    """The code of the last text message."""
    found = re.match(r"(\d{6}) is your code", twilio.sent[-1]["Body"])
    assert found is not None
    return found.group(1)


@pytest.fixture
def sign_in(client: Client) -> Callable[[User], Client]:
    def signed(user: User) -> Client:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed


def test_the_code_that_was_sent_confirms_the_number(
    cast: Cast, phone: Channel, twilio: Twilio
) -> None:
    code = ask(cast, cast.alice, "0175 / 111 22 33")
    assert codesending.send_code(code.organization_id, code.pk) == "sent"
    assert codesending.send_code(code.organization_id, code.pk) == "not due"
    [sent] = twilio.sent
    assert (sent["To"], "Nordwerk" in sent["Body"]) == (ALICE, True)
    contact = confirm(cast, cast.alice, f" {got(twilio)} ")
    assert contact is not None
    with organization_scope(cast.nordwerk.pk):
        assert confirmed_contact(cast.nordwerk.pk, cast.alice) == contact
    # A code is good once.
    assert confirm(cast, cast.alice, got(twilio)) is None


def test_guessing_ends_after_a_few_tries(cast: Cast, phone: Channel, twilio: Twilio) -> None:
    code = ask(cast, cast.alice)
    codesending.send_code(code.organization_id, code.pk)
    right = got(twilio)
    wrong = "000000" if right != "000000" else "000001"
    for typed in [wrong, "", "x", "\x00", "９" * 6][:MAX_TRIES]:
        assert confirm(cast, cast.alice, typed) is None
    assert confirm(cast, cast.alice, right) is None


def test_somebody_else_s_code_and_a_stale_one_are_worth_nothing(
    cast: Cast, phone: Channel, twilio: Twilio
) -> None:
    code = ask(cast, cast.alice)
    codesending.send_code(code.organization_id, code.pk)
    assert confirm(cast, cast.bob, got(twilio)) is None
    with organization_scope(cast.nordwerk.pk):
        PhoneCode.objects.update(created_at=now() - timedelta(minutes=11))
    assert confirm(cast, cast.alice, got(twilio)) is None


def test_too_many_codes_are_refused_by_person_and_by_number(
    cast: Cast, phone: Channel, twilio: Twilio
) -> None:
    for _ in range(MAX_PER_HOUR):
        ask(cast, cast.alice)
    for person, number in ((cast.alice, DANA), (cast.bob, ALICE)):
        with pytest.raises(InvalidChange, match="Too many codes") as refusal:
            ask(cast, person, number)
        assert refusal.value.field == "phone"


@pytest.mark.parametrize("number", ["", "12", "call me", "\x00", "+" * 40, "0" * 39])
def test_no_number_is_refused_in_words(cast: Cast, phone: Channel, number: str) -> None:
    with pytest.raises(InvalidChange, match="country code"):
        ask(cast, cast.alice, number)


def test_a_number_that_opted_out_gets_no_code(cast: Cast, phone: Channel) -> None:
    with organization_scope(cast.nordwerk.pk):
        set_opt_out(phone, ALICE, out=True)
    with pytest.raises(InvalidChange, match="STOP"):
        ask(cast, cast.alice)


def test_a_number_belongs_to_whoever_proved_it_last(
    cast: Cast, phone: Channel, twilio: Twilio
) -> None:
    for person in (cast.bob, cast.alice):
        code = ask(cast, person)
        codesending.send_code(code.organization_id, code.pk)
        assert confirm(cast, person, got(twilio)) is not None
    with organization_scope(cast.nordwerk.pk):
        assert confirmed_contact(cast.nordwerk.pk, cast.bob) is None
        assert Contact.objects.filter(phone=ALICE).count() == 1


def test_a_provider_that_refuses_is_told_in_words_and_a_lost_answer_counts_as_sent(
    cast: Cast, phone: Channel, twilio: Twilio
) -> None:
    twilio.fail = [Said(400, {"code": 21211, "message": "no", "status": 400}), Said(drop=True)]
    ends = []
    for _ in range(2):
        code = ask(cast, cast.alice)
        ends.append(codesending.send_code(code.organization_id, code.pk))
    assert ends == ["failed", "sent"]
    with organization_scope(cast.nordwerk.pk):
        assert PhoneCode.objects.filter(state="failed").exclude(error="").count() == 1


def test_a_lost_nudge_is_swept_and_a_stale_code_is_not_sent(cast: Cast, phone: Channel) -> None:
    code = ask(cast, cast.alice)
    assert codesending.due_codes() == [(code.organization_id, code.pk)]
    with organization_scope(cast.nordwerk.pk):
        PhoneCode.objects.update(created_at=now() - timedelta(minutes=9))
    assert codesending.due_codes() == []
    assert codesending.send_code(code.organization_id, code.pk) == "not due"


class TestPage:
    def test_a_person_confirms_and_forgets_a_number(
        self, cast: Cast, phone: Channel, twilio: Twilio, sign_in: Callable[[User], Client]
    ) -> None:
        client = sign_in(cast.alice)
        assert client.post(PAGE, {"phone": ALICE}).status_code == 302
        with organization_scope(cast.nordwerk.pk):
            code = PhoneCode.objects.get()
        codesending.send_code(code.organization_id, code.pk)
        page = client.get(PAGE).content.decode()
        assert "+491 … 233" in page
        assert ALICE not in page
        wrong = client.post(PAGE, {"code": "12"})
        assert wrong.status_code == 422
        assert b"You may try 4 more times." in wrong.content
        answer = client.post(PAGE, {"code": got(twilio)})
        assert answer.headers["Location"] == reverse("portal:notification_settings")
        choices = client.get(answer.headers["Location"]).content.decode()
        assert 'name="sms-assigned"' in choices
        client.post(PAGE, {"forget": "1"})
        assert 'name="sms-assigned"' not in client.get("/notifications/settings/").content.decode()

    def test_a_requester_sees_it_in_the_portal(
        self, cast: Cast, phone: Channel, sign_in: Callable[[User], Client]
    ) -> None:
        page = sign_in(cast.dana).get(PAGE).content
        assert b'class="topbar' in page
        refused = sign_in(cast.dana).post(PAGE, {"phone": "no"})
        assert refused.status_code == 422
        assert b"country code" in refused.content

    def test_without_a_channel_there_is_no_page(
        self, cast: Cast, sign_in: Callable[[User], Client]
    ) -> None:
        assert sign_in(cast.alice).get(PAGE).status_code == 404
        page = sign_in(cast.alice).get("/notifications/settings/").content.decode()
        assert "By text message" not in page

    def test_another_organization_cannot_be_named(
        self, cast: Cast, phone: Channel, sign_in: Callable[[User], Client]
    ) -> None:
        assert sign_in(cast.charlie).get(PAGE).status_code == 404
        client = sign_in(cast.alice)
        client.post(PAGE, {"phone": ALICE, "organization": str(cast.lumen.pk)})
        with organization_scope(cast.nordwerk.pk):
            assert PhoneCode.objects.get().organization_id == cast.nordwerk.pk
