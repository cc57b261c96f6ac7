"""Form fields whose controls build a condition or a list of actions; stored is plain JSON.

Beside the controls the JSON stands "as text". Whoever changes it there is believed; otherwise
the controls count. A form that posts the text alone (a script, a test) works as well.
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from omnidesk.core.errors import BadInput
from tickets.automation.options import missing, wanted_by_condition
from tickets.automation.registry import (
    ActionError,
    ActionKind,
    all_kinds,
    parse_steps,
    steps_as_json,
)
from tickets.builder import steps as step_list
from tickets.builder import tree
from tickets.builder.drawing import StepTyped, draw_condition, draw_steps
from tickets.builder.offers import Offers
from tickets.builder.tree import Part, Posted
from tickets.conditions import Condition, ConditionError, parse

LONGEST_TEXT = 200_000


@dataclass
class Typed:
    """What came from a form (or is stored): controls, text, and the button that was pressed."""

    controls: Any
    text: str
    text_changed: bool = False
    command: tuple[str, ...] = ()
    error: str = ""
    # The control to stand at after a button did its work.
    focus: str = ""


def digest(text: str) -> str:
    """Whether a text is still the one that was drawn."""
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()[:16]


class BuilderWidget(forms.Widget):
    """Draws a builder; the field that owns it says how to read and draw."""

    owner: "BuilderField"
    # What was read from which form: the field writes into it what is wrong where.
    _read: tuple[Any, Typed] | None = None

    @property
    def media(self) -> forms.Media:
        """The builder's script and style."""
        script = forms.widgets.Script("js/builder-start.js", type="module")
        # The stubs do not know yet that a script may be an object.
        scripts: list[Any] = [script]
        return forms.Media(css={"all": ["css/builder.css"]}, js=scripts)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Typed:
        """Controls, text and button as posted."""
        if self._read is None or self._read[0] is not data:
            posted = data if isinstance(data, QueryDict) else _as_posted(data)
            self._read = (data, self.owner.typed(posted, name))
        return self._read[1]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the form says nothing of it at all."""
        return name not in data and not any(str(key).startswith(f"{name}-") for key in data)

    def use_required_attribute(self, initial: Any) -> bool:
        """There is no one control that it could stand on."""
        return False

    def id_for_label(self, id_: str) -> str:
        """A group of controls is labelled by its own name, not by the form's label."""
        return ""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The whole builder."""
        typed = value if isinstance(value, Typed) else self.owner.stored(value)
        return self.owner.draw(typed, name)


def _as_posted(data: Any) -> QueryDict:
    posted = QueryDict(mutable=True)
    for key, value in data.items():
        posted.setlist(key, [str(v) for v in value] if isinstance(value, list) else [str(value)])
    return posted


class BuilderField(forms.Field):
    """What both builders share. `organization_id` is set by the form before it is used."""

    template = ""
    organization_id: int = 0
    url: str = ""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(widget=BuilderWidget(), **options)
        self.widget.owner = self

    def __deepcopy__(self, memo: Any) -> "BuilderField":
        copied = super().__deepcopy__(memo)
        copied.widget.owner, copied.widget._read = copied, None
        return copied

    def read(self, posted: Posted, name: str) -> Any:
        """The controls, or None where there are none."""
        raise NotImplementedError

    def parts_of(self, data: Any) -> Any:
        """Stored JSON as controls; None where it cannot be shown so."""
        raise NotImplementedError

    def written(self, controls: Any, offers: Offers) -> Any:
        """Controls as JSON."""
        raise NotImplementedError

    def obey(self, typed: Typed) -> None:
        """Do what a button said and note where to stand then."""
        raise NotImplementedError

    def checked(self, data: Any, controls: Any, offers: Offers) -> Any:
        """The normal form, or `BadInput`; what is wrong stands at its control afterwards."""
        raise NotImplementedError

    def context(self, typed: Typed, name: str, offers: Offers) -> dict[str, Any]:
        """What the template needs besides."""
        raise NotImplementedError

    def typed(self, posted: Posted, name: str) -> Typed:
        """What a form sent."""
        text = str(posted.get(name, ""))[:LONGEST_TEXT]
        controls = self.read(posted, name)
        changed = controls is None or posted.get(f"{name}-drawn", "") != digest(text)
        if name not in posted:
            changed = False
        command = tuple(str(posted.get(f"{name}-press", "")).split(":")[:2])
        return Typed(controls, text, changed, command if command[0] else ())

    def stored(self, value: Any) -> Typed:
        """What is stored, before anybody touched it."""
        data = value
        if isinstance(value, str):
            try:
                data = json.loads(value or "null")
            except (ValueError, RecursionError):
                return Typed(None, value, error=_("This is no JSON."))
        return Typed(self.parts_of(data), _pretty(data))

    def clean(self, value: Any) -> Any:
        """The JSON to store; raises `ValidationError` with what is wrong, each at its place."""
        typed: Typed = value if isinstance(value, Typed) else self.stored(value)
        offers = Offers(self.organization_id)
        if typed.command:
            # Without script a button sends the whole form: it comes back with the change.
            self.adjust(typed, offers)
            raise forms.ValidationError(_("Not saved yet: finish it and save."), code="building")
        data = self._take(typed, offers)
        try:
            return self.checked(data, typed.controls, offers)
        except BadInput as error:
            raise forms.ValidationError(str(error)) from None

    def _data(self, typed: Typed, offers: Offers) -> Any:
        if typed.text_changed:
            return json.loads(typed.text or "null")
        return None if typed.controls is None else self.written(typed.controls, offers)

    def _take(self, typed: Typed, offers: Offers) -> Any:
        """What was typed as JSON; controls and text say the same afterwards."""
        try:
            data = self._data(typed, offers)
        except (ValueError, RecursionError):
            typed.error = _("This is no JSON.")
            raise forms.ValidationError(typed.error) from None
        if typed.text_changed:
            typed.controls = self.parts_of(data)
        else:
            typed.text = _pretty(data)
        return data

    def adjust(self, typed: Typed, offers: Offers) -> None:
        """Do what a button said; controls and text say the same afterwards."""
        if typed.command and typed.controls is not None and not typed.text_changed:
            self.obey(typed)
        with contextlib.suppress(forms.ValidationError):
            self._take(typed, offers)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what would be stored."""
        if not isinstance(data, Typed):
            return bool(initial != data)
        try:
            now = self._data(data, Offers(self.organization_id))
        except (ValueError, RecursionError):
            return True
        return bool((now or None) != (initial or None))

    def draw(self, typed: Typed, name: str) -> SafeString:
        """The builder's HTML."""
        offers = Offers(self.organization_id)
        text = typed.text
        context = {
            "name": name, "text": text, "url": self.url, "label": self.label or name,
            "error": typed.error, "focus": f"{name}-{typed.focus}" if typed.focus else "",
            # A text that could not be read counts as changed until it can.
            "drawn": "" if typed.error else digest(text),
            "open": bool(typed.error) or typed.controls is None,
        }  # fmt: skip
        if typed.controls is not None:
            context |= self.context(typed, name, offers)
        return render_to_string(self.template, context)


