"""Claude behind the `TextModel` port, through the official SDK."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import anthropic
import httpx2

from ai.engine.llm import LLMError, Price, Usage
from ai.engine.llm_base import TextModel, retry_after
from ai.engine.wire import HOOKS

API = "https://api.anthropic.com"
TRIAGE_MODEL = "claude-haiku-5-5"
DRAFT_MODEL = "claude-sonnet-5-5"
CONNECT_SECONDS = 5.0

UNREADABLE = "Something other than Claude answered at its address."

_TEMPORARY = frozenset({408, 409, 429})
_STOPPED = {
    "refusal": "The model declined to answer.",
    "max_tokens": "The model's answer was cut off.",
    "model_context_window_exceeded": "The ticket is too long for the model.",
}


PRICES = {
    "claude-haiku-5-5": Price(0.10, 0.50, 0.50, 2.50),
    "claude-sonnet-5-5": Price(2.0, 10.0),
    "claude-opus-5-5": Price(4.0, 20.0),
}


class AnthropicProvider(TextModel):
    """A `TextModel` on the Messages API; safe from several threads.

    models: purpose -> model, "" for every other purpose. timeout: seconds for one call. There
    are no retries here: the caller decides, and the SDK would wait as long as the service says.
    """

    def __init__(
        self,
        api_key: str,
        *,
        models: Mapping[str, str] = MappingProxyType({}),
        prices: Mapping[str, Price] = MappingProxyType({}),
        base_url: str = API,
        timeout: float = 60.0,
    ) -> None:
        if not api_key:
            raise LLMError("There is no API key for Claude.", permanent=True)
        self._models = {"": DRAFT_MODEL, "triage": TRIAGE_MODEL, **models}
        self._prices = {**PRICES, **prices}
        # Key and address are always given, so that no stray profile or variable is used.
        limits = httpx2.Timeout(timeout, connect=CONNECT_SECONDS)
        self._client = anthropic.Anthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=limits,
            http_client=anthropic.DefaultHttpxClient(timeout=limits, event_hooks=HOOKS),
        )

    def model_for(self, purpose: str) -> str:
        """See `TextModel.model_for`."""
        return self._models.get(purpose) or self._models[""]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, purpose: str, *, system: str, message: str, schema: dict[str, Any], max_tokens: int
    ) -> tuple[str, Usage]:
        """See `TextModel.ask`."""
        started = time.perf_counter()
        model = self.model_for(purpose)
        # Sorting needs no thinking, and it would be paid for.
        options: dict[str, Any] = {"thinking": {"type": "disabled"}} if purpose == "triage" else {}
        try:
            answer = self._client.messages.create(
                model=model,
                max_tokens=max_tokens,
                system=[{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
                messages=[{"role": "user", "content": message}],
                output_config={"format": {"type": "json_schema", "schema": schema}},
                **options,
            )
        except anthropic.APITimeoutError as error:
            raise LLMError("Claude did not answer in time.") from error
        except anthropic.APIConnectionError as error:
            raise LLMError("Claude cannot be reached.") from error
        except anthropic.APIStatusError as error:
            raise _status_error(error) from error
        except (anthropic.AnthropicError, ValueError) as error:
            raise LLMError(UNREADABLE) from error
        # The SDK builds its objects from whatever came, a proxy's error page included.
        whole = isinstance(answer, anthropic.types.Message) and answer.usage and answer.content
        if not whole or not isinstance(answer.usage.input_tokens, int):
            raise LLMError(UNREADABLE)
        usage = _usage(answer, model, self._prices.get(model), started)
        if answer.stop_reason in _STOPPED:
            raise LLMError(_STOPPED[answer.stop_reason], permanent=True, usage=usage)
        return _text(answer), usage


def _text(answer: anthropic.types.Message) -> str:
    """What it says. A thinking block may come first: the text is told by its type."""
    return "".join(block.text for block in answer.content if block.type == "text")


def _status_error(error: anthropic.APIStatusError) -> LLMError:
    status = error.status_code
    # Inside a stream an overload arrives with status 200: its type tells.
    overloaded = error.type in ("overloaded_error", "api_error", "rate_limit_error")
    temporary = status in _TEMPORARY or status >= 500 or overloaded
    reason = {
        401: "Claude refused the API key.",
        402: "Claude reports a billing problem.",
        403: "The API key may not use this model.",
        404: "Claude does not know the configured model.",
        413: "The ticket is too long for Claude.",
        429: "Claude asks to slow down.",
        529: "Claude is overloaded.",
    }.get(status, f"Claude answered with status {status}.")
    wait = retry_after(error.response.headers)
    return LLMError(reason, permanent=not temporary, retry_after=wait)


def _usage(
    answer: anthropic.types.Message, model: str, price: Price | None, started: float
) -> Usage:
    counted = answer.usage
    cached = counted.cache_read_input_tokens or 0
    total = counted.input_tokens + (counted.cache_creation_input_tokens or 0) + cached
    return Usage(
        model=model,
        input_tokens=total,
        output_tokens=counted.output_tokens,
        cached_tokens=cached,
        cost=price.cost(total, counted.output_tokens) if price else None,
        milliseconds=int(1000 * (time.perf_counter() - started)),
        request_id=answer._request_id or "",
    )
