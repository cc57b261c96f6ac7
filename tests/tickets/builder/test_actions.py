"""The builder of actions: typed parameters, order, errors at each."""

from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.utils.html import escape

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.builder.page import sent_by
from tickets.automation import all_kinds
from tickets.builder import ActionsField, redrawn


def form_of(home: int, data: Any = None, stored: Any = None, *, macros: bool = False) -> forms.Form:
    class TheForm(forms.Form):
        actions = ActionsField(label="Actions", macros=macros)

    form = TheForm(data, initial={"actions": stored})
    field = form.fields["actions"]
    assert isinstance(field, ActionsField)
    field.organization_id = home
    return form


def steps(cast: Cast) -> list[dict[str, Any]]:
    return [
        {"do": "set_priority", "value": "high"},
        {"do": "assign_team", "team": cast.network.pk},
        {"do": "add_tags", "tags": ["vip", "two words"]},
        {"do": "note", "text": "One\nTwo {first_name}"},
        {"do": "notify", "who": "person", "person": cast.alice.pk, "text": "Look"},
        {"do": "assign_nobody"},
    ]


def test_what_is_drawn_is_read_back_as_it_was(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        stored = steps(cast)
        form = form_of(
            cast.nordwerk.pk, sent_by(str(form_of(cast.nordwerk.pk, stored=stored)["actions"]))
        )
        assert form.is_valid(), form.errors
        assert form.cleaned_data["actions"] == stored


def test_actions_are_added_moved_and_removed_without_script(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        data = sent_by(str(form_of(cast.nordwerk.pk, stored=steps(cast)[:3])["actions"]))
        orders = []
        for press in ("down:0", "up:2", "remove:1", "add", "up:0", "down:9"):
            data["actions-press"] = press
            form = form_of(cast.nordwerk.pk, data)
            assert not form.is_valid()
            data = sent_by(str(form["actions"]))
            orders.append([data[f"actions-{i}-do"] for i in range(int(str(data["actions-steps"])))])
    assert orders == [
        ["assign_team", "set_priority", "add_tags"],
        ["assign_team", "add_tags", "set_priority"],
        ["assign_team", "set_priority"],
        ["assign_team", "set_priority", ""],
        ["assign_team", "set_priority", ""],
        ["assign_team", "set_priority", ""],
    ]
    assert data["actions-0-p-team"] == str(cast.network.pk)


def test_parameters_appear_with_what_they_depend_on(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        field = form_of(cast.nordwerk.pk).fields["actions"]
        assert isinstance(field, ActionsField)
        data = QueryDict("actions-steps=1&actions-0-do=notify&actions-0-p-who=one_team")
        page = redrawn(field, data, "actions")
    assert 'name="actions-0-p-team"' in page
    assert 'name="actions-0-p-person"' not in page
    assert f">{escape(cast.network.name)}</option>" in page


def test_every_mistake_stands_at_its_own_parameter(cast: Cast) -> None:
    data = QueryDict(mutable=True)
    data.update({
        "actions-steps": "4", "actions-0-do": "set_priority", "actions-1-do": "",
        "actions-2-do": "assign_team", "actions-2-p-team": "424242", "actions-3-do": "note",
        "actions-3-p-text": "{nonsense}",
    })  # fmt: skip
    with organization_scope(cast.nordwerk.pk):
        form = form_of(cast.nordwerk.pk, data)
        assert not form.is_valid()
        page = str(form["actions"])
    assert 'id="actions-0-p-value-error">“Set priority” is empty.' in page
    assert 'id="actions-1-error">Choose an action.' in page
    assert 'id="actions-2-p-team-error">Choose a value that exists here.' in page
    assert 'id="actions-3-p-text-error">There is nothing to fill in' in page
    assert "{nonsense}" in page


def test_a_macro_is_not_offered_what_rules_alone_do(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        data = QueryDict("actions-steps=1&actions-0-do=reply&actions-0-p-text=x")
        form = form_of(cast.nordwerk.pk, data, macros=True)
        assert not form.is_valid()
        assert '<option value="reply">' not in str(form["actions"])


def test_every_kind_of_action_can_be_drawn(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for kind in all_kinds():
            page = str(form_of(cast.nordwerk.pk, stored=[{"do": kind.name}])["actions"])
            assert f'<option value="{kind.name}" selected>' in page
            assert page.count("builder__param") >= len(
                [param for param in kind.params if param.only_with is None]
            )


@pytest.mark.parametrize("rubbish", [
    "actions-steps=99999999999", "actions-steps=-1", "actions-steps=x",
    "actions-steps=2&actions-press=up", "actions-steps=1&actions-press=remove:x",
    "actions=7", 'actions=[7, null]', "actions=" + "[" * 5000, 'actions=[{"do": ["x"]}]',
    "actions-steps=1&actions-0-do=nothing&actions-0-p-%00=1",
])  # fmt: skip
def test_rubbish_is_answered_in_words(cast: Cast, rubbish: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        form = form_of(cast.nordwerk.pk, QueryDict(rubbish))
        form.is_valid()
        assert "builder" in str(form["actions"])
