"""Channels, quarantine and outbox in the administration, and the agents' button."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from integrations.actions import accept_inbound
from integrations.channels.email.parse import parse
from integrations.models import Channel, Delivery, Receipt, ReceiptState, Step
from omnidesk.accounts.actions import add_member
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.vault import UnreadableSecret, seal, unseal
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.integrations.test_delivery import answer, ask


@pytest.fixture
def administrator(client: Client, live_cast: Cast) -> Client:
    """Bob administers Nordwerk; he is no superuser."""
    with organization_scope(live_cast.nordwerk.pk):
        add_member(organization=live_cast.nordwerk, user=live_cast.bob, role=Role.ADMINISTRATOR)
    User.objects.filter(pk=live_cast.bob.pk).update(is_staff=True)
    client.force_login(
        User.objects.get(pk=live_cast.bob.pk),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    return client


def stranger(cast: Cast, channel: Channel, raw: bytes = b"") -> Receipt:
    raw = raw or mail("Hello desk", **{"from": "x@stranger.example"})
    with organization_scope(cast.nordwerk.pk):
        return accept_inbound(channel, parse(raw), raw)


def test_the_password_goes_in_and_never_comes_out(
    administrator: Client, live_cast: Cast, live_channel: Channel
) -> None:
    address = reverse("admin:integrations_channel_change", args=[live_channel.pk])
    form = {
        "organization": live_cast.nordwerk.pk, "kind": "email", "name": "IT", "is_active": "on",
        "address": "Desk@Nordwerk.example", "imap_host": "imap.example", "imap_port": "993",
        "imap_security": "ssl", "imap_user": "desk", "password": "open sesame",
        "send_limit": "500",
    }  # fmt: skip
    assert administrator.post(address, form).status_code == 302
    with organization_scope(live_cast.nordwerk.pk):
        channel = Channel.objects.get()
    assert channel.secret("password") == "open sesame"
    assert "open sesame" not in channel.sealed_secrets["password"]
    assert channel.settings["imap_host"] == "imap.example"
    assert channel.address == "desk@nordwerk.example"
    page = administrator.get(address).content.decode()
    assert "open sesame" not in page
    assert channel.sealed_secrets["password"] not in page
    administrator.post(address, form | {"password": ""})
    with organization_scope(live_cast.nordwerk.pk):
        assert Channel.objects.get().secret("password") == "open sesame"


def test_another_organization_can_not_be_chosen(
    administrator: Client, live_cast: Cast, live_channel: Channel
) -> None:
    page = administrator.get(
        reverse("admin:integrations_channel_add"), {"kind": "email"}
    ).content.decode()
    assert "Nordwerk" in page
    assert "Atelier Lumen" not in page


def test_quarantine_shows_the_reason_and_gives_the_mail_as_it_came(
    administrator: Client, live_cast: Cast, live_channel: Channel
) -> None:
    live_channel.accepts_strangers = False
    receipt = stranger(live_cast, live_channel)
    listed = administrator.get(reverse("admin:integrations_receipt_changelist")).content.decode()
    assert "not known here" in listed
    page = administrator.get(
        reverse("admin:integrations_receipt_change", args=[receipt.pk])
    ).content.decode()
    assert "Hello desk" in page
    got = administrator.get(reverse("admin:integrations_receipt_original", args=[receipt.pk]))
    assert got.content == bytes(receipt.raw)
    assert got["Content-Disposition"].startswith("attachment")


def test_bytes_without_sense_can_be_looked_at(
    administrator: Client, live_cast: Cast, live_channel: Channel
) -> None:
    receipt = stranger(live_cast, live_channel, b"\xff\x00<script>" * 50)
    page = administrator.get(reverse("admin:integrations_receipt_change", args=[receipt.pk]))
    assert page.status_code == 200
    assert b"\x00" not in page.content


def test_a_mail_is_let_out_of_quarantine(
    administrator: Client, live_cast: Cast, live_channel: Channel
) -> None:
    receipt = stranger(live_cast, live_channel)
    administrator.post(
        reverse("admin:integrations_receipt_changelist"),
        {"action": "take_in", "_selected_action": [receipt.pk]},
    )
    with organization_scope(live_cast.nordwerk.pk):
        receipt.refresh_from_db()
        assert receipt.state == ReceiptState.ACCEPTED
        assert receipt.ticket is not None


def test_other_organizations_mail_does_not_exist(
    client: Client, live_cast: Cast, live_channel: Channel
) -> None:
    receipt = stranger(live_cast, live_channel)
    with organization_scope(live_cast.lumen.pk):
        add_member(organization=live_cast.lumen, user=live_cast.charlie, role=Role.ADMINISTRATOR)
    User.objects.filter(pk=live_cast.charlie.pk).update(is_staff=True)
    client.force_login(
        User.objects.get(pk=live_cast.charlie.pk),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    got = client.get(reverse("admin:integrations_receipt_original", args=[receipt.pk]))
    assert got.status_code == 404


class TestSendAgain:
    def _uncertain(self, cast: Cast, channel: Channel) -> Delivery:
        row = answer(cast, ask(cast, channel))
        with organization_scope(cast.nordwerk.pk):
            Delivery.objects.filter(pk=row.pk).update(state=Step.UNCERTAIN)
        return row

    def _press(self, client: Client, user: User, row: Delivery) -> int:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client.post(reverse("integrations:again", args=[row.message_id])).status_code

    def _state(self, cast: Cast, row: Delivery) -> str:
        with organization_scope(cast.nordwerk.pk):
            return Delivery.objects.get(pk=row.pk).state

    def test_an_agent_may(self, client: Client, live_cast: Cast, live_channel: Channel) -> None:
        row = self._uncertain(live_cast, live_channel)
        assert self._press(client, live_cast.alice, row) == 302
        assert self._state(live_cast, row) == Step.QUEUED

    def test_a_requester_may_not(
        self, client: Client, live_cast: Cast, live_channel: Channel
    ) -> None:
        row = self._uncertain(live_cast, live_channel)
        assert self._press(client, live_cast.dana, row) == 403
        assert self._state(live_cast, row) == Step.UNCERTAIN

    def test_an_outsider_finds_nothing(
        self, client: Client, live_cast: Cast, live_channel: Channel
    ) -> None:
        row = self._uncertain(live_cast, live_channel)
        assert self._press(client, live_cast.charlie, row) == 404
        assert self._state(live_cast, row) == Step.UNCERTAIN


def test_a_sealed_secret_needs_its_key(settings: Settings) -> None:
    sealed = seal("geheim")
    assert unseal(sealed) == "geheim"
    assert seal("") == unseal("") == ""
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "a new key of more than thirty-two characters"
    with pytest.raises(UnreadableSecret):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed) == "geheim"
