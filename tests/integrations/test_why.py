"""Why a mail is on its ticket, and putting it on another one."""

import pytest
from django.test import Client

from integrations.actions.rethreading import rethread, undo_rethread
from integrations.models import Channel, Receipt, Rethreading
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.integrations.letters import answered, from_dana, take
from tickets.actions.base import Actor, InvalidChange
from tickets.models import Ticket

WHY = "/desk/channels/mails/{}/"


def page(client: Client, receipt: Receipt) -> str:
    return client.get(WHY.format(receipt.message_id)).content.decode()


@pytest.fixture
def desk(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice)
    return client


def test_each_way_of_finding_a_ticket_is_kept(cast: Cast, channel: Channel) -> None:
    ticket, our_id = answered(cast, channel)
    mark = our_id.partition("@")[0]
    found = {
        "token": from_dana(message_id="<t@x.example>", to=f"desk+{mark}@nordwerk.example"),
        "in_reply_to": from_dana(
            message_id="<i@x.example>", in_reply_to="<first@nordwerk.example>"
        ),
        "references": from_dana(
            message_id="<r@x.example>", references="<no@x.example> <first@nordwerk.example>"
        ),
        "subject": from_dana(message_id="<s@x.example>", subject=f"Printer [#{ticket.number}]"),
        "": from_dana(message_id="<n@x.example>"),
    }
    for by, raw in found.items():
        receipt = take(channel, raw)
        assert receipt.trail["by"] == by
        assert (receipt.ticket_id == ticket.pk) == bool(by)


def test_an_outsider_who_quotes_a_number_gets_a_ticket_of_their_own_linked(
    cast: Cast, channel: Channel, desk: Client
) -> None:
    ticket, _ = answered(cast, channel)
    raw = from_dana(**{"from": "eve@outside.example"}, message_id="<e@x.example>",
                    subject=f"Re: [#{ticket.number}]")  # fmt: skip
    receipt = take(channel, raw)
    assert receipt.ticket_id != ticket.pk
    assert receipt.trail["voice"] == "stranger"
    with organization_scope(cast.nordwerk.pk):
        assert receipt.ticket is not None
        assert receipt.ticket.links_out.exists() or receipt.ticket.links_in.exists()
    text = page(desk, receipt)
    assert "may not write on that ticket" in text
    assert f"[#{ticket.number}]" in text


def test_the_page_shows_the_reason_and_gives_the_original(
    cast: Cast, channel: Channel, desk: Client
) -> None:
    receipt = take(channel, from_dana(subject="<script>alert(1)</script>"))
    text = page(desk, receipt)
    assert "Nothing in it refers to a ticket." in text
    assert "<script>alert(1)" not in text
    answer = desk.get(WHY.format(receipt.message_id) + "original.eml")
    assert answer.content == bytes(receipt.raw)
    assert answer["Content-Type"] == "application/octet-stream"


def test_nobody_else_sees_it(cast: Cast, channel: Channel, client: Client) -> None:
    receipt = take(channel, from_dana())
    stranger = User.objects.create_user(email="zoe@lumen.example", password="x" * 20)
    with organization_scope(cast.lumen.pk):
        Membership.objects.create(user=stranger, organization=cast.lumen, role=Role.AGENT)
    for person in (cast.dana, stranger):
        client.force_login(person)
        answer = client.get(WHY.format(receipt.message_id))
        assert answer.status_code in {302, 403, 404}, person
        assert client.get(WHY.format(receipt.message_id) + "original.eml").status_code != 200


def two(cast: Cast, channel: Channel) -> tuple[Receipt, Receipt, Receipt]:
    """A ticket with an opening mail and a second one on it, and another ticket."""
    first = take(channel, from_dana(message_id="<a@x.example>"))
    second = take(
        channel, from_dana("More", message_id="<b@x.example>", in_reply_to="<a@x.example>")
    )
    other = take(channel, from_dana("VPN", message_id="<c@x.example>", subject="VPN"))
    assert first.ticket_id == second.ticket_id != other.ticket_id
    return first, second, other


