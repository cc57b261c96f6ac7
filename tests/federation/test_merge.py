"""Which side's value wins: pure rules, without a database."""

import itertools

import pytest

from integrations.channels.glpi.mapping import IMPACT, STATUS, URGENCY
from integrations.federation.merge import Agreed, FieldMap, Merged, Owner, merge

PLAIN = {"f": FieldMap()}


def decide(base: Agreed, ours: str, theirs: str, owner: Owner = Owner.NEWEST) -> Merged:
    return merge({"f": base}, {"f": ours}, {"f": theirs}, PLAIN, {"f": owner})


def test_what_one_side_changed_flows_to_the_other() -> None:
    assert decide(Agreed("a", "a"), "a", "b").to_us == {"f": "b"}
    assert decide(Agreed("a", "a"), "b", "a").to_them == {"f": "b"}


def test_a_change_on_both_sides_is_a_clash_and_moves_nothing() -> None:
    merged = decide(Agreed("a", "a"), "b", "c")
    assert [(one.ours, one.theirs, one.kept) for one in merged.clashes] == [("b", "c", "")]
    assert not merged.to_us
    assert not merged.to_them
    assert not merged.agreed


def test_the_same_change_on_both_sides_is_an_agreement() -> None:
    merged = decide(Agreed("a", "a"), "b", "b")
    assert merged.agreed == {"f": Agreed("b", "b")}
    assert not merged.clashes


def test_an_owner_wins_and_the_loser_is_kept_in_a_clash() -> None:
    for ours, theirs in (("b", "a"), ("b", "c"), ("a", "c")):
        merged = decide(Agreed("a", "a"), ours, theirs, Owner.THEIRS)
        assert merged.to_us == {"f": theirs}
        assert [one.kept for one in merged.clashes] == (["theirs"] if ours == "b" else [])
        merged = decide(Agreed("a", "a"), ours, theirs, Owner.OURS)
        assert merged.to_them == {"f": ours}
        assert [one.kept for one in merged.clashes] == (["ours"] if theirs == "c" else [])


def test_nobody_owns_what_is_apart() -> None:
    merged = decide(Agreed("a", "a"), "b", "c", Owner.APART)
    assert merged == Merged()


def test_at_the_first_meeting_what_comes_in_counts() -> None:
    assert decide(Agreed(), "a", "b").to_us == {"f": "b"}
    assert decide(Agreed(), "a", "b", Owner.OURS).to_them == {"f": "a"}


def test_a_value_nobody_knows_is_named_and_moves_nothing() -> None:
    merged = merge({"s": Agreed("new", "1")}, {"s": "new"}, {"s": "99"}, {"s": STATUS}, {})
    assert merged.unknown == {"s": "99"}
    merged = merge({"s": Agreed("new", "1")}, {"s": "own"}, {"s": "1"}, {"s": STATUS}, {})
    assert merged.unwritable == ["s"]


@pytest.mark.parametrize("table", [STATUS, URGENCY, IMPACT])
def test_a_lossy_translation_never_looks_like_a_change(table: FieldMap) -> None:
    for raw, ours in table.inward.items():
        merged = merge({"f": Agreed(ours, raw)}, {"f": ours}, {"f": raw}, {"f": table}, {})
        assert not merged.to_us
        assert not merged.to_them
    for ours in table.outward:
        raw = table.to_theirs(ours) or ""
        merged = merge({"f": Agreed(ours, raw)}, {"f": ours}, {"f": raw}, {"f": table}, {})
        assert merged.agreed == {"f": Agreed(ours, raw)}


def test_no_combination_overwrites_without_a_trace() -> None:
    """Every state of two sides, every owner: a changed value that loses is in a clash."""
    for owner, ours, theirs in itertools.product(Owner, "abc", "abc"):
        merged = decide(Agreed("a", "a"), ours, theirs, owner)
        traced = {(one.ours, one.theirs) for one in merged.clashes}
        if "f" in merged.to_us and ours != "a":
            assert (ours, theirs) in traced
        if "f" in merged.to_them and theirs != "a":
            assert (ours, theirs) in traced
        assert not (merged.to_us and merged.to_them)


def test_subjects_are_compared_as_far_as_the_other_side_keeps_them() -> None:
    table = FieldMap(limit=5)
    merged = merge({}, {"f": "a long one"}, {"f": "a lon"}, {"f": table}, {})
    assert merged.agreed == {"f": Agreed("a long one", "a lon")}
