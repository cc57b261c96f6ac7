"""Senders whose mail is not wanted wait in quarantine, with the reason."""

import pytest
from django.core.exceptions import ValidationError

from integrations.actions.inbound import release
from integrations.blocklist import BlockedSender, block_on, check_sender
from integrations.channels.email.parse import parse
from integrations.models import Channel, ReceiptState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.integrations.letters import from_dana, take


def block(channel: Channel, sender: str, reason: str = "Sends advertising") -> None:
    with organization_scope(channel.organization_id):
        BlockedSender.objects.create(
            organization_id=channel.organization_id, sender=sender, reason=reason
        )


@pytest.mark.parametrize(
    ("blocked", "sender", "held"),
    [
        ("eve@spam.example", "EVE@spam.example", True),
        ("spam.example", "anybody@spam.example", True),
        ("@Spam.Example", "a@mail.spam.example", True),
        ("spam.example", "a@notspam.example", False),
        ("eve@spam.example", "adam@spam.example", False),
    ],
)
def test_an_address_or_a_domain_is_held_back(
    channel: Channel, blocked: str, sender: str, held: bool
) -> None:
    block(channel, blocked)
    receipt = take(channel, from_dana(**{"from": sender}))
    assert (receipt.state == ReceiptState.QUARANTINED) == held
    assert ("Sends advertising" in receipt.reason) == held


def test_a_person_can_let_one_through(channel: Channel) -> None:
    block(channel, "spam.example")
    raw = from_dana(**{"from": "eve@spam.example"})
    receipt = take(channel, raw)
    with organization_scope(channel.organization_id):
        assert release(receipt, parse(raw)).state == ReceiptState.ACCEPTED


def test_another_organizations_list_counts_there_alone(cast: Cast, channel: Channel) -> None:
    block(channel, "spam.example")
    with organization_scope(cast.lumen.pk):
        assert block_on(cast.lumen.pk, "eve@spam.example") is None


@pytest.mark.parametrize("value", ["", "nodomain", "a b@c.example", "a@b@c.example", "*.example"])
def test_nonsense_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        check_sender(value)
