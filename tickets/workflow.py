"""Workflows as pure rules: which moves a ticket may make, who may make them, what they need.

A workflow is data (`Workflow`): its statuses, the one a ticket starts in, and its steps. No
steps at all means that every move is allowed. `problems` says in words what would make a
workflow unusable; `moves` never leaves a ticket stuck, whatever the data says. No ORM here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.accounts.roles import Role, at_least
from tickets.choices import StatusCategory

SETTLED = frozenset({StatusCategory.SOLVED.value, StatusCategory.CLOSED.value})
CUSTOM = "custom:"
# What a step may ask for, and how a sentence calls it. Custom fields are `custom:<key>`.
REQUIRABLE: dict[str, Any] = {
    "category": gettext_lazy("category"),
    "team": gettext_lazy("team"),
    "assignee": gettext_lazy("assignee"),
    "tags": gettext_lazy("tags"),
    "pending_reason": gettext_lazy("reason for waiting"),
    "answer": gettext_lazy("public answer"),
    "note": gettext_lazy("internal note"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed move. `source` None means from any status; `role` is the least one needed."""

    source: str | None
    target: str
    role: str = Role.AGENT.value
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """Status key -> stage in the order they are offered, the start, and the steps."""

    start: str = ""
    stages: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether every move between its statuses is allowed."""
        return not self.steps

    def as_data(self) -> dict[str, Any]:
        """As it is stored: JSON of lists and strings."""
        return {
            "start": self.start,
            # A list of pairs, because stored objects do not keep their order.
            "stages": [[key, stage] for key, stage in self.stages.items()],
            "steps": [[s.source, s.target, s.role, list(s.requires)] for s in self.steps],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Workflow":
        """What `as_data` wrote; an empty object is a workflow without statuses."""
        return cls(
            start=str(data.get("start", "")),
            stages={str(key): str(stage) for key, stage in data.get("stages", ())},
            steps=tuple(
                Step(source, target, role, tuple(requires))
                for source, target, role, requires in data.get("steps", ())
            ),
        )


class Flaw(Enum):
    """What can be wrong with a workflow."""

    EMPTY = "empty"
    NO_START = "no_start"
    FOREIGN = "foreign"
    TWICE = "twice"
    UNREACHABLE = "unreachable"
    NO_WAY_OUT = "no_way_out"
    UNKNOWN_FIELD = "unknown_field"
    GONE_FIELD = "gone_field"
    UNKNOWN_ROLE = "unknown_role"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a workflow; `words` name the statuses concerned."""

    flaw: Flaw
    words: str


def problems(
    workflow: Workflow,
    names: Mapping[str, str] | None = None,
    custom: Collection[str] | None = None,
) -> list[Problem]:
    """Everything that would make `workflow` unusable, worst first; empty when it is sound.

    `names` are what people call the statuses; without them sentences show the keys. `custom` are
    the keys of the custom fields that there are; without them any is believed.
    """
    if not workflow.stages:
        return [Problem(Flaw.EMPTY, _("Choose at least one status."))]
    called = dict(names or {})
    found = [*_bad_start(workflow), *_bad_steps(workflow, called)]
    if custom is not None:
        found += _gone_fields(workflow, called, custom)
    if found or workflow.is_free:
        return found or _no_settled_status(workflow)
    return [*_unreachable(workflow, called), *_stuck(workflow, called)]


def _bad_start(workflow: Workflow) -> list[Problem]:
    if workflow.stages.get(workflow.start) != StatusCategory.OPEN.value:
        words = _("Choose which of the open statuses a new ticket starts in.")
        return [Problem(Flaw.NO_START, words)]
    return []


def _bad_steps(workflow: Workflow, names: Mapping[str, str]) -> list[Problem]:
    found = []
    seen: set[tuple[str | None, str]] = set()
    for step in workflow.steps:
        values = {"step": _say(step, names)}
        for key in (step.source, step.target):
            if key is not None and key not in workflow.stages:
                words = _("The step %(step)s uses a status that this type does not have.")
                found.append(Problem(Flaw.FOREIGN, words % values))
        if (step.source, step.target) in seen or step.source == step.target:
            words = _("The step %(step)s is there twice, or leads nowhere.")
            found.append(Problem(Flaw.TWICE, words % values))
        seen.add((step.source, step.target))
        if step.role not in Role.values:
            words = _("The step %(step)s asks for a role that is not known.")
            found.append(Problem(Flaw.UNKNOWN_ROLE, words % values))
        for name in step.requires:
            if not is_requirable(name):
                words = _("The step %(step)s requires “%(field)s”, which is not a field.")
                found.append(Problem(Flaw.UNKNOWN_FIELD, words % {**values, "field": name}))
    return found


def _gone_fields(
    workflow: Workflow, names: Mapping[str, str], custom: Collection[str]
) -> list[Problem]:
    words = _("The step %(step)s requires the custom field “%(field)s”, which does not exist.")
    return [
        Problem(Flaw.GONE_FIELD, words % {"step": _say(step, names), "field": field_words(name)})
        for step in workflow.steps
        for name in gone_fields(step.requires, custom)
    ]


