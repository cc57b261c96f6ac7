"""The settings' words for who answers what. Loads no client: the web reads them as well."""

from dataclasses import dataclass

from django.conf import settings

from ai.engine.llm import Price

PURPOSES = ("triage", "draft", "chat")
PROVIDERS = ("anthropic", "azure", "openai", "ollama")
LOCAL = "local"


class BadRoute(ValueError):
    """A setting that names a service or price in a way that cannot be read."""


@dataclass(frozen=True, slots=True)
class Step:
    """One service of a route; `model` is "" for the service's usual one."""

    provider: str
    model: str = ""


def parse_route(text: str) -> tuple[Step, ...]:
    """ "anthropic:claude-haiku-5-5, local" as steps. Raises `BadRoute`."""
    steps = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        provider, _, model = part.partition(":")
        if provider.strip() not in (*PROVIDERS, LOCAL):
            names = ", ".join((*PROVIDERS, LOCAL))
            raise BadRoute(f"“{provider.strip()}” is none of {names}.")
        steps.append(Step(provider.strip(), model.strip()))
    return tuple(steps)


def parse_prices(text: str) -> dict[str, Price]:
    """ "model=0.25/2, other=1/10" (US dollars per million tokens). Raises `BadRoute`."""
    prices = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        model, _, price = part.rpartition("=")
        into, _, out = price.partition("/")
        try:
            prices[model.strip()] = Price(float(into), float(out))
        except ValueError:
            raise BadRoute(f"“{part}” is no price like “model=0.25/2”.") from None
    return prices


def route_of(purpose: str) -> tuple[Step, ...]:
    """The services for `purpose`: its own setting, else the general one, else all there are."""
    text = settings.AI_ROUTES.get(purpose) or settings.AI_ROUTES.get("")
    if text:
        return parse_route(text)
    return tuple(Step(provider) for provider in PROVIDERS)


def is_set_up(provider: str) -> bool:
    """Whether the settings say how to reach it."""
    return {
        "anthropic": bool(settings.ANTHROPIC_API_KEY),
        "openai": bool(settings.OPENAI_API_KEY and settings.OPENAI_MODEL),
        "azure": bool(settings.AZURE_OPENAI_API_KEY and settings.AZURE_OPENAI_ENDPOINT),
        "ollama": bool(settings.OLLAMA_BASE_URL and settings.OLLAMA_MODEL),
    }.get(provider, False)


def has_service(purpose: str) -> bool:
    """Whether any service outside could be asked for `purpose`."""
    for step in route_of(purpose):
        if step.provider == LOCAL:
            return False
        if is_set_up(step.provider):
            return True
    return False
