"""Writing rules: what is refused, versions, restoring, switching on and off."""

from typing import Any

import pytest

from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import PRIORITY_HIGH, asks, rule
from tickets.actions.rules import RuleContent, restore_version, save_rule, switch_rule
from tickets.automation import ActionKind, register
from tickets.models import Category, Rule


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"name": " "}, "Enter a name."),
        ({"kind": "never"}, "Choose when the rule is asked."),
        ({"triggers": ["full moon"]}, "Choose from the list what has to happen."),
        ({"repeat_hours": -1}, "Enter between 0 and 8784 hours."),
        ({"condition": asks("colour", "is", "red")}, "There is no field “colour”."),
        (
            {"condition": asks("category", "is", 999_999)},
            "It names something that does not exist here: 999999.",
        ),
        (
            {"kind": "time", "condition": asks("status", "changed")},
            "A rule of time cannot ask whether a field was changed: nothing changes then.",
        ),
        ({"actions": []}, "Choose at least one action."),
        ({"actions": {"do": "note"}}, "A list of actions is expected."),
        ({"actions": [PRIORITY_HIGH] * 21}, "At most 20 actions can be done at once."),
        ({"actions": [{"do": "explode"}]}, "Action 1: There is no action “explode”."),
        ({"actions": ["note"]}, "Action 1: There is no action “None”."),
        ({"actions": [PRIORITY_HIGH, {"do": "note"}]}, "Action 2: “Text” is empty."),
        ({"actions": [{**PRIORITY_HIGH, "loud": 1}]}, "Action 1: “loud” means nothing here."),
        (
            {"actions": [{"do": "set_priority", "value": "huge"}]},
            "Action 1: “Set priority” has a value that cannot be used. (low, medium, high,",
        ),
        (
            {"actions": [{"do": "assign_team", "team": True}]},
            "Action 1: “Team” has a value that cannot be used.",
        ),
        (
            {"actions": [{"do": "assign_team", "team": 999_999}]},
            "Action 1: It names something that does not exist here: 999999.",
        ),
        (
            {"actions": [{"do": "add_tags", "tags": "vip"}]},
            "Action 1: “Tags” has a value that cannot be used.",
        ),
        (
            {"actions": [{"do": "reply", "text": "Dear {password}"}]},
            "Action 1: There is nothing to fill in for {password}. Known: {requester},",
        ),
        (
            {"actions": [{"do": "set_status", "status": "nowhere"}]},
            "Action 1: It names something that does not exist here: nowhere.",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    cast: Cast, content: dict[str, Any], sentence: str
) -> None:
    whole = {"name": "Rule", "actions": [PRIORITY_HIGH], **content}
    with organization_scope(cast.nordwerk.pk), pytest.raises(BadInput) as caught:
        save_rule(organization_id=cast.nordwerk.pk, content=RuleContent(**whole), author=None)
    assert str(caught.value).startswith(sentence)
    with organization_scope(cast.nordwerk.pk):
        assert not Rule.objects.exists()


def test_another_organizations_rows_do_not_exist_here(cast: Cast) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        theirs = Category.objects.create(organization=cast.lumen, name="Theirs")
        action = {"do": "set_category", "category": theirs.pk}
        with pytest.raises(BadInput, match="does not exist here"):
            rule(cast, "Rule", None, [action])
        for person in (cast.charlie, cast.dana):
            with pytest.raises(BadInput, match="does not exist here"):
                rule(cast, "Rule", None, [{"do": "assign_person", "person": person.pk}])


def test_every_save_is_a_version_and_an_earlier_one_comes_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = rule(cast, "One", asks("subject", "contains", "a"), [PRIORITY_HIGH], stops=True)
        second = RuleContent(name="Two", actions=[{"do": "note", "text": "x"}])
        made = save_rule(
            organization_id=cast.nordwerk.pk, content=second, author=cast.bob, rule=made
        )
        assert (made.name, made.version, made.condition, made.stops) == (
            "Two",
            2,
            {"all": []},
            False,
        )
        first = made.versions.get(version=1)
        restored = restore_version(version=first, author=cast.bob)
        assert (restored.name, restored.version, restored.stops) == ("One", 3, True)
        assert restored.condition == {"field": "subject", "op": "contains", "value": "a"}
        assert restored.is_active
        assert [v.version for v in made.versions.all()] == [3, 2, 1]


def test_a_version_that_names_what_is_gone_is_not_restored(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = rule(cast, "One", asks("category", "is", cast.printing.pk), [PRIORITY_HIGH])
        cast.printing.delete()
        with pytest.raises(BadInput, match="does not exist here"):
            restore_version(version=made.versions.get(), author=cast.bob)
        with pytest.raises(BadInput, match="does not exist here"):
            switch_rule(rule=made, on=True)
        assert not switch_rule(rule=made, on=False).is_active


def test_a_new_rule_is_off_until_somebody_switches_it_on(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        content = RuleContent(name="New", actions=[PRIORITY_HIGH])
        made = save_rule(organization_id=cast.nordwerk.pk, content=content, author=cast.bob)
    assert not made.is_active


def test_two_kinds_of_action_cannot_share_a_name() -> None:
    class Other(ActionKind):
        name = "note"
        label = "Other"

    with pytest.raises(RuntimeError, match="two kinds of action called note"):
        register(Other())
