"""From one person's change to another's browser."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.benchmarks.desk import AGENT, LEAD, Installation
from tests.benchmarks.figures import WARM_UP, Figures, Sample

pytestmark = pytest.mark.bench
TIMES = 30


def hear(socket: ClientConnection, words: str) -> float:
    """The moment at which a message with these words arrives."""
    while words not in str(socket.recv(timeout=30)):
        pass
    return time.perf_counter()


def test_news(full_desk: Installation, figures: Figures) -> None:
    figures.group("Live")
    with (
        closing(full_desk.program(LEAD)) as program,
        closing(full_desk.signed_in(AGENT)) as browser,
    ):
        opened = program.post(
            "/api/v1/tickets/", json={"subject": "Scanner is slow", "description": "Since noon."}
        ).json()
        full_desk.quiet()
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        with connect(
            full_desk.url.replace("http", "ws") + "/ws/",
            additional_headers={"Cookie": cookies},
            origin=Origin(full_desk.url),
        ) as socket:
            channel = f"ticket:{opened['number']}"
            socket.send(json.dumps({"type": "subscribe", "channel": channel}))
            hear(socket, "subscribed")
            heard, answered = changes(program, socket, int(opened["number"]))
    figures.calls("a note: from its request to another's browser", heard)
    figures.calls("a note: from its request to its own answer", answered)


def changes(program: httpx2.Client, socket: ClientConnection, number: int) -> tuple[Sample, Sample]:
    """Seconds until the news of a note, and until its writer has the answer."""
    heard, answered = [], []
    with ThreadPoolExecutor(1) as pool:
        for turn in range(TIMES + WARM_UP):
            # News may arrive before the answer does, so somebody listens meanwhile.
            news = pool.submit(hear, socket, "ticket.noted")
            began = time.perf_counter()
            done = program.post(
                f"/api/v1/tickets/{number}/responses/",
                json={"text": f"Looked again, try {turn}.", "visibility": "internal"},
            )
            answered.append(time.perf_counter() - began)
            assert done.status_code == 201, done.text
            heard.append(news.result() - began)
    return Sample(tuple(heard[WARM_UP:])), Sample(tuple(answered[WARM_UP:]))
