"""What a runbook's action declares and does. No ORM here: an action gets values, gives a result."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

InputKind = Literal["text", "number", "choice", "yes_no", "email"]
LONGEST: Final = 500
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")


class InputProblem(ValueError):
    """A value that does not fit its declaration; `field` names the input."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class ActionProblem(Exception):
    """A step failed. `permanent`: trying again cannot help; `uncertain`: it may have been done."""

    def __init__(self, message: str, *, permanent: bool = False, uncertain: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.uncertain = uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One declared value. `pattern` must match the whole text; `low` and `high` bound a number."""

    name: str
    label: Any
    kind: InputKind = "text"
    required: bool = True
    help: Any = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    longest: int = LONGEST
    low: int = 0
    high: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """One run as an action sees it: the definition's settings, checked values, a stable key."""

    settings: Mapping[str, Any]
    values: Mapping[str, Any]
    key: str
    ticket_number: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


class Action(Protocol):
    """Something that can be done, checked and undone.

    Only `do`, `verify` and `undo` may talk to other systems; they run in the background, outside
    every transaction, and raise `ActionProblem`.
    """

    label: Any
    can_undo: bool

    def inputs(self, settings: Mapping[str, Any]) -> Sequence[Input]:
        """What a run is asked for. Raises `InputProblem` for settings that cannot work."""

    def dry_run(self, case: Case) -> str:
        """What would be done, in words; touches nothing."""

    def do(self, case: Case) -> dict[str, Any]:
        """Do it; returns what verifying and undoing need (small, JSON, without secrets)."""

    def verify(self, case: Case, result: Mapping[str, Any]) -> str:
        """Look whether it is done: "" or what is missing."""

    def undo(self, case: Case, result: Mapping[str, Any]) -> str:
        """Take it back; returns what was done, in words."""


def check_settings_name(name: str) -> bool:
    """Whether `name` may name an input: lower case, digits, underscores."""
    return bool(_NAME.match(name))


def check_values(inputs: Sequence[Input], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values that `inputs` declare, each of its kind. Raises `InputProblem` by field."""
    known = {one.name for one in inputs}
    for name in given:
        if name not in known:
            raise InputProblem(_("Unknown field."), str(name)[:60])
    return {one.name: _check(one, given.get(one.name)) for one in inputs}


def _check(one: Input, value: Any) -> Any:
    if one.kind == "yes_no":
        return _yes_no(one, value)
    if value is None or value == "":
        if one.required:
            raise InputProblem(_("This field is needed."), one.name)
        return None if one.kind == "number" else ""
    if one.kind == "number":
        return _number(one, value)
    if not isinstance(value, str):
        raise InputProblem(_("Text is expected."), one.name)
    return _text(one, value)


def _yes_no(one: Input, value: Any) -> bool:
    if value in (None, "", False, "false", "off"):
        return False
    if value in (True, "true", "on"):
        return True
    raise InputProblem(_("Yes or no is expected."), one.name)


def _number(one: Input, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise InputProblem(_("A whole number is expected."), one.name)
    number = int(text)
    if not one.low <= number <= one.high:
        raise InputProblem(
            _("From %(low)d to %(high)d.") % {"low": one.low, "high": one.high}, one.name
        )
    return number


def _text(one: Input, value: str) -> str:
    text = value.strip()
    if len(text) > one.longest:
        raise InputProblem(_("At most %(limit)d characters.") % {"limit": one.longest}, one.name)
    if _UNPRINTABLE.search(text):
        raise InputProblem(_("Control characters are not allowed."), one.name)
    if one.kind == "choice" and text not in one.choices:
        known = ", ".join(one.choices)
        raise InputProblem(_("Not known here. One of: %(known)s.") % {"known": known}, one.name)
    if one.kind == "email":
        try:
            validate_email(text)
        except ValidationError:
            raise InputProblem(_("Enter a full e-mail address."), one.name) from None
    if one.pattern and not re.fullmatch(one.pattern, text):
        raise InputProblem(_("This does not have the form that is expected."), one.name)
    return text
