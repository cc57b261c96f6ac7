"""A worker killed with SIGKILL while it sends a text message of a notice: once, or asked about."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from integrations import letters
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.twilio import Twilio
from tests.integrations.forking import Forks, kill_child
from tests.integrations.test_notice_media import kept, send, text_due
from tickets.models import Letter, LetterState


def start(forks: Forks, pair: tuple[int, int]) -> int:
    """A process that delivers the letter, as a worker does; its number."""
    return forks.begin("integrations.letters.deliver_letter", *pair, OUTBOUND_ALLOW=["127.0.0.0/8"])


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def died_long_ago(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        Letter.objects.update(claimed_at=now() - timedelta(hours=1))


def test_killed_once_the_provider_has_it_it_is_never_sent_again(
    live_cast: Cast, twilio: Twilio, forks: Forks
) -> None:
    pair = text_due(live_cast, twilio)
    twilio.held = threading.Event()
    process = start(forks, pair)
    until(lambda: len(twilio.sent) == 1)
    kill_child(process)
    twilio.held.set()
    assert kept(live_cast).state == LetterState.HANDING_OVER
    died_long_ago(live_cast)
    assert [send(live_cast) for _ in range(3)] == [[], [], []]
    assert kept(live_cast).state == LetterState.UNCERTAIN
    assert len(twilio.sent) == 1


def test_killed_at_any_moment_it_is_there_once_or_asks_a_person(
    live_cast: Cast, twilio: Twilio, forks: Forks
) -> None:
    pair = text_due(live_cast, twilio)
    for moment in range(6):
        process = start(forks, pair)
        time.sleep(0.03 * moment)
        kill_child(process)
        if kept(live_cast).state == LetterState.CLAIMED:
            died_long_ago(live_cast)
            letters.due_letters()
    died_long_ago(live_cast)
    for _ in range(3):
        send(live_cast)
    letter = kept(live_cast)
    assert letter.state in {LetterState.SENT, LetterState.UNCERTAIN}
    assert len(twilio.sent) == 1 if letter.state == LetterState.SENT else len(twilio.sent) <= 1