def gone_fields(names: Iterable[str], custom: Collection[str]) -> list[str]:
    """Those of `names` that mean a custom field which is not among the keys `custom`."""
    return [n for n in names if n.startswith(CUSTOM) and n.removeprefix(CUSTOM) not in custom]


def is_requirable(name: str) -> bool:
    """Whether a step may ask for `name`: one of `REQUIRABLE`, or `custom:` and a key."""
    return name in REQUIRABLE or (name.startswith(CUSTOM) and len(name) > len(CUSTOM))


def _say(step: Step, names: Mapping[str, str]) -> str:
    source = names.get(step.source, step.source) if step.source else _("any status")
    return f"{source} → {names.get(step.target, step.target)}"


def _no_settled_status(workflow: Workflow) -> list[Problem]:
    if SETTLED.isdisjoint(workflow.stages.values()):
        words = _("No status is solved or closed, so a ticket could never end.")
        return [Problem(Flaw.NO_WAY_OUT, words)]
    return []


def _unreachable(workflow: Workflow, names: Mapping[str, str]) -> list[Problem]:
    reached = _closure({workflow.start}, _edges(workflow))
    lost = [names.get(key, key) for key in workflow.stages if key not in reached]
    if not lost:
        return []
    words = _("No step leads from the start to: %(statuses)s.") % {"statuses": ", ".join(lost)}
    return [Problem(Flaw.UNREACHABLE, words)]


def _stuck(workflow: Workflow, names: Mapping[str, str]) -> list[Problem]:
    ends = {key for key, stage in workflow.stages.items() if stage in SETTLED}
    backwards = [(target, source) for source, target in _edges(workflow)]
    fine = _closure(ends, backwards)
    stuck = [names.get(key, key) for key in workflow.stages if key not in fine]
    if not stuck:
        return []
    words = _("No way leads to a solved or closed status from: %(statuses)s.")
    return [Problem(Flaw.NO_WAY_OUT, words % {"statuses": ", ".join(stuck)})]


def _edges(workflow: Workflow) -> list[tuple[str, str]]:
    return [
        (source, step.target)
        for step in workflow.steps
        for source in ([step.source] if step.source is not None else workflow.stages)
        if source != step.target
    ]


def _closure(start: Iterable[str], edges: Sequence[tuple[str, str]]) -> set[str]:
    onward: dict[str, list[str]] = {}
    for source, target in edges:
        onward.setdefault(source, []).append(target)
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += onward.get(here, ())
    return reached


@dataclass(frozen=True, slots=True)
class Moves:
    """Where a ticket may go, by target key; `warning` says why the rules were set aside."""

    steps: Mapping[str, Step]
    warning: str = ""


def moves(workflow: Workflow, source: str, role: str) -> Moves:
    """The moves that somebody with `role` may make from `source`.

    A requester may settle their own ticket where the workflow is free. A ticket whose status its
    workflow does not know, or that no role could move, is offered every status with a warning:
    a wrong setting must not hold a ticket.
    """
    targets = [key for key in workflow.stages if key != source]
    if workflow.is_free:
        return Moves({key: _free(key, workflow) for key in targets if _may(role, key, workflow)})
    leaving = {s.target: s for s in workflow.steps if s.source is None and s.target != source}
    leaving |= {s.target: s for s in workflow.steps if s.source == source and s.target != source}
    allowed = {key: leaving[key] for key in targets if key in leaving}
    ended = workflow.stages.get(source) in SETTLED
    if source not in workflow.stages or (not allowed and not ended):
        warning = _("The workflow has no step from here, so every status is offered.")
        fallback = {key: _free(key, workflow) for key in targets if _may(role, key, workflow)}
        return Moves(fallback, warning)
    return Moves({key: step for key, step in allowed.items() if _holds(role, step.role)})


def _free(target: str, workflow: Workflow) -> Step:
    settles = workflow.stages.get(target) in SETTLED
    return Step(None, target, (Role.REQUESTER if settles else Role.AGENT).value)


def _may(role: str, target: str, workflow: Workflow) -> bool:
    return _holds(role, _free(target, workflow).role)


def _holds(role: str, needed: str) -> bool:
    # A stored role that is not known any more is the highest: nobody gains by a wrong setting.
    return at_least(role, Role(needed) if needed in Role.values else Role.ADMINISTRATOR)


def missing(step: Step, present: Mapping[str, bool]) -> list[str]:
    """What the step asks for and the ticket lacks; unknown names are never asked for."""
    return [name for name in step.requires if is_requirable(name) and not present.get(name, False)]


def field_words(name: str) -> str:
    """What a sentence calls a required field."""
    return name.removeprefix(CUSTOM) if name.startswith(CUSTOM) else str(REQUIRABLE[name])
