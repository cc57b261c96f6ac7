"""Services that speak the OpenAI chat format: OpenAI, Azure, Ollama and others at an address."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx2
import openai

from ai.engine.llm import LLMError, Price, Usage
from ai.engine.llm_base import TextModel, retry_after
from ai.engine.wire import HOOKS

CONNECT_SECONDS = 5.0
API = "https://api.openai.com/v1"
_TEMPORARY = frozenset({408, 409, 429})
_STOPPED = {
    "length": "The model's answer was cut off.",
    "content_filter": "The model declined to answer.",
}
# Some local models think aloud before they answer.
_THOUGHT = re.compile(r"<think>.{0,100000}?</think>", re.DOTALL)
_FENCE = re.compile(r"^\s*```(?:json)?\s*(.{0,200000}?)\s*```\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is. name: how people call it. azure_version: an API version for Azure's
    deployment form, else "". token_word: what the service calls the bound on its answer."""

    name: str
    base_url: str = API
    api_key: str = ""
    azure_version: str = ""
    token_word: str = "max_completion_tokens"  # noqa: S105  # a parameter's name


class OpenAIProvider(TextModel):
    """A `TextModel` on chat completions; safe from several threads, without retries.

    models: purpose -> model or deployment, "" for every other purpose.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        models: Mapping[str, str],
        prices: Mapping[str, Price] = MappingProxyType({}),
        timeout: float = 60.0,
    ) -> None:
        if not endpoint.api_key:
            raise LLMError(f"There is no API key for {endpoint.name}.", permanent=True)
        self._name, self._token_word = endpoint.name, endpoint.token_word
        self._models, self._prices = dict(models), dict(prices)
        self._client = _client(endpoint, httpx2.Timeout(timeout, connect=CONNECT_SECONDS))

    def model_for(self, purpose: str) -> str:
        """See `TextModel.model_for`."""
        return self._models.get(purpose) or self._models.get("", "")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, purpose: str, *, system: str, message: str, schema: dict[str, Any], max_tokens: int
    ) -> tuple[str, Usage]:
        """See `TextModel.ask`."""
        started = time.perf_counter()
        model = self.model_for(purpose)
        bound: dict[str, Any] = {self._token_word: max_tokens}
        try:
            answer = self._client.chat.completions.create(
                model=model,
                messages=[
                    {"role": "system", "content": system},
                    {"role": "user", "content": message},
                ],
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": purpose, "strict": True, "schema": schema},
                },
                **bound,
            )
        except openai.APITimeoutError as error:
            raise LLMError(f"{self._name} did not answer in time.") from error
        except openai.APIConnectionError as error:
            raise LLMError(f"{self._name} cannot be reached.") from error
        except openai.APIStatusError as error:
            raise self._status_error(error) from error
        except (openai.OpenAIError, ValueError) as error:
            raise LLMError(f"Something other than {self._name} answered at its address.") from error
        return self._read(answer, model, started)

    def _read(self, answer: Any, model: str, started: float) -> tuple[str, Usage]:
        """Text and usage; compatible services leave out half of it."""
        choices: Any = getattr(answer, "choices", None) or [None]
        message = getattr(choices[0], "message", None)
        if message is None:
            raise LLMError(f"Something other than {self._name} answered at its address.")
        usage = self._usage(answer, model, started)
        if getattr(message, "refusal", None):
            raise LLMError("The model declined to answer.", permanent=True, usage=usage)
        reason = str(getattr(choices[0], "finish_reason", "") or "")
        if reason in _STOPPED:
            raise LLMError(_STOPPED[reason], permanent=True, usage=usage)
        text = _THOUGHT.sub("", message.content or "")
        fenced = _FENCE.match(text)
        return (fenced[1] if fenced else text).strip(), usage

    def _usage(self, answer: Any, model: str, started: float) -> Usage:
        counted = getattr(answer, "usage", None)
        into = int(getattr(counted, "prompt_tokens", 0) or 0)
        out = int(getattr(counted, "completion_tokens", 0) or 0)
        details = getattr(counted, "prompt_tokens_details", None)
        price = self._prices.get(model)
        return Usage(
            model=model,
            input_tokens=into,
            output_tokens=out,
            cached_tokens=int(getattr(details, "cached_tokens", 0) or 0),
            cost=price.cost(into, out) if price else None,
            milliseconds=int(1000 * (time.perf_counter() - started)),
            request_id=str(getattr(answer, "_request_id", "") or ""),
        )

    def _status_error(self, error: openai.APIStatusError) -> LLMError:
        status, code = error.status_code, error.code or ""
        # A spent quota comes as 429 as well, but no waiting brings it back.
        spent = code == "insufficient_quota"
        name = self._name
        reasons = {
            401: f"{name} refused the API key.",
            403: f"The API key may not use this model of {name}.",
            404: f"{name} does not know the configured model.",
            413: f"The ticket is too long for {name}.",
            429: f"{name} asks to slow down.",
        }
        reason = reasons.get(status, f"{name} answered with status {status}.")
        if spent:
            reason = f"The quota of {name} is used up."
        elif code == "content_filter":
            reason = f"The filter of {name} refused the text."
        elif code == "context_length_exceeded":
            reason = f"The ticket is too long for {name}."
        permanent = spent or (status not in _TEMPORARY and status < 500)
        wait = retry_after(error.response.headers)
        return LLMError(reason, permanent=permanent, retry_after=wait)


def _client(endpoint: Endpoint, timeout: httpx2.Timeout) -> openai.OpenAI:
    client = openai.DefaultHttpxClient(timeout=timeout, event_hooks=HOOKS)
    if endpoint.azure_version:
        return openai.AzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_key=endpoint.api_key,
            api_version=endpoint.azure_version,
            max_retries=0,
            timeout=timeout,
            http_client=client,
        )
    return openai.OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key,
        max_retries=0,
        timeout=timeout,
        http_client=client,
    )
