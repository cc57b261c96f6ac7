"""Claude behind the `LLMProvider` port, through the official SDK."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2

from ai.engine.llm import (
    MAX_PASSAGES,
    Choices,
    DraftAnswer,
    LLMError,
    TriageAnswer,
    Usage,
    check_links,
    draft_message,
    draft_schema,
    prompt,
    read_draft,
    read_triage,
    triage_message,
    triage_schema,
)
from ai.engine.types import Passage

API = "https://api.anthropic.com"
TRIAGE_MODEL = "claude-haiku-5-5"
DRAFT_MODEL = "claude-sonnet-5-5"
TRIAGE_TOKENS = 1_000
DRAFT_TOKENS = 4_000
CONNECT_SECONDS = 5.0
LONG_PROMPT = 100_000

UNREADABLE = "Something other than Claude answered at its address."

_TEMPORARY = frozenset({408, 409, 429})
_STOPPED = {
    "refusal": "The model declined to answer.",
    "max_tokens": "The model's answer was cut off.",
    "model_context_window_exceeded": "The ticket is too long for the model.",
}


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `long_*` for prompts above 100,000 tokens."""

    input: float
    output: float
    long_input: float | None = None
    long_output: float | None = None

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of one call, as if nothing had come from the cache."""
        is_long = input_tokens > LONG_PROMPT
        into = self.long_input if is_long and self.long_input else self.input
        out = self.long_output if is_long and self.long_output else self.output
        return (input_tokens * into + output_tokens * out) / 1_000_000


PRICES = {
    "claude-haiku-5-5": Price(0.10, 0.50, 0.50, 2.50),
    "claude-sonnet-5-5": Price(2.0, 10.0),
    "claude-opus-5-5": Price(4.0, 20.0),
}


class AnthropicProvider:
    """An `LLMProvider` on the Messages API; safe from several threads.

    timeout: seconds for one call. There are no retries here: the task that asked is
    a row that comes again, and the SDK would wait as long as the service says.
    """

    def __init__(
        self,
        api_key: str,
        *,
        triage_model: str = TRIAGE_MODEL,
        draft_model: str = DRAFT_MODEL,
        base_url: str = API,
        timeout: float = 60.0,
    ) -> None:
        if not api_key:
            raise LLMError("There is no API key for Claude.", permanent=True)
        self._triage_model, self._draft_model = triage_model, draft_model
        # Key and address are always given, so that no stray profile or variable is used.
        self._client = anthropic.Anthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=httpx2.Timeout(timeout, connect=CONNECT_SECONDS),
        )

    def triage(self, text: str, choices: Choices, *, language: str = "") -> TriageAnswer:
        """See `LLMProvider.triage`."""
        answer, usage = self._ask(
            self._triage_model,
            system=prompt("triage"),
            message=triage_message(text, choices, language),
            schema=triage_schema(choices),
            max_tokens=TRIAGE_TOKENS,
            thinking={"type": "disabled"},
        )
        return read_triage(answer, choices, usage)

    def draft(self, question: str, passages: Sequence[Passage], *, language: str) -> DraftAnswer:
        """See `LLMProvider.draft`; only the first eight passages are sent."""
        answer, usage = self._ask(
            self._draft_model,
            system=prompt("draft"),
            message=draft_message(question, passages, language),
            schema=draft_schema(),
            max_tokens=DRAFT_TOKENS,
        )
        offered = passages[:MAX_PASSAGES]
        return check_links(read_draft(answer, len(offered), usage), offered, usage)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(
        self,
        model: str,
        *,
        system: str,
        message: str,
        schema: dict[str, Any],
        max_tokens: int,
        **options: Any,
    ) -> tuple[str, Usage]:
        started = time.perf_counter()
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
        usage = _usage(answer, model, started)
        if answer.stop_reason in _STOPPED:
            raise LLMError(_STOPPED[answer.stop_reason], permanent=True, usage=usage)
        # A thinking block may come first: take the text by its type, not its place.
        text = "".join(block.text for block in answer.content if block.type == "text")
        return text, usage


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
    return LLMError(reason, permanent=not temporary)


def _usage(answer: anthropic.types.Message, model: str, started: float) -> Usage:
    counted = answer.usage
    cached = counted.cache_read_input_tokens or 0
    total = counted.input_tokens + (counted.cache_creation_input_tokens or 0) + cached
    price = PRICES.get(model)
    return Usage(
        model=model,
        input_tokens=total,
        output_tokens=counted.output_tokens,
        cached_tokens=cached,
        cost=price.cost(total, counted.output_tokens) if price else None,
        milliseconds=int(1000 * (time.perf_counter() - started)),
        request_id=answer._request_id or "",
    )
