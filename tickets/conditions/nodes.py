"""A parsed condition: a small tree, compiled once into one function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tickets.conditions.facts import Facts
from tickets.conditions.fields import OF_CHANGE, WITHOUT_VALUE, Field, Op

Test = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question about one field; `value` is normalised by the parser."""

    field: Field
    op: Op
    value: Any
    # Only for fields of the AI: it must be at least this sure.
    confidence: float | None
    test: Test

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        data: dict[str, Any] = {"field": self.field.name, "op": self.op.value}
        if self.op not in WITHOUT_VALUE:
            data["value"] = list(self.value) if isinstance(self.value, tuple) else self.value
        if self.confidence is not None:
            data["confidence"] = self.confidence
        return data


@dataclass(frozen=True, slots=True)
class Group:
    """Several parts, of which all or any must hold; no part at all always holds."""

    kind: Literal["all", "any"]
    parts: tuple["Node", ...]
    test: Test

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {self.kind: [part.as_json() for part in self.parts]}


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of its part."""

    part: "Node"
    test: Test

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"not": self.part.as_json()}


Node = Leaf | Group | Not


def leaves(node: Node) -> Iterator[Leaf]:
    """Every question below `node`, in reading order."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.part)
    else:
        for part in node.parts:
            yield from leaves(part)


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition: ask `holds`; `fields` says which facts it needs at all."""

    root: Node
    fields: frozenset[str]

    @classmethod
    def of(cls, root: Node) -> "Condition":
        """From its root."""
        return cls(root, frozenset(leaf.field.name for leaf in leaves(root)))

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of `facts`."""
        return self.root.test(facts)

    def as_json(self) -> dict[str, Any]:
        """The stored form, normalised."""
        return self.root.as_json()

    @property
    def asks_changes(self) -> bool:
        """Whether it looks at previous values: such a condition is only true at an event."""
        return any(leaf.op in OF_CHANGE for leaf in leaves(self.root))


def all_of(parts: tuple[Node, ...]) -> Group:
    """A group of which every part must hold."""
    tests = tuple(part.test for part in parts)

    def test(facts: Facts) -> bool:
        # intended: a plain loop is a third faster than all() over a generator
        for each in tests:  # noqa: SIM110
            if not each(facts):
                return False
        return True

    return Group("all", parts, test)


def any_of(parts: tuple[Node, ...]) -> Group:
    """A group of which one part must hold."""
    tests = tuple(part.test for part in parts)

    def test(facts: Facts) -> bool:
        for each in tests:
            if each(facts):
                return True
        return not tests

    return Group("any", parts, test)


def negated(part: Node) -> Not:
    """The opposite of `part`."""
    inner = part.test
    return Not(part, lambda facts: not inner(facts))
