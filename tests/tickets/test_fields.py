"""Custom fields as pure rules: every type, every refusal, conditions, patterns, texts."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.field_config import condition_problem, definition_problems, pattern_problem
from tickets.field_texts import (
    fill,
    from_text,
    read_conditions,
    read_options,
    shown,
    unknown_names,
    write_conditions,
    write_options,
)
from tickets.fields import Condition, FieldError, FieldKind, FieldRule, Option, check_values

OPTIONS = (Option("laptop", {"en": "Laptop", "de": "Notebook"}), Option("phone", {"en": "Phone"}))
NOTHING: dict[str, list[str]] = {}


def rule(kind: str, key: str = "x", **more: Any) -> FieldRule:
    return FieldRule(key=key, kind=kind, label={"en": key.title()}, options=OPTIONS, **more)


GOOD: list[tuple[FieldRule, Any, Any]] = [
    (rule("text"), "  two   words ", "two words"),
    (rule("long_text"), "a\nb", "a\nb"),
    (rule("number"), 4, 4),
    (rule("number"), 4.0, 4),
    (rule("number", minimum=0, maximum=10), 2.5, 2.5),
    (rule("date"), "2026-02-28", "2026-02-28"),
    (rule("date_time"), "2026-03-31T14:30:00+02:00", "2026-03-31T12:30:00Z"),
    (rule("yes_no"), False, False),
    (rule("choice"), "phone", "phone"),
    (rule("choices"), ["phone", "laptop", "phone"][:2], ["laptop", "phone"]),
    (rule("person"), "Dana@Nordwerk.example", "dana@nordwerk.example"),
    (rule("email"), "a@b.example", "a@b.example"),
    (rule("url"), "https://intranet.example/x?y=1", "https://intranet.example/x?y=1"),
    (rule("pattern", pattern=r"NW-[LP]\d{4}"), "NW-L4711", "NW-L4711"),
]
BAD: list[Any] = [
    (rule("text"), 5),
    (rule("text"), "x" * 301),
    (rule("text"), ["x"]),
    (rule("long_text"), "x" * 10_001),
    (rule("number"), "5"),
    (rule("number"), True),
    (rule("number"), float("nan")),
    (rule("number"), float("inf")),
    pytest.param(rule("number"), 10**400, id="a number beyond all"),
    (rule("number", maximum=10), 11),
    (rule("number", minimum=1), 0),
    (rule("date"), "2026-02-30"),
    (rule("date"), "31.03.2026"),
    (rule("date"), 20260331),
    (rule("date_time"), "2026-03-31T14:30:00"),
    (rule("date_time"), "0001-01-01T00:00:00+14:00"),
    (rule("date_time"), "x" * 1000),
    (rule("yes_no"), "yes"),
    (rule("yes_no"), 1),
    (rule("choice"), "tablet"),
    (rule("choice"), ["phone"]),
    (rule("choices"), "phone"),
    (rule("choices"), ["phone"] * 50),
    (rule("choices"), [{"value": "phone"}]),
    (rule("person"), "stranger@elsewhere.example"),
    (rule("person"), 7),
    (rule("email"), "not an address"),
    (rule("url"), "javascript:alert(1)"),
    (rule("url"), "ftp://files.example/x"),
    (rule("url"), "https://x.example/" + "y" * 3000),
    (rule("pattern", pattern=r"NW-[LP]\d{4}"), "NW-X4711"),
    (rule("pattern", pattern=r"NW-[LP]\d{4}"), "NW-L4711 and more"),
]


def known(email: str) -> bool:
    return email.endswith("@nordwerk.example")


@pytest.mark.parametrize(("definition", "value", "stored"), GOOD)
def test_a_fitting_value_is_stored_in_its_one_form(
    definition: FieldRule, value: Any, stored: Any
) -> None:
    checked = check_values([definition], {"x": value}, facts=NOTHING, is_person=known)
    assert (checked.values, checked.errors) == ({"x": stored}, {})
    assert type(checked.values["x"]) is type(stored)


@pytest.mark.parametrize(("definition", "value"), BAD)
def test_a_value_that_does_not_fit_gets_a_sentence(definition: FieldRule, value: Any) -> None:
    checked = check_values([definition], {"x": value}, facts=NOTHING, is_person=known)
    assert checked.values == {}
    assert checked.errors["x"].endswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from(FieldKind.values), value=JSON)
def test_no_value_whatever_breaks_the_check(kind: str, value: Any) -> None:
    checked = check_values([rule(kind, pattern="a{1,3}")], {"x": value}, facts=NOTHING)
    assert set(checked.errors) | set(checked.values) <= {"x"}


def test_unknown_keys_are_refused_by_name_with_the_known_ones() -> None:
    checked = check_values([rule("text")], {"y": "1"}, facts=NOTHING)
    assert checked.errors == {"y": "There is no such field. There is: x."}


def test_a_value_whose_definition_is_gone_stays_but_cannot_change() -> None:
    kept = {"old": "Room 7"}
    same = check_values([], {"old": "Room 7"}, facts=NOTHING, kept=kept)
    assert (same.values, same.errors) == (kept, {})
    other = check_values([], {"old": "Room 8"}, facts=NOTHING, kept=kept)
    assert other.values == kept
    assert "old" in other.errors


def test_true_is_not_one_even_where_python_says_so() -> None:
    checked = check_values([rule("number")], {"x": True}, facts=NOTHING, kept={"x": 1})
    assert "x" in checked.errors


def test_a_desk_field_does_not_exist_for_requesters() -> None:
    secret = rule("text", desk_only=True, required=True)
    refused = check_values([secret], {"x": "1"}, facts=NOTHING, by_desk=False)
    assert "no such field" in refused.errors["x"]
    assert check_values([secret], {}, facts=NOTHING, by_desk=False, complete=True).errors == {}


def test_required_fields_are_demanded_of_forms_and_kept_by_edits() -> None:
    needed = rule("text", required=True)
    assert check_values([needed], {}, facts=NOTHING, complete=True).errors == {"x": "Fill this in."}
    assert check_values([needed], {}, facts=NOTHING).errors == {}
    emptied = check_values([needed], {"x": None}, facts=NOTHING, kept={"x": "1"})
    assert emptied.errors == {"x": "Fill this in."}
    assert "x" in check_values([needed], {"x": "  "}, facts=NOTHING, complete=True).errors


def test_conditions_follow_category_and_other_fields() -> None:
    model = rule("text", "model", required=True, shown_when=(Condition("device", ("laptop",)),))
    room = rule("text", "room", required_when=(Condition("category", ("Printing",)),))
    device = rule("choice", "device")
    rules = [device, model, room]
    asked = check_values(rules, {"device": "laptop"}, facts=NOTHING, complete=True)
    assert asked.errors == {"model": "Fill this in."}
    not_asked = check_values(rules, {"device": "phone"}, facts=NOTHING, complete=True)
    assert not_asked.errors == {}
    misplaced = check_values(rules, {"device": "phone", "model": "T14"}, facts=NOTHING)
    assert misplaced.errors == {"model": "This field is not asked here."}
    printing = check_values(rules, {}, facts={"category": ["printing"]}, complete=True)
    assert printing.errors == {"room": "Fill this in."}


def test_a_condition_on_a_field_that_is_gone_hides_and_never_demands() -> None:
    lost = rule("text", required=True, shown_when=(Condition("gone", ("1",)),))
    assert check_values([lost], {}, facts=NOTHING, complete=True).errors == {}
    assert "gone" in condition_problem(lost.shown_when, {"x"})


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "(",
        "a" * 201,
        r"(a+)+",
        r"(a|a)*b",
        r"a*a*a*b",
        r"(a?){50}",
        r"(?=a)b",
        r"(a)\1",
        "[z-a]",
    ],
)
def test_a_pattern_without_a_bound_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern)


@pytest.mark.parametrize("pattern", [r"[A-Z]{2,4}-\d{3,6}", r"\w+@\w+", r"(\d{3})+", "NW|OW"])
def test_a_bounded_pattern_is_taken_and_answers_at_once(pattern: str) -> None:
    assert pattern_problem(pattern) == ""
    for nasty in ("a" * 200, "1" * 199 + "!", "A@" * 100):
        # Were the bound wrong, this would not come back within the test's patience.
        checked = check_values([rule("pattern", pattern=pattern)], {"x": nasty}, facts=NOTHING)
        assert len(checked.errors) + len(checked.values) == 1


def test_a_definition_says_everything_that_is_wrong_with_it() -> None:
    broken = FieldRule(
        key="Bad Key", kind="number", minimum=5, maximum=1,
        shown_when=(Condition("category", ("Coffee",)),),
    )  # fmt: skip
    problems = definition_problems(broken, keys=set(), categories={"Printing"})
    assert problems.keys() == {"key", "label", "maximum", "shown_when"}
    assert "Coffee" in problems["shown_when"]
    empty = FieldRule(key="x", kind="choice", label={"en": "X"})
    assert definition_problems(empty, keys=set()).keys() == {"options"}
    wrong = FieldRule(key="x", kind="number", label={"en": "X"}, default="many")
    assert definition_problems(wrong, keys=set()) == {"default": "This takes a number."}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "1234,5", 1234.5),
        ("number", "-7", -7),
        ("yes_no", "Ja", True),
        ("yes_no", "non", False),
        ("choice", "notebook", "laptop"),
        ("choices", "Phone; laptop", ["phone", "laptop"]),
        ("person", " Dana@X.example ", "dana@x.example"),
        ("text", " as it is ", "as it is"),
    ],
)
def test_a_spreadsheet_s_cell_is_read(kind: str, text: str, value: Any) -> None:
    assert from_text(rule(kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("number", "1.234,5"), ("number", "1e9"), ("yes_no", "perhaps"), ("number", "٣")],
)
def test_a_cell_that_would_be_a_guess_is_refused(kind: str, text: str) -> None:
    with pytest.raises(FieldError):
        from_text(rule(kind), text)


def test_values_are_shown_in_words() -> None:
    assert shown(rule("choices"), ["laptop", "phone"], "de", UTC) == "Notebook, Phone"
    assert shown(rule("number", unit="GB"), 16, "en", UTC) == "16 GB"
    assert shown(rule("yes_no"), True, "en", UTC) == "Yes"
    assert shown(rule("date"), "no date", "en", UTC) == "no date"
    assert shown(None, ["left", 1], "en", UTC) == "left, 1"


def test_lists_and_conditions_come_back_as_they_were_written() -> None:
    text = "laptop = Laptop | Notebook\nphone = Phone"
    assert write_options(read_options(text, ("en", "de")), ("en", "de")) == text
    lines = "category = VPN & remote | Printing\ndevice = laptop"
    assert write_conditions(read_conditions(lines)) == lines
    for broken in ("a = A\na = B", "= x", "<b> = x"):
        with pytest.raises(FieldError):
            read_options(broken, ("en",))
    for broken in ("category", "category = ", " = x"):
        with pytest.raises(FieldError):
            read_conditions(broken)


def test_templates_are_filled_once_and_name_what_is_missing() -> None:
    assert fill("For {name}: {gone}!", {"name": "{secret}"}) == "For {secret}: !"
    assert unknown_names("{a} {b} {a}", {"a"}) == ["b"]
