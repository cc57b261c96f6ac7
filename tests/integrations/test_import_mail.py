"""An old mailbox becomes tickets: looked at first, resumable, once, and nothing is sent."""

import io
import mailbox
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations import delivery as sending
from integrations.models import Channel, Delivery, Receipt
from omnidesk.core.tenancy import organization_scope, system_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tickets.models import Letter, Message, RuleEvent, Ticket

DANA = "dana@nordwerk.example"
DESK = "desk@nordwerk.example"


def old(number: int, **fields: str) -> bytes:
    day = f"Mon, {1 + number} Mar 2021 10:00:00 +0000"
    defaults = {"from": DANA, "date": day, "message_id": f"<{number}@old.example>"}
    return mail(f"Text {number}", **{**defaults, **fields})


@pytest.fixture
def box(tmp_path: Path, live_channel: Channel) -> Path:
    """A question, our answer, a thank you (stored first), a stranger, a bounce, nonsense."""
    path = tmp_path / "old.mbox"
    file = mailbox.mbox(str(path))
    for raw in (
        old(3, in_reply_to="<2@old.example>", subject="Re: Printer"),
        old(1, subject="Printer"),
        old(2, **{"from": DESK, "to": DANA}, in_reply_to="<1@old.example>", subject="Re: Printer"),
        old(4, **{"from": "eve@outside.example"}, subject="Offer"),
        old(5, **{"from": "MAILER-DAEMON@x.example"}, subject="Undelivered mail", return_path="<>"),
        b"\xff\x00" * 50,
    ):
        file.add(raw)
    file.close()
    return path


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("import_mail", *map(str, arguments), stdout=out)
    return out.getvalue()


def counted(text: str) -> dict[str, int]:
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def test_a_dry_run_says_what_would_become_what_and_the_run_does_just_that(
    box: Path, live_channel: Channel
) -> None:
    told = run(box, "--channel", live_channel.slug, "--dry-run")
    assert "Nothing was written." in told
    with organization_scope(live_channel.organization_id):
        assert not Receipt.objects.exists()
        assert not Ticket.objects.exists()
    done = run(box, "--channel", live_channel.slug)
    assert counted(told) == counted(done)
    assert counted(done) == {"ticket": 2, "message": 1, "answer": 1, "ignored": 1, "quarantined": 1}


def test_conversations_are_as_they_were(box: Path, live_channel: Channel) -> None:
    run(box, "--channel", live_channel.slug)
    with organization_scope(live_channel.organization_id):
        ticket = Ticket.objects.select_related("status").get(subject="Printer")
        rows = list(ticket.messages.order_by("created_at"))
    assert [(one.from_requester, one.created_at.year) for one in rows] == [
        (True, 2021), (False, 2021), (True, 2021),
    ]  # fmt: skip
    assert ticket.created_at.year == 2021
    assert ticket.status_category == "closed"


def test_again_changes_nothing_and_a_part_is_gone_on_with(box: Path, live_channel: Channel) -> None:
    assert counted(run(box, "--channel", live_channel.slug, "--limit", 2)) == {
        "ticket": 1, "answer": 1,
    }  # fmt: skip
    rest = counted(run(box, "--channel", live_channel.slug))
    assert rest["known"] == 2
    again = counted(run(box, "--channel", live_channel.slug))
    with organization_scope(live_channel.organization_id):
        assert Ticket.objects.count() == 2
        assert Message.objects.filter(kind="public").count() == 4
    assert set(again) <= {"known", "ignored"}


def test_nothing_is_sent_and_nobody_is_told(
    box: Path, live_cast: Cast, live_channel: Channel
) -> None:
    run(box, "--channel", live_channel.slug, "--open")
    assert sending.sweep() == []
    with system_scope():
        assert not Delivery.objects.exclude(state="sent").exists()
        assert not Letter.objects.exists()
        assert not RuleEvent.objects.exists()


@pytest.mark.parametrize("content", [b"", b"Not a mailbox", b"\x00\xff"])
def test_what_is_no_mailbox_is_told(tmp_path: Path, live_channel: Channel, content: bytes) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="no mbox file"):
        run(path, "--channel", live_channel.slug)
    with pytest.raises(CommandError, match="There is no file"):
        run(tmp_path / "absent", "--channel", live_channel.slug)


def test_a_folder_of_mails_is_read_too(tmp_path: Path, live_channel: Channel) -> None:
    (tmp_path / "a.eml").write_bytes(old(1))
    assert counted(run(tmp_path, "--channel", live_channel.slug)) == {"ticket": 1}
