"""What a backtest tries beside the present answers: other models, another rule, another prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MODEL, RULE, PROMPT = "model", "rule", "prompt"
KINDS = (MODEL, RULE, PROMPT)
LOWEST_FLOOR, HIGHEST_FLOOR = 0.3, 1.0
LONGEST_PROMPT = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Nothing is tried where `kind` is "".

    models: (kind of classifier, version) that sort instead of those in use.
    floor: cosine from which an article answers, instead of the usual rule; solved: what solved
    other tickets may answer as well.
    route: the one service that writes ("anthropic:claude-sonnet-5-5"); prompt: what it is told,
    "" for what it is usually told.
    """

    kind: str = ""
    models: tuple[tuple[str, int], ...] = ()
    floor: float | None = None
    solved: bool = False
    route: str = ""
    prompt: str = ""

    def as_json(self) -> dict[str, Any]:
        """The stored form; empty where nothing is tried."""
        if self.kind == MODEL:
            return {"kind": MODEL, "models": dict(self.models)}
        if self.kind == RULE:
            return {"kind": RULE, "floor": self.floor, "solved": self.solved}
        if self.kind == PROMPT:
            return {"kind": PROMPT, "route": self.route, "prompt": self.prompt}
        return {}


NOTHING = Trial()


def from_json(stored: Mapping[str, Any]) -> Trial:
    """The trial of a stored form."""
    floor = stored.get("floor")
    return Trial(
        kind=str(stored.get("kind", "")),
        models=tuple((kind, int(version)) for kind, version in stored.get("models", {}).items()),
        floor=None if floor is None else float(floor),
        solved=bool(stored.get("solved")),
        route=str(stored.get("route", "")),
        prompt=str(stored.get("prompt", "")),
    )
