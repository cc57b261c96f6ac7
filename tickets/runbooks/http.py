"""Calling another system: one request to do it, one to look, one to take it back.

Settings (JSON): `inputs` (name -> kind, or a list of choices), `do`, and optionally `verify` and
`undo`, each `{"method", "url", "body"?, "expect"?}`. `{name}` in a URL is the run's value, quoted;
in a body it is the value itself. `expect` is a text that the answer must contain.
`authorization_env` names an environment variable that starts with OMNIDESK_RUNBOOK_: its content is
sent as the Authorization header and is never stored.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.http import HttpDoor, HttpProblem
from omnidesk.core.text import one_line
from tickets.runbooks.base import ActionProblem, Case, Input, InputProblem, check_settings_name

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
KINDS: Final = ("text", "number", "yes_no", "email")
STEPS: Final = ("do", "verify", "undo")
ENVIRONMENT: Final = re.compile(r"OMNIDESK_RUNBOOK_[A-Z0-9_]{1,60}\Z")
SIZE_LIMIT: Final = 2**20
_PLACE: Final = re.compile(r"\{([a-z0-9_]+)\}")
_KNOWN: Final = {"inputs", "authorization_env", *STEPS}
_CALL_KEYS: Final = {"method", "url", "body", "expect"}
SHOWN: Final = 300


class HttpAction:
    """A request to another system, through the one door for outgoing calls."""

    label = gettext_lazy("Request to another system")
    can_undo = True

    def inputs(self, settings: Mapping[str, Any]) -> Sequence[Input]:
        """What the definition declares; refuses a definition that cannot work."""
        unknown = set(settings) - _KNOWN
        if unknown:
            raise InputProblem(_("Unknown field."), str(min(unknown)))
        declared = _declared(settings.get("inputs", {}))
        names = {one.name for one in declared} | {"ticket"}
        for step in STEPS:
            if step in settings:
                _check_call(settings[step], step, names)
        if "do" not in settings:
            raise InputProblem(_("Say which request does it."), "do")
        variable = settings.get("authorization_env", "")
        if variable and not (isinstance(variable, str) and ENVIRONMENT.match(variable)):
            raise InputProblem(
                _("The variable's name must begin with OMNIDESK_RUNBOOK_."), "authorization_env"
            )
        return declared

    def dry_run(self, case: Case) -> str:
        """The request line, without asking anybody."""
        call = case.settings["do"]
        line = f"{call['method']} {_url(call['url'], case)}"
        return _("Would send: %(line)s") % {"line": line}

    def do(self, case: Case) -> dict[str, Any]:
        """Send it; keeps the status and the beginning of the answer."""
        return _send(case, "do")

    def verify(self, case: Case, result: Mapping[str, Any]) -> str:
        """Ask the other system, where the definition says how."""
        if "verify" not in case.settings:
            return ""
        try:
            _send(case, "verify")
        except ActionProblem as problem:
            return problem.message
        return ""

    def undo(self, case: Case, result: Mapping[str, Any]) -> str:
        """Send the request that takes it back."""
        if "undo" not in case.settings:
            raise ActionProblem(_("This runbook does not say how to take it back."), permanent=True)
        answer = _send(case, "undo")
        return _("Taken back, answer %(status)d.") % {"status": answer["status"]}


def _declared(inputs: Any) -> list[Input]:
    if not isinstance(inputs, Mapping):
        raise InputProblem(_("A list of names and kinds is expected."), "inputs")
    out = []
    for name, kind in inputs.items():
        if not check_settings_name(str(name)):
            raise InputProblem(_("“%(name)s” cannot name a field.") % {"name": name}, "inputs")
        if isinstance(kind, list) and kind and all(isinstance(one, str) for one in kind):
            out.append(Input(name=name, label=_words(name), kind="choice", choices=tuple(kind)))
        elif kind in KINDS:
            out.append(Input(name=name, label=_words(name), kind=kind))
        else:
            raise InputProblem(
                _("“%(name)s” must be one of %(known)s, or a list of choices.")
                % {"name": name, "known": ", ".join(KINDS)},
                "inputs",
            )
    return out


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _check_call(call: Any, step: str, names: set[str]) -> None:
    if not isinstance(call, Mapping) or set(call) - _CALL_KEYS:
        raise InputProblem(_("A request needs a method and a url."), step)
    if call.get("method") not in METHODS:
        known = ", ".join(METHODS)
        raise InputProblem(_("Not known here. One of: %(known)s.") % {"known": known}, step)
    url = call.get("url", "")
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputProblem(_("Enter a whole address, beginning with https://"), step)
    if "{" in parts.netloc or parts.username:
        # A value must not choose the server, nor may an address carry a password.
        raise InputProblem(_("The server's name must stand in the address as it is."), step)
    for place in _places(call):
        if place not in names:
            raise InputProblem(_("“%(name)s” is not declared.") % {"name": place}, step)


def _places(value: Any) -> list[str]:
    if isinstance(value, str):
        return _PLACE.findall(value)
    if isinstance(value, Mapping):
        return [one for inner in value.values() for one in _places(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _places(inner)]
    return []


def _values(case: Case) -> dict[str, Any]:
    return {**case.values, "ticket": case.ticket_number}


def _url(template: str, case: Case) -> str:
    values = _values(case)
    return _PLACE.sub(lambda found: quote(str(values[found[1]]), safe=""), template)


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole:
            return values[whole[1]]
        return _PLACE.sub(lambda found: str(values[found[1]]), value)
    if isinstance(value, Mapping):
        return {name: _fill(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, values) for inner in value]
    return value


def _send(case: Case, step: str) -> dict[str, Any]:
    call = case.settings[step]
    headers = {"Idempotency-Key": f"{case.key}-{step}", "Accept": "application/json, text/plain"}
    variable = case.settings.get("authorization_env")
    if variable:
        secret = os.environ.get(variable, "")
        if not secret:
            raise ActionProblem(
                _("%(name)s is not set on this installation.") % {"name": variable}, permanent=True
            )
        headers["Authorization"] = secret
    what = {"json": _fill(call["body"], _values(case))} if "body" in call else {}
    try:
        # One try: the run itself is queued again, and its row says so.
        with HttpDoor(size_limit=SIZE_LIMIT, tries=1) as door:
            answer = door.request(call["method"], _url(call["url"], case), headers=headers, **what)
    except HttpProblem as problem:
        raise ActionProblem(
            problem.message, permanent=problem.permanent, uncertain=problem.uncertain
        ) from problem
    expected = str(call.get("expect", ""))
    if expected and expected not in answer.text:
        raise ActionProblem(
            _("The answer does not contain “%(text)s”.") % {"text": one_line(expected, 80)},
            permanent=True,
            uncertain=step == "do",
        )
    return {"status": answer.status, "answer": one_line(answer.text, SHOWN)}