def _pretty(data: Any) -> str:
    if data in (None, {}, []):
        return ""
    return json.dumps(data, ensure_ascii=False, indent=2)


class ConditionField(BuilderField):
    """A condition. `check` may refuse more than the language does (`steady_condition`)."""

    template = "builder/condition.html"

    def __init__(self, **options: Any) -> None:
        self.check = options.pop("check", parse)
        super().__init__(**options)

    def read(self, posted: Posted, name: str) -> Part | None:
        """The controls."""
        return tree.from_post(posted, name)

    def parts_of(self, data: Any) -> Part | None:
        """Stored JSON as controls."""
        return tree.from_json(data)

    def written(self, controls: Part, offers: Offers) -> Any:
        """Controls as JSON."""
        return tree.to_json(controls, offers.fields)[0]

    def obey(self, typed: Typed) -> None:
        """Add or remove a part."""
        path = tree.carry_out(typed.controls, typed.command)
        part = typed.controls.find(path)
        typed.focus = f"{path}-kind" if part is None or part.kind else f"{path}-field"

    def checked(self, data: Any, controls: Part | None, offers: Offers) -> dict[str, Any]:
        """Every question is looked at, so that all that is wrong is said at once."""
        places: dict[str, Part] = {}
        if controls is not None:
            places = tree.to_json(controls, offers.fields)[1]
            self._look_at_each(controls, offers)
        try:
            condition = self.check(data, offers.fields)
            self._look_for_gone(condition, offers)
        except ConditionError as error:
            part = places.get(error.place)
            if part is not None and part.path != tree.ROOT:
                part.error = part.error or error.sentence
            raise
        return condition.as_json() if condition.fields else {}

    def _look_at_each(self, controls: Part, offers: Offers) -> None:
        for part in controls.walk():
            if part.kind:
                continue
            try:
                one = self.check(
                    tree.question_json(part, offers.fields.get(part.name)), offers.fields
                )
                self._look_for_gone(one, offers)
            except ConditionError as error:
                part.error = error.sentence if part.name else _("Choose a field.")

    def _look_for_gone(self, condition: Condition, offers: Offers) -> None:
        gone = missing(self.organization_id, wanted_by_condition(condition))
        if gone:
            raise ConditionError(_("Choose a value that exists here."), "")

    def context(self, typed: Typed, name: str, offers: Offers) -> dict[str, Any]:
        """The drawn tree."""
        return {"root": draw_condition(typed.controls, name, offers)}


