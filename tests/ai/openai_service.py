"""Loopback services in the OpenAI chat format: strict, and broken in every way on demand."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

KEY = "sk-openai-of-the-loopback"
KNOWN = {
    "model", "messages", "response_format", "max_completion_tokens", "max_tokens", "stream",
}  # fmt: skip


@dataclass
class ChatService:
    """One service. kind: "openai" (v1 paths, bearer), "azure" (deployment paths, api-key)."""

    kind: str = "openai"
    token_word: str = "max_tokens"
    key: str = KEY
    requests: list[dict[str, Any]] = field(default_factory=list)
    # One answer each call, the last one for ever.
    replies: list[Callable[[dict[str, Any]], Response]] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        self.requests.append(body)
        if fault := self.fault(request, body):
            return self.problem(*fault)
        if not self.replies:
            return self.sort(body)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply(body)

    def fault(self, request: Request, body: dict[str, Any]) -> tuple[int, str] | None:
        bearer = request.headers.get("Authorization")
        if self.kind == "azure":
            if request.headers.get("api-key") != self.key or bearer:
                return 401, "invalid_api_key"
            if request.args.get("api-version") != "2024-10-21":
                return 404, "DeploymentNotFound"
        elif bearer != f"Bearer {self.key}":
            return 401, "invalid_api_key"
        unknown = set(body) - KNOWN
        if unknown or self.token_word not in body or not body.get("model"):
            return 400, "unsupported_parameter"
        wanted = body["response_format"]["json_schema"]
        schema = wanted["schema"]
        strict = wanted["strict"] and schema["additionalProperties"] is False
        if not strict or set(schema["required"]) != set(schema["properties"]):
            return 400, "invalid_schema"
        return None

    def sort(self, body: dict[str, Any], **wanted: str) -> Response:
        offered = body["response_format"]["json_schema"]["schema"]["properties"]
        answer: dict[str, Any] = {"reason": "It says so."}
        for name in {"category", "team", "urgency"} & set(offered):
            answer[name] = wanted.get(name, offered[name]["enum"][0])
            answer[f"{name}_confidence"] = 0.8
        return self.message(json.dumps(answer))

    def message(self, text: str, reason: str = "stop", *, bare: bool = False) -> Response:
        body: dict[str, Any] = {
            "choices": [
                {"index": 0, "finish_reason": reason,
                 "message": {"role": "assistant", "content": text}}
            ],
        }  # fmt: skip
        if not bare:
            body |= {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
                     "usage": {"prompt_tokens": 900, "completion_tokens": 50,
                               "total_tokens": 950}}  # fmt: skip
        return Response(json.dumps(body), 200, content_type="application/json")

    @staticmethod
    def problem(status: int, code: str, **headers: str) -> Response:
        body = {"error": {"message": code, "type": "some_error", "param": None, "code": code}}
        return Response(json.dumps(body), status, content_type="application/json", headers=headers)

    @staticmethod
    def hang(seconds: float) -> Callable[[dict[str, Any]], Response]:
        def reply(_body: dict[str, Any]) -> Response:
            time.sleep(seconds)
            return Response("", 500)

        return reply
