"""Many mails at once end as one at a time would, in a few statements, once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import taking
from integrations.mailkeeping import Incoming, keep_mails
from integrations.models import (
    AlarmPattern,
    BlockedSender,
    Channel,
    MailRoute,
    Receipt,
    ReceiptState,
)
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.at_once import at_once
from tests.cast import Cast
from tests.channels.email.build import mail, multipart, part
from tests.integrations.letters import answered
from tests.integrations.test_killed import kill
from tickets.actions import opening
from tickets.models import Attachment, Change, Message, Rule, RuleEvent, SlaClock, Ticket

# Of these 13 are savepoints that only a test has, 14 read the setup for the first time.
MOST_STATEMENTS = 52
TAKE = """
import sys, django
django.setup()
from integrations import taking
taking.take_waiting(int(sys.argv[1]), int(sys.argv[2]))
"""


def letter(number: int, body: str = "The printer is dead.", **fields: str) -> bytes:
    sender = {"from": f"Person {number} <person{number}@nordwerk.example>"}
    return mail(
        body,
        **{**sender, "message_id": f"<{number}@nordwerk.example>", **fields},
    )


def arrive(channel: Channel, raws: Sequence[bytes], *envelope: str) -> int:
    return keep_mails(channel, [Incoming(raw, envelope=envelope) for raw in raws])


def take(channel: Channel) -> int:
    return taking.take_waiting(channel.organization_id, channel.pk)


def test_fifty_mails_cost_a_few_statements(cast: Cast, channel: Channel) -> None:
    assert arrive(channel, [letter(number) for number in range(50)]) == 50
    with CaptureQueriesContext(connection) as captured:
        assert take(channel) == 50
    assert len(captured) <= MOST_STATEMENTS
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.filter(requester__email__startswith="person").count() == 50
        assert SlaClock.objects.values("ticket").distinct().count() == 50
        assert Change.objects.filter(verb="ticket.opened").count() == 50
        assert not Receipt.objects.exclude(state=ReceiptState.ACCEPTED).exists()
    # Ten mails cost as many statements: none of them belongs to a mail.
    arrive(channel, [letter(number) for number in range(100, 110)])
    with CaptureQueriesContext(connection) as fewer:
        assert take(channel) == 10
    assert len(captured) - 14 <= len(fewer) <= len(captured)


def test_the_same_mail_again_is_known(cast: Cast, channel: Channel) -> None:
    assert arrive(channel, [letter(1), letter(2), letter(1)]) == 2
    assert arrive(channel, [letter(2), letter(3)]) == 1
    assert take(channel) == 3
    assert arrive(channel, [letter(3)]) == 0
    assert take(channel) == 0
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 3


# --- Every rule holds as for a mail that comes alone ---------------------------------------------


def all_kinds(channel: Channel, answer: str) -> list[bytes]:
    """Mails of every fate, several of which depend on another one of the same batch."""
    flood = [letter(n, **{"from": "storm@nordwerk.example"}) for n in range(300, 304)]
    return [
        letter(1),
        letter(2, "<p>Hello <b>desk</b></p>", content_type="text/html"),
        letter(3, "Hallo zusammen, der Drucker im zweiten Stock druckt seit heute gar nichts."),
        letter(4, cc="Bo <bo@nordwerk.example>", subject=""),
        letter(5, "", subject=""),
        # A second mail of the same person, and an answer to a mail of this very batch.
        letter(6, **{"from": "person1@nordwerk.example"}),
        letter(7, "It still is.", **{"from": "person1@nordwerk.example"},
               in_reply_to="<1@nordwerk.example>", subject="Re: Printer"),
        letter(8, in_reply_to="<somebody-elses@example.org>"),
        letter(9, in_reply_to=f"<{answer}>", **{"from": "dana@nordwerk.example"}),
        letter(10, in_reply_to=f"<{answer}>"),
        letter(11, subject="About [#999999]"),
        letter(12, **{"from": "eve@spam.example"}),
        letter(13, **{"from": "gone@nordwerk.example"}),
        letter(14, **{"from": "desk@nordwerk.example"}),
        letter(15, **{"from": "not an address"}),
        letter(16, auto_submitted="auto-replied"),
        letter(17, subject="** PROBLEM Service Alert: web01/HTTP is CRITICAL **"),
        letter(18, subject="** RECOVERY Service Alert: web01/HTTP is OK **",
               **{"from": "person17@nordwerk.example"}),
        letter(19, **{"from": "MAILER-DAEMON@relay.example"}, return_path="<>"),
        letter(20, to="desk+printers@nordwerk.example"),
        letter(21, list_id="<vpn.nordwerk.example>"),
        letter(22, message_id=f"<{answer}>"),
        letter(23, **{"from": "x@stranger.example"}),
        multipart(
            part("text/plain", "see file"),
            part("text/plain", "log", Content_Disposition="attachment; filename=a.log"),
            part("text/plain", "", Content_Disposition="attachment; filename=empty.log"),
            **{"from": "files@nordwerk.example", "message_id": "<24@nordwerk.example>"},
        ),
        multipart(
            part("text/plain", "see file"),
            part("text/plain", "log", Content_Disposition="attachment; filename=b.log"),
            **{"from": "files@nordwerk.example", "message_id": "<25@nordwerk.example>"},
        ),
        b"\xff\xfe nonsense \x00",
        *flood,
    ]  # fmt: skip


@pytest.fixture
def busy(cast: Cast, channel: Channel) -> str:
    """Routes, a blocked sender, somebody who left, rules, an answered ticket: its Message-ID."""
    _ticket, answer = answered(cast, channel)
    User.objects.create_user("gone@nordwerk.example", None, is_active=False)
    User.objects.create_user("person3@nordwerk.example", None)
    with organization_scope(cast.nordwerk.pk):
        home = {"organization": cast.nordwerk}
        BlockedSender.objects.create(**home, sender="spam.example", reason="spam")
        MailRoute.objects.create(**home, channel=channel, pattern="print*", category=cast.printing)
        MailRoute.objects.create(
            **home, channel=channel, header="List-Id", pattern="*vpn*", category=cast.vpn
        )
        Rule.objects.create(**home, name="Look", is_active=True)
        Receipt.objects.bulk_create(
            Receipt(
                **home,
                channel=channel,
                external_id=str(n),
                key=str(n),
                raw=b"",
                size=0,
                sender="storm@nordwerk.example",
                state=ReceiptState.ACCEPTED,
                received_at=now(),
            )
            for n in range(58)
        )
        AlarmPattern.objects.create(
            **home, name="Checks", subject="** {kind} Service Alert: {host}/{service} is {state} **"
        )
    return answer


def outcome(cast: Cast) -> dict[str, list[Any]]:
    """All that mails led to, told by the mails instead of by numbers."""
    with organization_scope(cast.nordwerk.pk):
        rows = Receipt.objects.order_by("key").select_related("ticket", "message")
        tickets = Ticket.objects.order_by("messages__external_id", "subject").filter(
            messages__is_opening=True
        )
        changes = Change.objects.values_list(
            "verb", "field", "old", "new", "actor_kind", "actor_label", "ticket__subject"
        )
        messages = Message.objects.values_list(
            "external_id", "text", "html", "quoted", "cc", "kind", "author__email", "is_opening",
            "from_requester", "source", "ticket__subject", "ticket__requester__email",
        )  # fmt: skip
        return {
            "receipts": [
                (
                    row.key, row.state, row.reason, row.is_auto, row.sender, row.subject,
                    {k: v for k, v in row.trail.items() if k != "number"},
                    row.ticket and row.ticket.subject, row.message and row.message.external_id,
                )
                for row in rows
            ],
            "tickets": list(
                tickets.values_list(
                    "subject", "description", "requester__email", "requester__name", "type__key",
                    "status__key", "status_category", "category__name", "team__name", "urgency",
                    "impact", "priority", "language", "source", "version", "message_count",
                    "ai_state", "ai_verdict", "custom_fields", "sla_clocks__metric",
                ).order_by("messages__external_id", "subject", "sla_clocks__metric")
            ),
            "due": [ticket.first_response_due is not None for ticket in tickets],
            "messages": sorted(messages, key=str),
            "changes": sorted(changes, key=str),
            "files": sorted(Attachment.objects.values_list("name", "size", "message__text")),
            "rules": sorted(RuleEvent.objects.values_list("triggers", "chain"), key=str),
            "people": sorted(User.objects.values_list("email", "name", "memberships__role")),
        }  # fmt: skip


def tried(cast: Cast, work: Callable[[], None]) -> dict[str, list[Any]]:
    """What `work` leads to; then nothing has happened."""
    with transaction.atomic():
        work()
        found = outcome(cast)
        transaction.set_rollback(True)
    return found


def test_a_batch_ends_as_mails_that_come_one_by_one(
    cast: Cast, channel: Channel, busy: str
) -> None:
    raws = all_kinds(channel, busy)

    def alone() -> None:
        for raw in raws:
            arrive(channel, [raw])
            with organization_scope(cast.nordwerk.pk):
                receipt = Receipt.objects.get(state=ReceiptState.WAITING)
            taking.take_in(cast.nordwerk.pk, receipt.pk)

    def together() -> None:
        arrive(channel, raws)
        assert take(channel) == len(raws)

    expected, found = tried(cast, alone), tried(cast, together)
    for what, rows in expected.items():
        assert found[what] == rows, what
    states = [row[1] for row in expected["receipts"]]
    assert states.count(ReceiptState.QUARANTINED) >= 7
    assert states.count(ReceiptState.IGNORED) >= 3


def test_the_envelope_is_kept_and_counts(cast: Cast, channel: Channel) -> None:
    with organization_scope(cast.nordwerk.pk):
        MailRoute.objects.create(
            organization=cast.nordwerk, channel=channel, pattern="vpn", category=cast.vpn
        )
    arrive(channel, [letter(1, to="hidden:;")], "Desk+VPN@nordwerk.example")
    take(channel)
    with organization_scope(cast.nordwerk.pk):
        receipt = Receipt.objects.select_related("ticket__category").get()
        assert receipt.ticket is not None
        assert receipt.ticket.category == cast.vpn
        assert receipt.trail["envelope"] == ["Desk+VPN@nordwerk.example"]
        assert receipt.trail["route"] == "+: vpn"


def test_a_route_to_another_mailbox_takes_the_bytes_along(cast: Cast, channel: Channel) -> None:
    with organization_scope(cast.nordwerk.pk):
        other = Channel.objects.create(
            organization=cast.nordwerk, kind="email", name="Other", address="o@nordwerk.example"
        )
        MailRoute.objects.create(
            organization=cast.nordwerk, channel=channel, pattern="over", to_channel=other
        )
    raw = letter(1, to="desk+over@nordwerk.example")
    arrive(channel, [letter(0), raw])
    assert take(channel) == 2
    with organization_scope(cast.nordwerk.pk):
        passed_on = Receipt.objects.get(channel=channel, state=ReceiptState.IGNORED)
        assert (bytes(passed_on.raw), passed_on.size) == (b"", 0)
        assert bytes(Receipt.objects.get(channel=other).raw) == raw
        assert Ticket.objects.count() == 2


def test_one_that_fails_harms_no_other(
    cast: Cast, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(ticket: Ticket, message: Message, files: list[Any], *rest: Any) -> None:
        if any(file.name == "poison.log" for file in files):
            raise OSError("no space left")

    monkeypatch.setattr(opening, "store", full_disk)
    poison = multipart(
        part("text/plain", "see file"),
        part("text/plain", "log", Content_Disposition="attachment; filename=poison.log"),
        **{"from": "files@nordwerk.example", "message_id": "<2@nordwerk.example>"},
    )
    arrive(channel, [letter(1), poison, letter(3)])
    assert take(channel) == 3
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.count() == 2
        receipt = Receipt.objects.get(state=ReceiptState.QUARANTINED)
        assert receipt.reason == "OSError: no space left"
        assert bytes(receipt.raw) == poison


# --- Once, whoever comes and whoever dies --------------------------------------------------------


def test_several_takers_at_once_take_each_mail_once(live_channel: Channel) -> None:
    arrive(live_channel, [letter(number) for number in range(120)])

    at_once(lambda: take(live_channel))
    take(live_channel)
    everything_is_there_once(live_channel, 120)


def everything_is_there_once(channel: Channel, count: int) -> None:
    with organization_scope(channel.organization_id):
        assert Ticket.objects.count() == count
        assert Message.objects.values("external_id").distinct().count() == count
        rows = Receipt.objects.filter(state=ReceiptState.ACCEPTED, ticket__isnull=False)
        assert rows.values("ticket").distinct().count() == count


def accepted(channel: Channel) -> int:
    with organization_scope(channel.organization_id):
        return Receipt.objects.filter(state=ReceiptState.ACCEPTED).count()


def test_a_taker_killed_in_the_middle_loses_and_doubles_nothing(live_channel: Channel) -> None:
    for start in range(0, 300, 100):
        arrive(live_channel, [letter(number) for number in range(start, start + 100)])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(live_channel.organization_id), str(live_channel.pk)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while not accepted(live_channel):
        assert process.poll() is None
        assert time.monotonic() < end
    kill(process)
    assert 0 < accepted(live_channel) < 300
    take(live_channel)  # at once: nobody's claim has to run out
    everything_is_there_once(live_channel, 300)
