"""Which service answers which kind of question, in which order: read from the settings.

A route is a list like "anthropic:claude-haiku-5-5, ollama:llama3.3, local". What stands behind
"local", or after the list's end, is always there: the models of this installation.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from ai.engine.breaker import CircuitBreaker
from ai.engine.llm import Price
from ai.engine.llm_anthropic import AnthropicProvider
from ai.engine.llm_base import TextModel
from ai.engine.llm_openai import Endpoint, OpenAIProvider
from ai.routes import LOCAL, Step, is_set_up, parse_prices, parse_route, route_of

_lock = threading.Lock()
_made: dict[tuple[object, ...], TextModel] = {}
_breakers: dict[str, CircuitBreaker] = {}


@dataclass(frozen=True, slots=True)
class Choice:
    """One service to ask, with the breaker that all its callers share."""

    name: str
    model: str
    service: TextModel
    breaker: CircuitBreaker


def choices_for(purpose: str, route: str = "") -> list[Choice]:
    """The services for `purpose` that are set up, in their order; empty: answer locally.

    route: an order to be asked in instead of the settings' own.
    """
    found: list[Choice] = []
    for step in parse_route(route) if route else route_of(purpose):
        if step.provider == LOCAL:
            break
        if not is_set_up(step.provider):
            continue
        service = _service(step, purpose)
        found.append(
            Choice(step.provider, service.model_for(purpose), service, _breaker(step.provider))
        )
    return found


def forget_services() -> None:
    """Close all connections and forget how services were: after a change of settings."""
    with _lock:
        for service in _made.values():
            service.close()
        _made.clear()
        _breakers.clear()


def _breaker(name: str) -> CircuitBreaker:
    with _lock:
        # Claude's name is the one that people know.
        return _breakers.setdefault(name, CircuitBreaker(NAMES[name]))


NAMES = {"anthropic": "Claude", "openai": "OpenAI", "azure": "Azure OpenAI", "ollama": "Ollama"}


def _service(step: Step, purpose: str) -> TextModel:
    seconds = settings.AI_SLOW_TIMEOUT if step.provider == "ollama" else settings.AI_CALL_TIMEOUT
    build = _BUILDERS[step.provider]
    # Everything that makes a service another one is part of its key.
    key = (step, purpose, seconds, *(getattr(settings, name) for name in _SETTINGS))
    with _lock:
        if key not in _made:
            prices = parse_prices(settings.AI_PRICES)
            models = {purpose: step.model} if step.model else {}
            _made[key] = build(models, prices, seconds)
        return _made[key]


_SETTINGS = (
    "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_TRIAGE_MODEL", "ANTHROPIC_MODEL",
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_VERSION", "AZURE_OPENAI_DEPLOYMENT",
    "OLLAMA_BASE_URL", "OLLAMA_MODEL", "AI_PRICES",
)  # fmt: skip


def _anthropic(models: Mapping[str, str], prices: Mapping[str, Price], seconds: float) -> TextModel:
    usual = {"triage": settings.ANTHROPIC_TRIAGE_MODEL, "": settings.ANTHROPIC_MODEL}
    return AnthropicProvider(
        settings.ANTHROPIC_API_KEY,
        models={**usual, **models},
        prices=prices,
        base_url=settings.ANTHROPIC_BASE_URL,
        timeout=seconds,
    )


def _openai(
    kind: str, models: Mapping[str, str], prices: Mapping[str, Price], seconds: float
) -> TextModel:
    endpoint, usual = {
        "openai": (
            Endpoint(
                NAMES["openai"],
                settings.OPENAI_BASE_URL,
                settings.OPENAI_API_KEY,
                # Only the original knows the new word; compatible servers know the old one.
                token_word="max_completion_tokens"
                if "api.openai.com" in settings.OPENAI_BASE_URL
                else "max_tokens",
            ),
            settings.OPENAI_MODEL,
        ),
        "azure": (
            Endpoint(
                NAMES["azure"],
                settings.AZURE_OPENAI_ENDPOINT,
                settings.AZURE_OPENAI_API_KEY,
                settings.AZURE_OPENAI_VERSION,
            ),
            settings.AZURE_OPENAI_DEPLOYMENT,
        ),
        "ollama": (
            # It wants some key and looks at none.
            Endpoint(NAMES["ollama"], settings.OLLAMA_BASE_URL, "ollama", token_word="max_tokens"),  # noqa: S106
            settings.OLLAMA_MODEL,
        ),
    }[kind]
    return OpenAIProvider(endpoint, models={"": usual, **models}, prices=prices, timeout=seconds)


_BUILDERS: Mapping[str, Callable[[Mapping[str, str], Mapping[str, Price], float], TextModel]] = {
    "anthropic": _anthropic,
    "openai": partial(_openai, "openai"),
    "azure": partial(_openai, "azure"),
    "ollama": partial(_openai, "ollama"),
}
