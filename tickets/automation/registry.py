"""The registry of action kinds, and reading a list of actions strictly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput
from tickets.actions.base import Actor
from tickets.conditions import Choice
from tickets.models import Ticket

MOST_STEPS = 20
LONGEST_TEXT = 20_000
LONGEST_LINE = 300
LARGEST_KEY = 2**63 - 1
Words = str | Promise
# Names of rows by source and key: what `tickets.automation.options.names_of` returns.
Names = Mapping[str, Mapping[Any, str]]


class ActionError(BadInput):
    """An action that cannot be configured so; `place` is its number, from 1.

    `param` names the parameter, where it is one; `sentence` is the message without the place.
    """

    def __init__(self, message: str, place: int, param: str = "") -> None:
        where = _("Action %(place)d: ") % {"place": place} if place else ""
        super().__init__(where + message, "actions")
        self.place, self.param, self.sentence = place, param, message


class ActionFailed(BadInput):
    """An action could not be done now: a row it names is gone, a value is refused."""


class ParamKind(Enum):
    """What a parameter holds."""

    LINE = "line"
    TEXT = "text"  # several lines; names in braces are filled in
    CHOICE = "choice"
    ROW = "row"  # the primary key of a row of the organization, or a key of an open list
    NAMES = "names"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Param:
    """One typed parameter of an action.

    `source` names the list that offers values ("category", "team", "agent", "status", ...; see
    `tickets.automation.options`); `only_with` shows it for certain values of another parameter.
    """

    name: str
    kind: ParamKind
    label: Words
    choices: tuple[Choice, ...] = ()
    source: str = ""
    required: bool = True
    only_with: tuple[str, tuple[str, ...]] | None = None

    def applies(self, params: Mapping[str, Any]) -> bool:
        """Whether this parameter means anything beside the others."""
        return self.only_with is None or params.get(self.only_with[0]) in self.only_with[1]


@dataclass(frozen=True, slots=True)
class Doing:
    """The moment of acting: in whose name; `notes` collects what the log should say besides."""

    actor: Actor
    notes: list[str] = field(default_factory=list)


class ActionKind:
    """One thing that can be done to a ticket. Subclass it, one file per kind, and register it."""

    name: str
    label: Words
    icon: str = "bolt"
    params: tuple[Param, ...] = ()
    # Whether `tickets.actions.macros` can take it back by restoring fields of the ticket.
    undoable: bool = False
    # Whether a macro may use it; a macro's answer is its text, so `reply` is for rules alone.
    in_macros: bool = True

    def check(self, params: dict[str, Any]) -> None:
        """Refuse parameters that fit their types but not each other; raises `BadInput`."""

    def check_here(self, organization_id: int, params: Mapping[str, Any]) -> None:
        """Refuse what does not fit the rows that it names (they exist); raises `BadInput`."""

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """What it does, as a short phrase in the reader's language."""
        raise NotImplementedError

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether it would change nothing on this ticket (for dry runs; makes no query)."""
        return False

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Do it, through the domain's actions. Raises `BadInput` where it cannot be done."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Step:
    """One configured action."""

    kind: ActionKind
    params: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"do": self.kind.name, **self.params}


_kinds: dict[str, ActionKind] = {}


def register(kind: ActionKind) -> ActionKind:
    """Make a kind known; the same name twice is a mistake in the code."""
    known = _kinds.get(kind.name)
    if known is not None and type(known) is not type(kind):
        raise RuntimeError(f"There are two kinds of action called {kind.name}.")
    _kinds[kind.name] = kind
    return kind


def all_kinds(*, macros: bool = False) -> list[ActionKind]:
    """Every registered kind, in order of registration."""
    return [kind for kind in _kinds.values() if kind.in_macros or not macros]


def steps_as_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The stored form of a list of actions."""
    return [step.as_json() for step in steps]


def parse_steps(data: Any, *, macros: bool = False) -> tuple[Step, ...]:
    """Read stored or submitted actions; raises `ActionError` naming the place.

    Rows that parameters name are looked up elsewhere (`options.missing`): this is pure.
    """
    if data in (None, ""):
        return ()
    if not isinstance(data, list):
        raise ActionError(_("A list of actions is expected."), 0)
    if len(data) > MOST_STEPS:
        raise ActionError(
            _("At most %(limit)d actions can be done at once.") % {"limit": MOST_STEPS}, 0
        )
    return tuple(_step(each, place, macros) for place, each in enumerate(data, 1))


def _step(data: Any, place: int, macros: bool) -> Step:
    name = data.get("do") if isinstance(data, dict) else None
    kind = _kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ActionError(_("There is no action “%(name)s”.") % {"name": str(name)[:40]}, place)
    if macros and not kind.in_macros:
        raise ActionError(_("“%(name)s” is for rules alone.") % {"name": kind.label}, place)
    known = {param.name for param in kind.params}
    for key in data:
        if key != "do" and key not in known:
            raise ActionError(_("“%(name)s” means nothing here.") % {"name": str(key)[:40]}, place)
    params = {}
    for param in kind.params:
        if not param.applies(data):
            continue
        value = _value(param, data.get(param.name), place)
        if value is not None:
            params[param.name] = value
    try:
        kind.check(params)
    except ActionError:
        raise
    except BadInput as error:
        raise ActionError(str(error), place, error.field if error.field in known else "") from error
    return Step(kind, params)


def _value(param: Param, given: Any, place: int) -> Any:
    if given is None or given == "" or given == []:
        if param.required:
            raise ActionError(_("“%(name)s” is empty.") % {"name": param.label}, place, param.name)
        return None
    try:
        return _READERS[param.kind](param, given)
    except (TypeError, ValueError) as error:
        known = ", ".join(choice.value for choice in param.choices)
        hint = f" ({known})" if known else ""
        raise ActionError(
            _("“%(name)s” has a value that cannot be used.") % {"name": param.label} + hint,
            place,
            param.name,
        ) from error


def _line(param: Param, given: Any) -> str:
    return _text_of(given, LONGEST_LINE)


def _text(param: Param, given: Any) -> str:
    return _text_of(given, LONGEST_TEXT)


def _text_of(given: Any, limit: int) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > limit:
        raise ValueError
    return given.strip()


def _choice(param: Param, given: Any) -> str:
    if given not in [choice.value for choice in param.choices]:
        raise ValueError
    return str(given)


def _row(param: Param, given: Any) -> int | str:
    if isinstance(given, str):
        return _text_of(given, LONGEST_LINE)
    return _number_between(given, 1, LARGEST_KEY)


def _names(param: Param, given: Any) -> list[str]:
    if not isinstance(given, list) or len(given) > MOST_STEPS:
        raise TypeError
    return list(dict.fromkeys(_text_of(each, 50).lower() for each in given))


def _number(param: Param, given: Any) -> int:
    return _number_between(given, 0, 10_000)


def _number_between(given: Any, lowest: int, highest: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not lowest <= given <= highest:
        raise ValueError
    return given


_READERS = {
    ParamKind.LINE: _line,
    ParamKind.TEXT: _text,
    ParamKind.CHOICE: _choice,
    ParamKind.ROW: _row,
    ParamKind.NAMES: _names,
    ParamKind.NUMBER: _number,
}
