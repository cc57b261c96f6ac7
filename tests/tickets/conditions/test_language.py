"""The condition language by itself: random trees against a slow reference, and bad input."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.conditions import (
    OPERATORS,
    Catalogue,
    Choice,
    ConditionError,
    Facts,
    Field,
    Kind,
    Op,
    describe,
    explain,
    parse,
)
from tickets.conditions.fields import SLA_STATES, STANDARD
from tickets.conditions.parsing import DEEPEST, MOST_PARTS, MOST_VALUES
from tickets.sla import SlaState

LEVELS = ("low", "medium", "high")
KNOWN = Catalogue(
    (
        Field("text", Kind.TEXT, "Text", changes=True),
        Field("choice", Kind.CHOICE, "Choice", tuple(Choice(c, c) for c in "abc"), changes=True),
        Field("level", Kind.LEVEL, "Level", tuple(Choice(c, c) for c in LEVELS), changes=True),
        Field("row", Kind.ROW, "Row", changes=True),
        Field("names", Kind.NAMES, "Names", changes=True),
        Field("number", Kind.NUMBER, "Number", changes=True),
        Field("flag", Kind.FLAG, "Flag", changes=True),
        Field("ai", Kind.CHOICE, "By the AI", tuple(Choice(c, c) for c in "abc"), sure=True),
    )
)
WORDS = st.sampled_from(["vpn", "VPN down", "a", "ab", "ba", "Straße", "e-1", "e1 e22"])
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: WORDS,
    Kind.CHOICE: st.sampled_from("abc"),
    Kind.LEVEL: st.sampled_from(LEVELS),
    Kind.ROW: st.integers(1, 4),
    Kind.NAMES: st.sampled_from(["vpn", "mail", "vip"]),
    Kind.NUMBER: st.integers(-3, 3) | st.floats(-3, 3),
    Kind.FLAG: st.booleans(),
}
FACT: dict[Kind, st.SearchStrategy[Any]] = {
    **VALUES,
    Kind.NAMES: st.frozensets(VALUES[Kind.NAMES]),
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(list(KNOWN.values())))
    op = draw(st.sampled_from(field.operators))
    data: dict[str, Any] = {"field": field.name, "op": op.value}
    if op in (Op.ONE_OF, Op.NONE_OF):
        data["value"] = draw(st.lists(VALUES[field.kind], min_size=1, max_size=3, unique=True))
    elif op not in (Op.EMPTY, Op.NOT_EMPTY, Op.CHANGED):
        data["value"] = draw(VALUES[field.kind])
    if field.sure and draw(st.booleans()):
        data["confidence"] = draw(st.sampled_from([0.25, 0.5, 1.0]))
    return data


TREES = st.recursive(
    questions(),
    lambda inner: (
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=6,
).filter(lambda tree: _depth(tree) <= DEEPEST)


@st.composite
def situations(draw: st.DrawFn) -> Facts:
    values = {f.name: draw(st.none() | FACT[f.kind]) for f in KNOWN.values()}
    changed = draw(st.sets(st.sampled_from([f.name for f in KNOWN.values() if f.changes])))
    before = {name: draw(st.none() | FACT[KNOWN[name].kind]) for name in sorted(changed)}
    return Facts(values, before, {"ai": draw(st.sampled_from([0.0, 0.3, 0.6, 1.0]))})


def _depth(tree: dict[str, Any]) -> int:
    if "field" in tree:
        return 0
    inner = [tree["not"]] if "not" in tree else tree.get("all") or tree["any"]
    return 1 + max(map(_depth, inner))


def slowly(data: dict[str, Any], facts: Facts) -> bool:
    """What the language means, written down as plainly as possible."""
    if "all" in data:
        return all(slowly(part, facts) for part in data["all"])
    if "any" in data:
        return any(slowly(part, facts) for part in data["any"])
    if "not" in data:
        return not slowly(data["not"], facts)
    name, op, value = data["field"], data["op"], data.get("value")
    if op.startswith("changed") and name not in facts.before:
        return False
    if op == "changed":
        return True
    if op == "changed_from":
        return answer(KNOWN[name], "is", facts.before[name], value)
    if op == "changed_to":
        return answer(KNOWN[name], "is", facts.values[name], value)
    if facts.confidence.get(name, 0) < data.get("confidence", 0):
        return False
    return answer(KNOWN[name], op, facts.values[name], value)


def answer(field: Field, op: str, actual: Any, value: Any) -> bool:
    negative = {"is_not": "is", "none_of": "one_of", "not_contains": "contains"}
    if op in negative:
        return not answer(field, negative[op], actual, value)
    if op in ("empty", "not_empty"):
        return (actual in (None, "", frozenset())) == (op == "empty")
    if field.kind is Kind.NAMES:
        return bool(set(value if op == "one_of" else [value]) & set(actual or ()))
    if actual is None:
        return False
    if field.kind is Kind.TEXT:
        actual = actual.casefold()
        value = [v.casefold() for v in value] if op == "one_of" else value.casefold()
    if field.kind is Kind.LEVEL and op in ("greater", "less"):
        actual, value = LEVELS.index(actual), LEVELS.index(value)
    padded = f" {actual} ".replace("-", " ") if op == "has_word" else ""
    results: dict[str, Callable[[], Any]] = {
        "is": lambda: actual == value,
        "one_of": lambda: actual in value,
        "contains": lambda: value in actual,
        # None of the words has a wildcard: then a match is the same as containing.
        "matches": lambda: value in actual,
        "has_word": lambda: f" {value} ".replace("-", " ") in padded,
        "greater": lambda: actual > value,
        "less": lambda: actual < value,
    }
    return bool(results[op]())


@settings(max_examples=300, deadline=None)
@given(TREES, situations())
def test_a_compiled_condition_says_what_the_slow_reference_says(
    tree: dict[str, Any], facts: Facts
) -> None:
    condition = parse(tree, KNOWN)
    expected = slowly(tree, facts)
    assert condition.holds(facts) is expected
    assert explain(condition, facts).held is expected
    assert parse({"not": tree}, KNOWN).holds(facts) is not expected


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_the_stored_form_survives_a_round_trip_and_can_be_said_in_words(
    tree: dict[str, Any],
) -> None:
    condition = parse(json.loads(json.dumps(tree)), KNOWN)
    assert parse(condition.as_json(), KNOWN).as_json() == condition.as_json()
    for language in ("en", "de", "fr", "es"):
        with translation.override(language):
            assert describe(condition)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "confidence", "x"]),
            inner | st.sampled_from(["text", "level", "is", "one_of", "greater"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON, situations())
def test_any_json_is_either_a_condition_or_refused_in_words(data: Any, facts: Facts) -> None:
    refusal, condition = "", None
    try:
        condition = parse(data, KNOWN)
    except ConditionError as error:
        refusal = str(error)
    assert refusal.endswith(".") if condition is None else isinstance(condition.holds(facts), bool)


@settings(max_examples=100, deadline=None)
@given(TREES, st.dictionaries(st.sampled_from(list(KNOWN)), JSON))
def test_facts_of_a_wrong_type_never_raise(tree: dict[str, Any], odd: dict[str, Any]) -> None:
    facts = Facts({k: v for k, v in odd.items() if k != "names"}, odd)
    assert parse(tree, KNOWN).holds(facts) in (True, False)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "A condition or a group is expected here."),
        ({"all": 1}, "A group holds a list of conditions."),
        ({"all": [], "any": []}, "A group has exactly one of “all”, “any” and “not”."),
        ({"none": []}, "“none” is no kind of group."),
        ({"all": [{"any": []}]}, "Condition 1: This group is empty."),
        (
            {"all": [{"field": "text", "op": "empty"}, {"any": [{"field": "colour", "op": "is"}]}]},
            "Condition 2.1: There is no field “colour”.",
        ),
        ({"field": ["text"], "op": "is"}, "There is no field “['text']”."),
        ({"field": "text", "op": "greater", "value": 1}, "“Text” cannot be asked “greater”."),
        ({"field": "ai", "op": "changed"}, "“By the AI” cannot be asked “changed”."),
        ({"field": "text", "op": "is"}, "Enter a value."),
        ({"field": "text", "op": "is", "value": " "}, "Enter a value."),
        ({"field": "text", "op": "is", "value": "x" * 501}, "at most 500 characters"),
        ({"field": "text", "op": "empty", "value": "x"}, "This question takes no value."),
        ({"field": "text", "op": "matches", "value": "**"}, "Enter more than “*”."),
        ({"field": "text", "op": "is", "value": "x", "if": 1}, "“if” means nothing here."),
        ({"field": "text", "op": "one_of", "value": []}, "Choose at least one value."),
        ({"field": "text", "op": "one_of", "value": ["x"] * 201}, f"At most {MOST_VALUES}"),
        ({"field": "choice", "op": "is", "value": "z"}, "“z” is no value of “Choice”."),
        ({"field": "row", "op": "is", "value": "1"}, "Choose a value from the list."),
        ({"field": "row", "op": "is", "value": True}, "Choose a value from the list."),
        ({"field": "row", "op": "is", "value": 2**63}, "Choose a value from the list."),
        ({"field": "number", "op": "less", "value": "3"}, "Enter a number."),
        ({"field": "number", "op": "less", "value": float("nan")}, "This number is too large."),
        ({"field": "number", "op": "less", "value": 10**400}, "This number is too large."),
        ({"field": "flag", "op": "is", "value": 1}, "Choose yes or no."),
        (
            {"field": "text", "op": "is", "value": "x", "confidence": 0.5},
            "Only what the AI says has a confidence.",
        ),
        (
            {"field": "ai", "op": "is", "value": "a", "confidence": 2},
            "A confidence lies between 0 and 1.",
        ),
        ({"all": [{"field": "text", "op": "empty"}] * MOST_PARTS}, "at most 200 parts"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(data: Any, sentence: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(data, KNOWN)
    assert sentence in str(caught.value)


def test_groups_in_groups_end_at_a_limit_however_deep_the_input_is() -> None:
    deep: dict[str, Any] = {"field": "text", "op": "empty"}
    for _ in range(500):
        deep = {"not": deep}
    with pytest.raises(ConditionError, match="at most 6 deep"):
        parse(deep, KNOWN)


@pytest.mark.parametrize("nothing", [None, {}, {"all": []}, {"any": []}])
def test_a_condition_that_asks_nothing_always_holds(nothing: Any) -> None:
    condition = parse(nothing)
    assert condition.holds(Facts({}))
    assert describe(condition) == "always"


@pytest.mark.parametrize(
    ("wildcards", "text", "expected"),
    [
        ("err-????", "see ERR-4711 in the log", True),
        ("err-####", "see ERR-47 in the log", False),
        ("error ##", "Error 42", True),
        ("host*down", "host hh-01 went\ndown", True),
        ("host*down", "down is the host", False),
        ("a.c", "abc", False),
        ("[a]", "a", False),
    ],
)
def test_wildcards_match_anywhere_in_a_text(wildcards: str, text: str, expected: bool) -> None:
    condition = parse({"field": "text", "op": "matches", "value": wildcards}, KNOWN)
    assert condition.holds(Facts({"text": text})) is expected


def test_a_condition_is_said_in_words_with_names_for_rows() -> None:
    condition = parse(
        {
            "all": [
                {"field": "priority", "op": "one_of", "value": ["high", "critical"]},
                {
                    "any": [
                        {"field": "category", "op": "is", "value": 7},
                        {"not": {"field": "tags", "op": "contains", "value": "VIP"}},
                    ]
                },
                {"field": "ai_team", "op": "is", "value": "Network", "confidence": 0.8},
            ]
        }
    )
    assert describe(condition, {"category": {7: "VPN"}}) == (
        "Priority is one of High, Urgent and (Category is VPN or not (Tags contain vip))"
        " and Team by the AI is Network with at least 80 % confidence"
    )
    assert "something deleted (7)" in describe(condition)


def test_an_explanation_says_of_each_part_whether_it_held() -> None:
    condition = parse(
        {
            "all": [
                {"field": "subject", "op": "has_word", "value": "vpn"},
                {"field": "priority", "op": "greater", "value": "medium"},
            ]
        }
    )
    found = explain(condition, Facts({"subject": "VPN, again", "priority": "low"}))
    assert (found.held, [part.held for part in found.parts]) == (False, [True, False])
    assert found.parts[0].words == "Subject contains the word “vpn”"


def test_the_states_of_agreed_times_are_those_of_the_domain() -> None:
    assert {choice.value for choice in SLA_STATES} == set(SlaState.values)


def test_each_kind_has_operators_and_each_field_a_kind() -> None:
    assert set(OPERATORS) == set(Kind)
    assert len(Catalogue(STANDARD)) == len(STANDARD)