def where(receipt: Receipt) -> Ticket:
    with organization_scope(receipt.organization_id):
        fresh = Receipt.objects.select_related("message__ticket", "ticket").get(pk=receipt.pk)
    assert fresh.message is not None
    assert fresh.ticket_id == fresh.message.ticket_id
    return fresh.message.ticket


def test_a_mail_is_moved_by_one_click_and_back(cast: Cast, channel: Channel, desk: Client) -> None:
    first, second, other = two(cast, channel)
    assert other.ticket is not None
    move = WHY.format(second.message_id) + "move/"
    form = {"to": f"#{other.ticket.number}", "seen_on": str(first.ticket_id)}
    for _ in range(2):  # pressed twice
        assert desk.post(move, form).status_code == 302
    assert where(second).pk == other.ticket_id
    with organization_scope(cast.nordwerk.pk):
        row = Rethreading.objects.get()
        verbs = set(other.ticket.changes.values_list("verb", flat=True))
    assert "ticket.message_moved_here" in verbs
    for _ in range(2):
        desk.post(f"/desk/channels/mails/moves/{row.pk}/undo/")
    assert where(second).pk == first.ticket_id


def test_a_mail_gets_a_ticket_of_its_own_and_undo_leaves_no_empty_ticket(
    cast: Cast, channel: Channel, desk: Client
) -> None:
    first, second, _other = two(cast, channel)
    move = WHY.format(second.message_id) + "move/"
    desk.post(move, {"new": "1", "seen_on": str(first.ticket_id)})
    fresh = where(second)
    assert fresh.pk not in {first.ticket_id, _other.ticket_id}
    with organization_scope(cast.nordwerk.pk):
        row = Rethreading.objects.get()
        undo_rethread(rethreading=row, actor=Actor.person(cast.alice))
        assert not Ticket.objects.alive().filter(pk=fresh.pk).exists()
    assert where(second).pk == first.ticket_id


def test_the_only_mail_of_a_ticket_leaves_no_empty_one_behind(cast: Cast, channel: Channel) -> None:
    first, _second, other = two(cast, channel)
    with organization_scope(cast.nordwerk.pk):
        assert other.ticket_id
        assert first.ticket
        done = rethread(
            receipt=other, actor=Actor.person(cast.alice), seen_on=other.ticket_id, to=first.ticket
        )
        assert not Ticket.objects.alive().filter(pk=other.ticket_id).exists()
        undo_rethread(rethreading=done, actor=Actor.person(cast.alice))
        assert Ticket.objects.alive().filter(pk=other.ticket_id).exists()
        assert where(other).messages.get().is_opening


@pytest.mark.parametrize("typed", ["", "abc", "999999999999999999999999", "-1", "٣", "1; DROP"])
def test_a_wrong_number_is_told_beside_the_field(
    cast: Cast, channel: Channel, desk: Client, typed: str
) -> None:
    receipt = take(channel, from_dana())
    answer = desk.post(
        WHY.format(receipt.message_id) + "move/", {"to": typed, "seen_on": str(receipt.ticket_id)}
    )
    assert answer.status_code == 422
    assert "Enter the number of a ticket that you may see." in answer.content.decode()


def test_another_organizations_ticket_is_as_absent_as_none(
    cast: Cast, channel: Channel, desk: Client
) -> None:
    receipt = take(channel, from_dana())
    with organization_scope(cast.lumen.pk):
        foreign = Ticket.objects.filter(organization=cast.lumen).first()
        number = foreign.number if foreign else 987654
    answer = desk.post(
        WHY.format(receipt.message_id) + "move/",
        {"to": str(number), "seen_on": str(receipt.ticket_id)},
    )
    assert answer.status_code == 422


def test_a_mail_that_others_follow_stays(cast: Cast, channel: Channel) -> None:
    first, _second, other = two(cast, channel)
    with organization_scope(cast.nordwerk.pk):
        assert first.ticket_id
        with pytest.raises(InvalidChange, match="Merge"):
            rethread(
                receipt=first, actor=Actor.person(cast.alice), seen_on=first.ticket_id,
                to=other.ticket,
            )  # fmt: skip
