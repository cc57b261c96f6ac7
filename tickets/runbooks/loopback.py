"""The reference action: switches a value inside this installation and nothing else.

It shows a runbook's whole life without another system: for trying things out, for the demo and
for tests. `fails` names a step that fails on purpose.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.runbooks.base import ActionProblem, Case, Input

KEPT: Final = 30 * 24 * 3600  # seconds
STEPS: Final = ("do", "verify", "undo", "lost")


class Loopback:
    """Sets a named switch and can set it back."""

    label = gettext_lazy("Switch for trying out")
    can_undo = True

    def inputs(self, settings: Mapping[str, Any]) -> Sequence[Input]:
        """A name, the new position, and where to fail."""
        return (
            Input(name="switch", label=_("Switch"), pattern=r"[a-z0-9-]{1,40}", longest=40),
            Input(name="position", label=_("Position"), kind="choice", choices=("on", "off")),
            Input(name="fails", label=_("Fails at"), kind="choice", choices=STEPS, required=False),
        )

    def dry_run(self, case: Case) -> str:
        """In words."""
        values = {"switch": case.values["switch"], "position": case.values["position"]}
        return _("Would set the switch %(switch)s to %(position)s.") % values

    def do(self, case: Case) -> dict[str, Any]:
        """Set it and remember what it was."""
        self._fail(case, "do")
        before = self._read(case)
        cache.set(self._key(case), case.values["position"], KEPT)
        if case.values.get("fails") == "lost":
            raise ActionProblem(_("The answer was lost, on purpose."), uncertain=True)
        return {"before": before}

    def verify(self, case: Case, result: Mapping[str, Any]) -> str:
        """Read it back."""
        if case.values.get("fails") == "verify":
            return _("Fails on purpose.")
        position = self._read(case)
        if position == case.values["position"]:
            return ""
        return _("The switch stands at %(position)s.") % {"position": position}

    def undo(self, case: Case, result: Mapping[str, Any]) -> str:
        """Set it back."""
        self._fail(case, "undo")
        before = str(result.get("before", "off"))
        cache.set(self._key(case), before, KEPT)
        return _("The switch stands at %(position)s again.") % {"position": before}

    def _fail(self, case: Case, step: str) -> None:
        if case.values.get("fails") == step:
            raise ActionProblem(_("Fails on purpose."), permanent=True)

    def _key(self, case: Case) -> str:
        return f"runbook-switch:{case.extra.get('organization', 0)}:{case.values['switch']}"

    def _read(self, case: Case) -> str:
        return str(cache.get(self._key(case), "off"))
