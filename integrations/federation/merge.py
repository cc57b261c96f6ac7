"""Which side's value wins, field by field. Pure.

Both sides are compared with what they last agreed on, each in its own words: a mapping that
loses something (two of their statuses are one of ours) then never looks like a change. Changes
on both sides are a clash: no value is overwritten without a row that shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Owner(StrEnum):
    """Who decides a field."""

    OURS = "ours"  # their changes are put back
    THEIRS = "theirs"  # our changes are put back
    NEWEST = "newest"  # whoever changed it; both: a person decides
    APART = "apart"  # each side has its own


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """How a field's values translate. Empty tables: as they are, cut to `limit` over there.

    `writable`: whether the far side lets us change it at all; `writes`: those of our words that it
    lets us set, None for all.
    """

    inward: Mapping[str, str] = field(default_factory=dict)
    outward: Mapping[str, str] = field(default_factory=dict)
    limit: int = 0
    writable: bool = True
    writes: frozenset[str] | None = None

    def to_ours(self, theirs: str) -> str | None:
        """Our word for theirs; None where we know none."""
        return self.inward.get(theirs) if self.inward else theirs

    def to_theirs(self, ours: str) -> str | None:
        """Their word for ours; None where it cannot be said over there."""
        if self.outward or self.inward:
            return self.outward.get(ours)
        return ours[: self.limit] if self.limit else ours

    def to_write(self, ours: str) -> str | None:
        """Their word for ours where we may set it; None otherwise."""
        allowed = self.writable and (self.writes is None or ours in self.writes)
        return self.to_theirs(ours) if allowed else None

    def equal(self, ours: str, theirs: str) -> bool:
        """Whether the two mean the same."""
        return self.to_ours(theirs) == ours or self.to_theirs(ours) == theirs


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides had when they last agreed, each in its own words; None: unknown."""

    ours: str | None = None
    theirs: str | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed a field, or one changed what the other owns; `kept` names the side
    that won by the field's owner, '' while a person has to decide."""

    name: str
    ours: str
    theirs: str
    kept: str = ""


@dataclass(slots=True)
class Merged:
    """What to do: values for us (our words), for them (their words), and the new agreement."""

    to_us: dict[str, str] = field(default_factory=dict)
    to_them: dict[str, str] = field(default_factory=dict)
    agreed: dict[str, Agreed] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    # Fields of ours that cannot be said over there, and their values that we do not know.
    unwritable: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)


def merge(
    base: Mapping[str, Agreed], ours: Mapping[str, str], theirs: Mapping[str, str],
    maps: Mapping[str, FieldMap], owners: Mapping[str, Owner],
) -> Merged:  # fmt: skip
    """Decide every field that both sides have.

    `agreed` of the result holds what is settled once `to_us` is applied; fields of `to_them`
    are agreed only after they were written over there.
    """
    out = Merged()
    for name, their in theirs.items():
        owner = owners.get(name, Owner.NEWEST)
        if name in ours and name in maps and owner != Owner.APART:
            _decide(out, name, base.get(name, Agreed()), ours[name], their, maps[name], owner)
    return out


def _decide(
    out: Merged, name: str, base: Agreed, our: str, their: str, table: FieldMap, owner: Owner
) -> None:
    if table.equal(our, their):
        out.agreed[name] = Agreed(our, their)
        return
    we, they = our != base.ours, their != base.theirs
    if base == Agreed():  # never seen together: what comes in counts, unless the field is ours
        we, they = owner == Owner.OURS, owner != Owner.OURS
    # What cannot be said over there cannot win there: theirs is taken, ours stays on record.
    if we and they and owner == Owner.NEWEST and table.to_write(our) is not None:
        out.clashes.append(Clash(name, our, their))
    elif they and owner != Owner.OURS:
        if _take(out, name, their, table) and we:
            out.clashes.append(Clash(name, our, their, kept="theirs"))
    elif we and owner != Owner.THEIRS:
        if _give(out, name, our, table) and they:
            out.clashes.append(Clash(name, our, their, kept="ours"))
    elif we:  # only we changed what is theirs
        if _take(out, name, their, table):
            out.clashes.append(Clash(name, our, their, kept="theirs"))
    elif they and _give(out, name, our, table):  # only they changed what is ours
        out.clashes.append(Clash(name, our, their, kept="ours"))


def _take(out: Merged, name: str, their: str, table: FieldMap) -> bool:
    value = table.to_ours(their)
    if value is None:
        out.unknown[name] = their
        return False
    out.to_us[name] = value
    out.agreed[name] = Agreed(value, their)
    return True


def _give(out: Merged, name: str, our: str, table: FieldMap) -> bool:
    value = table.to_write(our)
    if value is None:
        out.unwritable.append(name)
        return False
    out.to_them[name] = value
    return True
