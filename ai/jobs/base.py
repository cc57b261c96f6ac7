"""What a kind of task is, what it is given, and how it asks a model outside."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ai import gateway
from ai.engine.llm_base import TextModel
from ai.engine.redact import Redacted
from ai.runtime import Runtime
from omnidesk.accounts.models import User

A = TypeVar("A", bound=gateway.Answered)
PURPOSE = "task"


class JobRefused(Exception):
    """A task that cannot be done; `message` is one sentence for whoever asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Work:
    """One task while it is done. `progress` tells how far it is, 0..1."""

    organization_id: int
    user: User
    data: dict[str, Any]
    runtime: Runtime
    progress: Callable[[float], None]

    def ask(
        self, message: str, hidden: Redacted, call: Callable[[TextModel], A]
    ) -> tuple[A | None, str]:
        """A model's answer to a masked message, or None with the reason why there is none."""
        outcome = gateway.Outcome()
        question = gateway.Question(
            organization_id=self.organization_id,
            purpose=PURPOSE,
            sent=message,
            masked_values=len(hidden.mapping),
        )
        return gateway.ask(question, call, outcome), outcome.reason


class JobKind(ABC):
    """How one kind of task is done."""

    @abstractmethod
    def run(self, work: Work) -> dict[str, Any]:
        """Do it and return the result as JSON. Raises `JobRefused`, `EngineError`."""


_WHY = {
    "no_service": "No model is set up here.",
    "policy": "The organization's policy lets nothing leave.",
    "budget": "Today's budget is spent.",
    "failed": "No service gave a usable answer.",
}


def why_not(reason: str) -> str:
    """Why no model answered, in one sentence (English: it is kept with the task)."""
    return _WHY.get(reason, _WHY["failed"])
