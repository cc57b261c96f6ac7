"""A loopback Claude that speaks its contract strictly and answers what a test tells it to."""

import json
from collections.abc import Callable
from typing import Any

from werkzeug import Request, Response

KEY = "sk-test-of-the-loopback"


class Service:
    """The Messages API as far as a triage needs it; refuses what the real one refuses."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.reply: Callable[[dict[str, Any]], Response] = self.sort

    def __call__(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        self.requests.append(body)
        known = {"model", "max_tokens", "system", "messages", "output_config", "thinking"}
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return self.error(401, "authentication_error")
        if not request.headers.get("anthropic-version") or set(body) - known:
            return self.error(400, "invalid_request_error")
        schema = body["output_config"]["format"]["schema"]
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])
        return self.reply(body)

    def sort(self, body: dict[str, Any], *, category: str = "Printing") -> Response:
        offered = body["output_config"]["format"]["schema"]["properties"]
        answer: dict[str, Any] = {"reason": "The badge of [PERSON_1] does not open a door."}
        wanted = {"category": category, "team": "Network & VPN", "urgency": "medium"}
        for name in set(wanted) & set(offered):
            answer[name], answer[f"{name}_confidence"] = wanted[name], 0.8
        return self.message(json.dumps(answer))

    def message(self, text: str, stop_reason: str = "end_turn") -> Response:
        body = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-5-5",
            "content": [{"type": "text", "text": text}],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 900,
                "output_tokens": 60,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 100,
            },
        }
        return Response(json.dumps(body), 200, content_type="application/json")

    @staticmethod
    def error(status: int, kind: str) -> Response:
        body = {"type": "error", "error": {"type": kind, "message": kind}, "request_id": "req_1"}
        return Response(json.dumps(body), status, content_type="application/json")
