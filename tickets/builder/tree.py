"""A condition as somebody builds it: from stored JSON, from posted controls, and back. Pure.

A part's path says where it stands ("0" is the outermost group, "0.2" its third part). Controls
are called `<name>-<path>-<what>`: "condition-0.2-field".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tickets.conditions import Catalogue, Field, Kind
from tickets.conditions.fields import WITH_LIST, WITHOUT_VALUE, Op

GROUPS = ("all", "any", "none", "not_all")
ROOT = "0"


class Posted(Protocol):
    """What a form sent (a QueryDict)."""

    def __iter__(self) -> Iterator[str]: ...
    def get(self, key: str, default: Any = None) -> Any:
        """The last value."""

    def getlist(self, key: str) -> list[Any]:
        """Every value."""


@dataclass(slots=True)
class Part:
    """A group (`kind` is one of `GROUPS`) or a question (`kind` is empty), as typed."""

    path: str
    kind: str = ""
    parts: list["Part"] = field(default_factory=list)
    name: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    sure: str = ""
    error: str = ""

    def walk(self) -> Iterator["Part"]:
        """This part and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def find(self, path: str) -> "Part | None":
        """The part at `path`."""
        return next((part for part in self.walk() if part.path == path), None)

    def number(self, path: str = ROOT) -> None:
        """Give every part the path of the place where it stands now."""
        self.path = path
        for place, part in enumerate(self.parts):
            part.number(f"{path}.{place}")


def from_json(data: Any) -> Part | None:
    """The outermost group of a stored condition; None for what is no condition at all."""
    part = _read(data) if data not in (None, {}) else Part(ROOT, "all")
    if part is None:
        return None
    root = part if part.kind else Part(ROOT, "all", [part])
    root.number()
    return root


def _read(data: Any, depth: int = 0) -> Part | None:
    if not isinstance(data, Mapping) or depth > 20:
        return None
    if "field" in data:
        return _question(data)
    if len(data) != 1:
        return None
    kind, inner = next(iter(data.items()))
    if kind == "not":
        return _negated(inner, depth)
    if kind not in ("all", "any") or not isinstance(inner, list):
        return None
    parts = [_read(one, depth + 1) for one in inner]
    known = [part for part in parts if part is not None]
    return Part("", kind, known) if len(known) == len(parts) else None


def _negated(inner: Any, depth: int) -> Part | None:
    part = _read(inner, depth + 1)
    if part is None:
        return None
    if part.kind in ("all", "any") and len(part.parts) != 1:
        part.kind = "not_all" if part.kind == "all" else "none"
        return part
    return Part("", "none", part.parts if part.kind in ("all", "any") else [part])


def _question(data: Mapping[str, Any]) -> Part:
    value = data.get("value")
    values = value if isinstance(value, list) else [] if value is None else [value]
    return Part(
        "",
        name=str(data.get("field")),
        op=str(data.get("op")),
        values=[_as_typed(one) for one in values],
        sure=_as_percent(data.get("confidence")),
    )


def _as_percent(share: Any) -> str:
    if isinstance(share, int | float) and not isinstance(share, bool):
        return f"{share * 100:g}"
    return "" if share is None else str(share)


