"""A process that takes mail in, killed with SIGKILL in the middle: nothing lost, nothing twice."""

import mailbox
import os
import subprocess
import sys
import time
from pathlib import Path

from integrations.models import Channel, Receipt
from omnidesk.core.tenancy import organization_scope
from tests.fakes.pop3 import Maildrop
from tests.integrations.forking import Forks, is_there, kill_child
from tests.integrations.test_imap import letter, poll, tickets
from tests.integrations.test_pop3 import use

MAILS = 60  # more than are taken in at once, and no flood yet
IMPORT = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("import_mail", sys.argv[1], channel=sys.argv[2])
"""


def start(program: str, *arguments: object) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def taken(channel: Channel) -> int:
    with organization_scope(channel.organization_id):
        return Receipt.objects.filter(channel=channel).count()


def kill_in_the_middle(process: int, channel: Channel) -> None:
    """Once a few are in, and before all are."""
    end = time.monotonic() + 60
    while taken(channel) < 3:
        assert time.monotonic() < end
        assert is_there(process)
        time.sleep(0.005)
    kill_child(process)
    assert 3 <= taken(channel) < MAILS


def test_a_look_by_pop3_killed_in_the_middle(live_channel: Channel, forks: Forks) -> None:
    drop = Maildrop()
    drop.start()
    use(live_channel, drop, pop_delete=True)
    for number in range(MAILS):
        drop.put(letter(number))
    look = forks.begin("integrations.syncing.look", live_channel.organization_id, live_channel.pk)
    kill_in_the_middle(look, live_channel)
    assert len(drop.mails) == MAILS  # the session did not end in order: nothing was deleted
    with organization_scope(live_channel.organization_id):
        Channel.objects.filter(pk=live_channel.pk).update(polling_since=None)
    poll(live_channel)
    assert (tickets(live_channel), drop.mails) == (MAILS, [])
    drop.stop()
    assert drop.violations == []


def test_an_import_killed_in_the_middle_goes_on(
    live_channel: Channel, tmp_path: Path, forks: Forks
) -> None:
    path = tmp_path / "old.mbox"
    file = mailbox.mbox(str(path))
    for number in range(MAILS):
        file.add(letter(number))
    file.close()
    command = "django.core.management.call_command"
    first = forks.begin(command, "import_mail", str(path), f"--channel={live_channel.slug}")
    kill_in_the_middle(first, live_channel)
    again = start(IMPORT, path, live_channel.slug)
    told, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    assert b"known" in told
    assert (tickets(live_channel), taken(live_channel)) == (MAILS, MAILS)
