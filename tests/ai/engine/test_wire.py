"""What is kept of a call: the bodies as they went over the wire, masked, bounded, readable."""

import json

import httpx2
import pytest

from ai.engine.wire import HOOKS, LONGEST, kept, masked, recording, words_of

STREAM = b'event: message_start\ndata: {"type": "message_start"}\n\nevent: ping\ndata: {}\n\n'
ODD = '{"choices": [], "content": 7, "messages": "x"}'
ANSWER = {
    "id": "msg_01AbCdEfGhIjKlMnOpQrStUvWx",
    "model": "claude-haiku-5-5",
    "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Zugänge"}],
}


def client(body: bytes, kind: str = "application/json") -> httpx2.Client:
    """A client whose far side answers `body`."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"Content-Type": kind})

    return httpx2.Client(transport=httpx2.MockTransport(answer), event_hooks=HOOKS)


def test_both_bodies_are_kept_and_no_header() -> None:
    with client(b'{"a": 1}') as http, recording() as tape:
        headers = {"Authorization": "Bearer sk-secret"}
        http.post("https://model.example/v1", json={"q": "ä"}, headers=headers)
    assert tape.sent == '{"q":"ä"}'.encode()
    assert tape.received == b'{"a": 1}'
    assert b"sk-secret" not in tape.sent + tape.received


def test_the_events_of_a_stream_are_kept_together_and_still_read_one_by_one() -> None:
    with (
        client(STREAM, "text/event-stream") as http,
        recording() as tape,
        http.stream("POST", "https://model.example/v1", json={}) as response,
    ):
        lines = [line for line in response.iter_lines() if line.startswith("event")]
    assert tape.received == STREAM
    assert lines == ["event: message_start", "event: ping"]


def test_outside_of_a_recording_nothing_is_kept() -> None:
    with recording() as tape:
        pass
    with client(b"{}") as http:
        http.post("https://model.example/v1", json={})
    assert tape.sent == b""


def test_what_came_back_is_the_very_text_unless_something_has_to_be_masked() -> None:
    body = json.dumps(ANSWER, indent=2)
    assert masked(body) == body
    told = {
        **ANSWER,
        "content": [{"type": "text", "text": "ask jo@mail.example or jo@mail.example"}],
    }
    found = json.loads(masked(json.dumps(told)))
    assert found["content"][0]["text"] == "ask [EMAIL_1] or [EMAIL_1]"
    assert found["id"] == ANSWER["id"]
    assert masked("<p>jo@mail.example</p>") == "<p>[EMAIL_1]</p>"


def test_no_body_is_kept_beyond_its_bound_nor_with_a_nul() -> None:
    assert kept(b"a\x00b\xff") == "ab\ufffd"
    assert len(kept(b"x" * (LONGEST + 5))) == LONGEST


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (json.dumps({"messages": [{"role": "user", "content": "Hi"}]}), "Hi"),
        (json.dumps({"messages": [{"content": [{"type": "text", "text": "Hi"}]}]}), "Hi"),
        (json.dumps(ANSWER), "Zugänge"),
        (json.dumps({"choices": [{"message": {"content": "Hi"}}]}), "Hi"),
        ("Words of an earlier release", "Words of an earlier release"),
        ('{"category": "Printing"}', '{"category": "Printing"}'),
        (ODD, ODD),
        ('{"query": "[EMAIL_1]"}', '{"query": "[EMAIL_1]"}'),
        ("[1]", "[1]"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_words_of_either_service_and_of_old_rows_are_read(body: str, words: str) -> None:
    assert words_of(body) == words
