"""Mail finds its team, or its organization, by the + of the address or by a header field."""

import pytest

from integrations.actions import set_up_mail_channel
from integrations.channels.email.parse import parse
from integrations.models import Channel, MailRoute, Receipt, ReceiptState
from integrations.receiving import receive
from omnidesk.accounts.models import Team
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.integrations.letters import from_dana
from tickets.models import Ticket


def route(channel: Channel, **values: object) -> MailRoute:
    with organization_scope(channel.organization_id):
        return MailRoute.objects.create(
            organization_id=channel.organization_id, channel=channel, **values
        )


@pytest.fixture
def printers(cast: Cast, channel: Channel) -> Team:
    with organization_scope(cast.nordwerk.pk):
        return Team.objects.create(organization=cast.nordwerk, name="Printers")


def team_of(receipt: Receipt) -> Team | None:
    with organization_scope(receipt.organization_id):
        return Ticket.objects.get(receipts=receipt).team


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "Desk <DESK+Printers-2@nordwerk.example>"},
        {"to": "x@elsewhere.example", "delivered_to": "desk+printers@nordwerk.example"},
        {"cc": "desk+printers@nordwerk.example"},
    ],
)
def test_the_part_behind_the_plus_names_the_team(
    channel: Channel, printers: Team, fields: dict[str, str]
) -> None:
    route(channel, pattern="print*", team=printers)
    assert team_of(receive(channel, from_dana(**fields))) == printers


def test_the_envelope_counts_too(channel: Channel, printers: Team) -> None:
    route(channel, pattern="printers", team=printers)
    there = ["desk+printers@nordwerk.example"]
    assert team_of(receive(channel, from_dana(to="hidden:;"), envelope=there)) == printers


def test_a_header_field_names_the_team_and_the_first_rule_wins(
    channel: Channel, printers: Team
) -> None:
    route(channel, position=2, header="List-Id", pattern="*", team=None)
    route(channel, position=1, header="list-id", pattern="*<printers.*>", team=printers)
    raw = from_dana(list_id="Printers <printers.nordwerk.example>")
    assert team_of(receive(channel, raw)) == printers


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "desk@nordwerk.example"},
        {"to": "desk+printers@elsewhere.example"},
        {"to": "desk+@nordwerk.example"},
        {"to": "+printers@nordwerk.example"},
        {"x_team": "printers"},
    ],
)
def test_anything_else_goes_where_all_mail_goes(
    channel: Channel, printers: Team, fields: dict[str, str]
) -> None:
    route(channel, pattern="print*", team=printers)
    assert team_of(receive(channel, from_dana(**fields))) is None


def test_a_shared_mailbox_serves_two_organizations(cast: Cast, channel: Channel) -> None:
    with organization_scope(cast.lumen.pk):
        other = set_up_mail_channel(cast.lumen, "desk@lumen.example")
    route(channel, pattern="sued", to_channel=other)
    raw = from_dana(to="desk+sued@nordwerk.example", message_id="<s1@nordwerk.example>")
    first = receive(channel, raw, remote_uid="7:1")
    assert (first.organization_id, first.state) == (cast.lumen.pk, ReceiptState.ACCEPTED)
    assert receive(channel, raw, remote_uid="7:1").was_known
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 0
        note = Receipt.objects.get()
    assert (note.state, bytes(note.raw), note.remote_uid) == (ReceiptState.IGNORED, b"", "7:1")
    with organization_scope(cast.lumen.pk):
        assert Ticket.objects.count() == 1


def test_an_answer_to_our_own_ticket_stays_whatever_the_route_says(
    cast: Cast, channel: Channel
) -> None:
    with organization_scope(cast.lumen.pk):
        other = set_up_mail_channel(cast.lumen, "desk@lumen.example")
    first = receive(channel, from_dana(message_id="<a@nordwerk.example>"))
    route(channel, header="From", pattern="*dana*", to_channel=other)
    again = receive(
        channel, from_dana(message_id="<b@nordwerk.example>", in_reply_to="<a@nordwerk.example>")
    )
    assert again.ticket_id == first.ticket_id


def test_header_fields_are_bounded() -> None:
    raw = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 5000) for n in range(3000)) + b"\r\nbody"
    fields = parse(raw).fields
    assert len(fields) <= 200
    assert max(len(value) for _name, value in fields) <= 1000
