"""A thousand signed calls of another helpdesk: all taken at once, replays and forgeries refused.

The same sender asks the same server for its barest page before and after: at any load the ratio
says what taking a call costs beyond answering at all.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.benchmarks.desk import ORGANIZATION, Installation
from tests.benchmarks.figures import Figures, stopwatch

pytestmark = pytest.mark.bench
CALLS = 1000
BARE = 300
SENDERS = 8
SECRET = "only for measuring"


def body(number: int) -> bytes:
    request = {
        "id": str(10**18 + number), "display_id": str(number), "subject": f"Printer {number}",
        "status": "Open", "priority": "Normal",
        "requester_email": f"person{number % 40}@nordwerk.example",
        "last_updated_time": str(1_700_000_000_000 + number),
    }  # fmt: skip
    return json.dumps({"event": "request.created", "request": request}).encode()


def signed(content: bytes, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "X-OmniDesk-Timestamp": stamp,
        "X-OmniDesk-Signature": f"sha256={digest.hexdigest()}",
    }


def rate(call: Callable[[Any], int], given: Iterable[Any], wanted: int = 200) -> float:
    """Calls a second of eight senders, all of which are answered as wanted."""
    with stopwatch() as elapsed, ThreadPoolExecutor(SENDERS) as pool:
        answers = list(pool.map(call, given))
        seconds = elapsed()
    assert set(answers) == {wanted}
    return len(answers) / seconds


def test_signed_calls(full_desk: Installation, figures: Figures) -> None:
    figures.group("Signed calls of another helpdesk (each a committed receipt before 202)")
    full_desk.command(
        "channels", "add", "servicedesk-plus", "--name", "Measured", "--organization",
        ORGANIZATION, "--set", f"secret={SECRET}", "--set", "enrich=no",
    )  # fmt: skip
    url = f"{full_desk.url}/api/v1/webhooks/servicedesk-plus/measured/"
    letters = [(content := body(number), signed(content)) for number in range(CALLS)]
    with httpx2.Client(limits=httpx2.Limits(max_connections=SENDERS), timeout=60) as client:

        def post(letter: tuple[bytes, dict[str, str]]) -> int:
            return client.post(url, content=letter[0], headers=letter[1]).status_code

        def look(_number: int) -> int:
            return client.get(f"{full_desk.url}/health/live").status_code

        before = rate(look, range(BARE))
        calls = rate(post, letters, wanted=202)
        figures.rate("taken with 202", calls, "calls")
        bare = (before + rate(look, range(BARE))) / 2
        figures.rate("the barest page, same sender", bare, "pages")
        figures.fact("a call against the barest page", f"{calls / bare:.2f} times its rate")
        replayed = [post(letter) for letter in letters[:50]]
        forged = [post((content, signed(content, "wrong"))) for content, _ in letters[:50]]
    assert set(replayed) == {401}
    assert set(forged) == {401}
    full_desk.until(
        lambda: (
            full_desk.ask(
                "SELECT count(*) FROM integrations_receipt WHERE state = 'accepted'"
                " AND external_id LIKE 'signed:%%'"
            )
            == [(CALLS,)]
        )
    )
    [(tickets,)] = full_desk.ask(
        "SELECT count(*) FROM tickets_ticket WHERE source = 'servicedesk_plus'"
    )
    assert tickets == CALLS