class ActionsField(BuilderField):
    """A list of actions of rules, or of macros (which may do a little less)."""

    template = "builder/actions.html"

    def __init__(self, **options: Any) -> None:
        self.macros = options.pop("macros", False)
        super().__init__(**options)

    @property
    def kinds(self) -> list[ActionKind]:
        """What can be chosen."""
        return all_kinds(macros=self.macros)

    def read(self, posted: Posted, name: str) -> list[StepTyped] | None:
        """The controls."""
        return step_list.from_post(posted, name)

    def parts_of(self, data: Any) -> list[StepTyped] | None:
        """Stored JSON as controls."""
        return step_list.from_json(data)

    def written(self, controls: list[StepTyped], offers: Offers) -> Any:
        """Controls as JSON."""
        return step_list.to_json(controls, {kind.name: kind for kind in self.kinds})

    def obey(self, typed: Typed) -> None:
        """Add, move or remove an action."""
        index = step_list.carry_out(typed.controls, typed.command)
        typed.focus = f"{index}-do" if typed.controls else "add"

    def checked(
        self, data: Any, controls: list[StepTyped] | None, offers: Offers
    ) -> list[dict[str, Any]]:
        """Every action is looked at, so that all that is wrong is said at once."""
        listed = data if isinstance(data, list) else []
        for place, (step, one) in enumerate(zip(controls or [], listed, strict=False), 1):
            try:
                self._look_at(one, place)
            except ActionError as error:
                words = error.sentence if step.do else _("Choose an action.")
                step.errors.setdefault(error.param, words)
        steps = parse_steps(data, macros=self.macros)
        for place, one in enumerate(steps_as_json(steps), 1):
            self._look_at(one, place)
        return steps_as_json(steps)

    def _look_at(self, one: Any, place: int) -> None:
        try:
            (step,) = parse_steps([one], macros=self.macros)
        except ActionError as error:
            raise ActionError(error.sentence, place, error.param) from error
        for param in step.kind.params:
            value = step.params.get(param.name)
            if param.source and value is not None:
                wanted = {param.source: set(value if isinstance(value, list) else [value])}
                if missing(self.organization_id, wanted):
                    raise ActionError(_("Choose a value that exists here."), place, param.name)
        try:
            step.kind.check_here(self.organization_id, step.params)
        except BadInput as error:
            raise ActionError(str(error), place, error.field) from error

    def context(self, typed: Typed, name: str, offers: Offers) -> dict[str, Any]:
        """The drawn actions."""
        return {
            "steps": draw_steps(typed.controls, name, self.kinds, offers),
            "count": len(typed.controls),
        }


def redrawn(field: BuilderField, posted: Posted, name: str) -> SafeString:
    """A builder after a button was pressed or a control changed; nothing is checked or stored."""
    typed = field.typed(posted, name)
    field.adjust(typed, Offers(field.organization_id))
    return field.draw(typed, name)
