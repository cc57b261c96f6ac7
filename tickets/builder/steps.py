"""A list of actions as somebody builds it: from stored JSON, from posted controls, and back."""

from collections.abc import Sequence
from typing import Any

from tickets.automation.registry import ActionKind, Param, ParamKind
from tickets.builder.drawing import StepTyped
from tickets.builder.tree import Posted

MOST_DRAWN = 50


def from_json(data: Any) -> list[StepTyped] | None:
    """Stored actions; None for what is no list of actions at all."""
    if data in (None, ""):
        return []
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        return None
    return [
        StepTyped(
            str(one.get("do", "")),
            {key: _as_typed(value) for key, value in one.items() if key != "do"},
        )
        for one in data[:MOST_DRAWN]
    ]


def _as_typed(value: Any) -> list[str]:
    several = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one) for one in several]


def from_post(data: Posted, name: str) -> list[StepTyped] | None:
    """What the controls called `name` hold; None where there are none."""
    if not data.get(f"{name}-steps"):
        return None
    count = data.get(f"{name}-steps", "0")
    most = min(int(count), MOST_DRAWN) if count.isdecimal() and len(count) < 5 else 0
    steps = []
    for index in range(most):
        prefix = f"{name}-{index}-p-"
        values = {
            key.removeprefix(prefix): [one for one in data.getlist(key) if one.strip()]
            for key in data
            if key.startswith(prefix)
        }
        steps.append(StepTyped(data.get(f"{name}-{index}-do", ""), values))
    return steps


def to_json(steps: Sequence[StepTyped], kinds: dict[str, ActionKind]) -> list[dict[str, Any]]:
    """What to store; what does not fit its type stays text, for the reader to refuse."""
    return [step_json(step, kinds.get(step.do)) for step in steps]


def step_json(step: StepTyped, kind: ActionKind | None) -> dict[str, Any]:
    """One action. Parameters that an action of another kind left behind are left out."""
    data: dict[str, Any] = {"do": step.do}
    if kind is None:
        return data | {key: values[0] for key, values in step.values.items() if values}
    for param in kind.params:
        values = step.values.get(param.name, [])
        if values:
            data[param.name] = _typed(param, values)
    return {k: v for k, v in data.items() if k == "do" or _applies(kind, k, data)}


def _applies(kind: ActionKind, name: str, data: dict[str, Any]) -> bool:
    return next(param for param in kind.params if param.name == name).applies(data)


def _typed(param: Param, values: list[str]) -> Any:
    if param.kind is ParamKind.NAMES:
        lines = [line for value in values for line in value.replace(",", "\n").splitlines()]
        return [line.strip() for line in lines if line.strip()]
    value = values[0].replace("\r\n", "\n")
    if param.kind is ParamKind.NUMBER or (param.kind is ParamKind.ROW and value.isdecimal()):
        # A key of words ("42nd" is one, "42" a row) never is digits alone.
        return int(value) if value.strip().isdecimal() and len(value) < 19 else value
    return value


def carry_out(steps: list[StepTyped], command: Sequence[str]) -> int:
    """Do what a button said ("add"; "up", "down", "remove" with an index); where to stand then."""
    what = command[0]
    if what == "add":
        steps.append(StepTyped())
        return len(steps) - 1
    index = int(command[1]) if len(command) > 1 and command[1].isdecimal() else -1
    if not 0 <= index < len(steps):
        return 0
    if what == "remove":
        del steps[index]
        return min(index, len(steps) - 1)
    other = index + {"up": -1, "down": 1}.get(what, 0)
    if 0 <= other < len(steps):
        steps[index], steps[other] = steps[other], steps[index]
        return other
    return index
