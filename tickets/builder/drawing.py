"""From what is being built to what the templates draw: controls, their options, their errors."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from tickets.automation.registry import Param, ParamKind
from tickets.builder.offers import Offers, Options
from tickets.builder.tree import Part
from tickets.conditions import Field, Kind, operator_label
from tickets.conditions.fields import WITH_LIST, WITHOUT_VALUE, Op


@dataclass(frozen=True, slots=True)
class Control:
    """One control. `widget`: select, checks, line, number, area, lines or none."""

    name: str
    widget: str
    label: str
    options: Options = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    error: str = ""
    optional: bool = False
    # The id of the element to draw anew when this control changes.
    redraws: str = ""

    @property
    def value(self) -> str:
        """The only value, or the first."""
        return self.values[0] if self.values else ""

    @property
    def text(self) -> str:
        """All values, one a line."""
        return "\n".join(self.values)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as drawn; `rest` is its operator and value, which depend on the field."""

    path: str
    place: str
    id: str
    field: Control
    op: Control
    value: Control
    sure: Control | None
    error: str
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class GroupDrawn:
    """A group as drawn."""

    path: str
    place: str
    id: str
    kind: Control
    parts: list["Question | GroupDrawn"]
    error: str
    is_group: bool = True


def group_words() -> Options:
    """The kinds of groups."""
    return [
        ("all", _("All of these hold")),
        ("any", _("At least one of these holds")),
        ("none", _("None of these holds")),
        ("not_all", _("Not all of these hold")),
    ]


def draw_condition(root: Part, name: str, offers: Offers) -> GroupDrawn:
    """The whole condition."""
    drawn = _draw(root, name, offers)
    assert isinstance(drawn, GroupDrawn)  # noqa: S101 - the root always is
    return drawn


def _draw(part: Part, name: str, offers: Offers) -> Question | GroupDrawn:
    prefix = f"{name}-{part.path}-"
    place = ".".join(str(int(step) + 1) for step in part.path.split(".")[1:])
    if part.kind:
        label = _("Group %(place)s") % {"place": place} if place else _("The whole condition")
        return GroupDrawn(
            part.path, place, f"{name}-{part.path}",
            Control(f"{prefix}kind", "select", label, group_words(), [part.kind]),
            [_draw(one, name, offers) for one in part.parts], part.error,
        )  # fmt: skip
    return _question(part, prefix, place, offers)


def _question(part: Part, prefix: str, place: str, offers: Offers) -> Question:
    known = offers.fields.get(part.name)
    ops = known.operators if known else ()
    op = next((op for op in ops if op.value == part.op), ops[0] if ops else None)
    named: Options = [("", _("Choose …"))] if not part.name else []
    named += [(one.name, str(one.label)) for one in offers.fields.values()]
    if part.name and known is None:
        named.append((part.name, _("%(key)s (not there any more)") % {"key": part.name}))
    ids = prefix.removesuffix("-")
    return Question(
        part.path, place, ids,
        Control(f"{prefix}field", "select", _("Field"), named, [part.name], redraws=f"{ids}-rest"),
        Control(
            f"{prefix}op", "select", _("Question"),
            [(one.value, str(operator_label(known, one))) for one in ops] if known else [],
            [op.value] if op else [], redraws=f"{ids}-asked",
        ),
        _value(part, known, op, f"{prefix}value", offers),
        _sure(part, known, prefix),
        part.error,
    )  # fmt: skip


def _sure(part: Part, known: Field | None, prefix: str) -> Control | None:
    if known is None or not known.sure:
        return None
    label = _("At least this sure (%)")
    return Control(f"{prefix}sure", "number", label, values=[part.sure], optional=True)


def _value(part: Part, known: Field | None, op: Op | None, name: str, offers: Offers) -> Control:
    label = _("Value")
    if known is None or op is None or op in WITHOUT_VALUE:
        # An unknown field keeps what was asked of it: nothing is lost by looking.
        return Control(name, "hidden" if known is None else "none", label, values=part.values)
    several = op in WITH_LIST
    offered: Options = [(one.value, str(one.label)) for one in known.choices]
    if known.kind is Kind.FLAG:
        offered = [("yes", _("yes")), ("no", _("no"))]
    offered += [
        (one, _("%(key)s (not there any more)") % {"key": one})
        for one in part.values
        if offered and one not in dict(offered)
    ]
    is_open = bool(known.source) and offers.is_open(known.source)
    if known.source:
        offered = offers.of(known.source, part.values)
    if not offered or is_open:
        if several:
            lines = name.removesuffix("value") + "lines"
            return Control(lines, "lines", _("Values, one a line"), offered, part.values)
        widget = "number" if known.kind is Kind.NUMBER else "line"
        return Control(name, widget, label, offered, part.values)
    if several:
        return Control(name, "checks", _("Values"), offered, part.values)
    return Control(name, "select", label, [("", _("Choose …")), *offered], part.values)


@dataclass(slots=True)
class StepTyped:
    """One action as somebody typed it; `errors` by parameter, "" for the whole."""

    do: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepDrawn:
    """One action as drawn."""

    index: int
    number: int
    id: str
    do: Control
    params: list[Control]
    error: str
    first: bool
    last: bool


def draw_steps(
    steps: list[StepTyped], name: str, kinds: Iterable[Any], offers: Offers
) -> list[StepDrawn]:
    """All actions in their order."""
    known = {kind.name: kind for kind in kinds}
    drawn = []
    for index, step in enumerate(steps):
        prefix, kind = f"{name}-{index}-", known.get(step.do)
        offered: Options = [] if step.do else [("", _("Choose …"))]
        offered += [(one.name, str(one.label)) for one in known.values()]
        if step.do and kind is None:
            offered.append((step.do, _("%(key)s (not there any more)") % {"key": step.do}))
        ids = f"{name}-{index}"
        do = Control(
            f"{prefix}do", "select", _("Action"), offered, [step.do], redraws=f"{ids}-rest"
        )
        depended = {param.only_with[0] for param in kind.params if param.only_with} if kind else ()
        params = [
            _param(param, step, f"{prefix}p-{param.name}", offers,
                   f"{ids}-rest" if param.name in depended else "")
            for param in (kind.params if kind else ())
            if param.applies({name: values[0] for name, values in step.values.items() if values})
        ]  # fmt: skip
        last = index == len(steps) - 1
        whole = step.errors.get("", "")
        drawn.append(StepDrawn(index, index + 1, ids, do, params, whole, index == 0, last))
    return drawn


_WIDGETS = {
    ParamKind.LINE: "line",
    ParamKind.TEXT: "area",
    ParamKind.NUMBER: "number",
    ParamKind.NAMES: "lines",
}


def _param(param: Param, step: StepTyped, name: str, offers: Offers, redraws: str) -> Control:
    values = step.values.get(param.name, [])
    error = step.errors.get(param.name, "")
    offered: Options = [(one.value, str(one.label)) for one in param.choices]
    if param.source:
        offered = offers.of(param.source, values)
    widget = _WIDGETS.get(param.kind, "select")
    label = str(param.label)
    if widget == "lines":
        label = _("%(label)s, one a line") % {"label": label}
    if widget == "select":
        offered = [("", _("Choose …") if param.required else "–"), *offered]
    return Control(
        name, widget, label, offered, values, error, optional=not param.required, redraws=redraws
    )