def _as_typed(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def from_post(data: Posted, name: str) -> Part | None:
    """What the controls called `name` hold; None where there are none."""
    prefix = f"{name}-{ROOT}"
    paths = {key[len(name) + 1 :].rpartition("-")[0] for key in data if key.startswith(prefix)}
    paths = {path for path in paths if _is_path(path)}
    if ROOT not in paths:
        return None
    made: dict[str, Part] = {}
    for path in sorted(paths, key=lambda path: [int(step) for step in path.split(".")]):
        part = _posted(data, f"{name}-{path}-", path)
        above = made.get(path.rpartition(".")[0])
        if path == ROOT:
            part.kind = part.kind or "all"
        elif above is None or not above.kind:
            continue
        else:
            above.parts.append(part)
        made[path] = part
    made[ROOT].number()
    return made[ROOT]


def _is_path(path: str) -> bool:
    steps = path.split(".")
    return len(steps) <= 12 and all(step.isdecimal() and len(step) < 5 for step in steps)


def _posted(data: Posted, prefix: str, path: str) -> Part:
    kind = data.get(f"{prefix}kind", "")
    if kind in GROUPS:
        return Part(path, kind)
    part = Part(
        path,
        name=data.get(f"{prefix}field", ""),
        op=data.get(f"{prefix}op", ""),
        sure=data.get(f"{prefix}sure", "").strip(),
    )
    # Another field was chosen since the controls were drawn: the old value means nothing to it.
    if data.get(f"{prefix}was", part.name) == part.name:
        part.values = [one.strip() for one in data.getlist(f"{prefix}value") if one.strip()]
        part.values += [
            line.strip() for line in data.get(f"{prefix}lines", "").splitlines() if line.strip()
        ]
    else:
        part.op = part.sure = ""
    return part


def to_json(root: Part, known: Catalogue) -> tuple[dict[str, Any], dict[str, Part]]:
    """What to store, and which part stands at which place of it ("2.1", as errors say it)."""
    places: dict[str, Part] = {}
    if not root.parts:
        return {}, {"": root}
    return _write(root, known, (), places), places


def _write(
    part: Part, known: Catalogue, place: tuple[int, ...], places: dict[str, Part]
) -> dict[str, Any]:
    places[".".join(map(str, place))] = part
    if not part.kind:
        return question_json(part, known.get(part.name))
    if part.kind == "none" and len(part.parts) == 1:
        return {"not": _write(part.parts[0], known, (*place, 1), places)}
    inside = (*place, 1) if part.kind in ("none", "not_all") else place
    places.setdefault(".".join(map(str, inside)), part)
    inner = [_write(one, known, (*inside, i), places) for i, one in enumerate(part.parts, 1)]
    if part.kind in ("all", "any"):
        return {part.kind: inner}
    return {"not": {"any" if part.kind == "none" else "all": inner}}


def question_json(part: Part, field: Field | None) -> dict[str, Any]:
    """One question as stored; what does not fit its type stays text, for the parser to refuse."""
    data: dict[str, Any] = {"field": part.name, "op": part.op}
    op = next((op for op in Op if op.value == part.op), None)
    typed = [_typed(one, field) for one in part.values]
    if op in WITH_LIST:
        data["value"] = typed
    elif op not in WITHOUT_VALUE and typed:
        data["value"] = typed[0]
    if part.sure and field is not None and field.sure:
        share = _number(part.sure)
        data["confidence"] = share if isinstance(share, str) else round(share / 100, 4)
    return data


def _typed(value: str, field: Field | None) -> Any:
    if field is None:
        return value
    if field.kind is Kind.NUMBER:
        return _number(value)
    if field.kind is Kind.FLAG:
        return {"yes": True, "no": False}.get(value, value)
    if field.kind is Kind.ROW:
        return int(value) if value.isdecimal() and len(value) < 19 else value
    return value


def _number(text: str) -> int | float | str:
    # A decimal comma is what half of the desks type.
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        return text


def carry_out(root: Part, command: Sequence[str]) -> str:
    """Do what a button said ("add", "group" or "remove", and a path); the path to stand at then."""
    what, path = command[0], command[1] if len(command) > 1 else ROOT
    part = root.find(path)
    if part is None:
        return ROOT
    if what in ("add", "group") and part.kind:
        new = Part("") if what == "add" else Part("", "any", [Part("")])
        part.parts.append(new)
        root.number()
        return new.path
    above = root.find(path.rpartition(".")[0])
    if what == "remove" and above is not None:
        place = above.parts.index(part)
        del above.parts[place]
        root.number()
        return above.parts[min(place, len(above.parts) - 1)].path if above.parts else above.path
    return path
