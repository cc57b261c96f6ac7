"""How tickets hang together: kinds of links and what each is called from either end. No ORM."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LinkKind(TextChoices):
    """A stored link reads "source is … target"."""

    PARENT = "parent", _("parent of")
    PROBLEM = "problem", _("problem behind")
    CHANGE = "change", _("change that caused")
    DUPLICATE = "duplicate", _("duplicate of")
    FOLLOW_UP = "follow_up", _("follow-up of")
    RELATED = "related", _("related to")


class Relation(TextChoices):
    """What a ticket is to another one, as people and programs say it."""

    RELATED = "related", _("Related to")
    PARENT_OF = "parent_of", _("Parent of")
    CHILD_OF = "child_of", _("Part of")
    PROBLEM_OF = "problem_of", _("Problem behind")
    CAUSED_BY_PROBLEM = "caused_by_problem", _("Caused by problem")
    CHANGE_OF = "change_of", _("Change that caused")
    CAUSED_BY_CHANGE = "caused_by_change", _("Caused by change")
    DUPLICATE_OF = "duplicate_of", _("Duplicate of")
    DUPLICATED_BY = "duplicated_by", _("Has the duplicate")
    FOLLOW_UP_OF = "follow_up_of", _("Follow-up of")
    CONTINUED_IN = "continued_in", _("Continued in")


class Ends(NamedTuple):
    """A relation as it is stored: the kind, and whether the ticket itself is the source."""

    kind: LinkKind
    forward: bool


STORED: dict[str, Ends] = {
    Relation.RELATED: Ends(LinkKind.RELATED, True),
    Relation.PARENT_OF: Ends(LinkKind.PARENT, True),
    Relation.CHILD_OF: Ends(LinkKind.PARENT, False),
    Relation.PROBLEM_OF: Ends(LinkKind.PROBLEM, True),
    Relation.CAUSED_BY_PROBLEM: Ends(LinkKind.PROBLEM, False),
    Relation.CHANGE_OF: Ends(LinkKind.CHANGE, True),
    Relation.CAUSED_BY_CHANGE: Ends(LinkKind.CHANGE, False),
    Relation.DUPLICATE_OF: Ends(LinkKind.DUPLICATE, True),
    Relation.DUPLICATED_BY: Ends(LinkKind.DUPLICATE, False),
    Relation.FOLLOW_UP_OF: Ends(LinkKind.FOLLOW_UP, True),
    Relation.CONTINUED_IN: Ends(LinkKind.FOLLOW_UP, False),
}
# Solving such a source offers to solve its targets.
CARRIES_SOLUTION = (LinkKind.PARENT.value, LinkKind.PROBLEM.value)


def relation_of(kind: str, *, forward: bool) -> Relation:
    """What the source (`forward`) or the target of a stored link is to the other end."""
    if kind == LinkKind.RELATED:
        return Relation.RELATED
    return next(Relation(r) for r, ends in STORED.items() if ends == (kind, forward))


def inverse(relation: str) -> Relation:
    """The same link seen from the other end."""
    ends = STORED[relation]
    return relation_of(ends.kind, forward=not ends.forward)


class LinkFlaw(Enum):
    """Why a link makes no sense."""

    CYCLE = "cycle"
    SECOND_PARENT = "second_parent"


def flaw_of(
    kind: str, source: int, target: int,
    *, onward: Callable[[set[int]], Iterable[int]], parents: Iterable[int],
) -> LinkFlaw | None:  # fmt: skip
    """What is wrong with linking two ids, or None.

    `onward` answers the targets of a set of sources within `kind`; `parents` are the parents
    that the target has already.
    """
    if kind == LinkKind.RELATED:
        return None
    if kind == LinkKind.PARENT and set(parents) - {source}:
        return LinkFlaw.SECOND_PARENT
    seen: set[int] = set()
    frontier = {target}
    while frontier:
        if source in frontier:
            return LinkFlaw.CYCLE
        seen |= frontier
        frontier = set(onward(frontier)) - seen
    return None
