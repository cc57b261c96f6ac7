"""The builder of conditions: drawn, read back, changed by buttons, refused at its place."""

import json
from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.utils.html import escape

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.builder.page import sent_by
from tickets.builder import ConditionField, redrawn
from tickets.conditions import catalogue, parse
from tickets.sla_plan import steady_condition


def form_of(home: int, data: Any = None, stored: Any = None, **options: Any) -> forms.Form:
    class TheForm(forms.Form):
        condition = ConditionField(label="Condition", **options)

    form = TheForm(data, initial={"condition": stored})
    field = form.fields["condition"]
    assert isinstance(field, ConditionField)
    field.organization_id = home
    return form


def asks(field: str, op: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({} if value is None else {"value": value}), **more}


STORED: list[Any] = [
    {},
    {"all": [asks("subject", "contains", "vpn")]},
    {"any": [asks("priority", "one_of", ["high", "critical"]), asks("tags", "contains", "vip")]},
    {"all": [asks("subject", "one_of", ["one", "two words"]), {"not": asks("team", "empty")}]},
    {"all": [asks("hours_open", "greater", 2.5), {"any": [asks("messages", "is", 3),
                                                          asks("sla_minutes", "less", -5)]}]},
    {"not": {"all": [asks("status", "changed_to", "open"), asks("language", "is", "de")]}},
    {"all": [{"not": {"any": [asks("ai_category", "is", "VPN & remote", confidence=0.75),
                              asks("source", "is", "email")]}}]},
    {"all": [{"any": [{"all": [asks("subject", "is", "a"), {"not": asks("subject", "is", "b")}]},
                      asks("priority", "greater", "medium")]}]},
    {"all": [asks("subject", "contains", "“quotes” <b>&amp; \\ {braces}")]},
]  # fmt: skip


@pytest.mark.parametrize("stored", STORED)
def test_what_is_drawn_is_read_back_as_it_was(cast: Cast, stored: Any) -> None:
    with organization_scope(cast.nordwerk.pk):
        drawn = str(form_of(cast.nordwerk.pk, stored=stored)["condition"])
        form = form_of(cast.nordwerk.pk, sent_by(drawn), stored)
        assert form.is_valid(), form.errors
        assert not form.has_changed()
        again = form.cleaned_data["condition"]
        known = catalogue(cast.nordwerk.pk)
        assert parse(again, known).as_json() == parse(stored, known).as_json() or again == stored


def test_rows_are_offered_by_name_and_stored_by_key(cast: Cast) -> None:
    stored = {"all": [asks("category", "is", cast.vpn.pk), asks("team", "one_of",
                                                                [cast.network.pk])]}  # fmt: skip
    with organization_scope(cast.nordwerk.pk):
        drawn = str(form_of(cast.nordwerk.pk, stored=stored)["condition"])
        form = form_of(cast.nordwerk.pk, sent_by(drawn))
        assert form.is_valid()
    assert f'<option value="{cast.vpn.pk}" selected>{escape(cast.vpn.name)}</option>' in drawn
    assert form.cleaned_data["condition"] == stored


def test_buttons_add_and_remove_parts_without_script(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        data = sent_by(str(form_of(cast.nordwerk.pk)["condition"]))
        for press, expected in (("add:0", 1), ("add:0", 2), ("group:0", 3), ("remove:0.0", 2)):
            data["condition-press"] = press
            form = form_of(cast.nordwerk.pk, data)
            assert not form.is_valid()
            assert "Not saved yet" in str(form.errors)
            page = str(form["condition"])
            data = sent_by(page)
            assert sum(key.endswith("-field") for key in data) == expected
        assert data["condition-0.1-kind"] == "any"
        assert 'data-focus="condition-0.0-field"' in page


def test_another_field_brings_its_own_questions_and_forgets_the_old_value(cast: Cast) -> None:
    stored = {"all": [asks("subject", "contains", "vpn")]}
    with organization_scope(cast.nordwerk.pk):
        field = form_of(cast.nordwerk.pk, stored=stored).fields["condition"]
        assert isinstance(field, ConditionField)
        data = sent_by(field.draw(field.stored(stored), "condition"))
        data["condition-0.0-field"] = "priority"
        page = redrawn(field, data, "condition")
    assert "vpn" not in page
    assert '<option value="greater">is more than</option>' in page
    assert ">High</option>" in page


def test_every_mistake_stands_at_its_own_control_and_what_was_typed_stays(cast: Cast) -> None:
    data = QueryDict(mutable=True)
    data.update({
        "condition-0-kind": "all", "condition-drawn": "", "condition-0.0-field": "messages",
        "condition-0.0-op": "greater", "condition-0.0-value": "many", "condition-0.1-kind": "any",
        "condition-0.2-field": "subject", "condition-0.2-op": "contains",
        "condition-0.3-field": "category", "condition-0.3-op": "is", "condition-0.3-value": "99999",
        "condition-0.4-field": "",
    })  # fmt: skip
    with organization_scope(cast.nordwerk.pk):
        form = form_of(cast.nordwerk.pk, data)
        assert not form.is_valid()
        page = str(form["condition"])
    assert 'id="condition-0.0-error">Enter a number.' in page
    assert 'id="condition-0.2-error">Enter a value.' in page
    assert 'id="condition-0.3-error">Choose a value that exists here.' in page
    assert 'id="condition-0.4-error">Choose a field.' in page
    assert 'value="many"' in page
    assert page.count('aria-invalid="true"') == 7


def test_a_group_without_parts_is_refused_at_the_group(cast: Cast) -> None:
    data = QueryDict("condition-0-kind=all&condition-0.0-kind=none")
    with organization_scope(cast.nordwerk.pk):
        form = form_of(cast.nordwerk.pk, data)
        assert not form.is_valid()
        assert 'id="condition-0.0-error">This group is empty.' in str(form["condition"])


def test_a_changed_text_is_believed_and_a_broken_one_is_kept(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        data = sent_by(str(form_of(cast.nordwerk.pk, stored=STORED[1])["condition"]))
        data["condition"] = json.dumps(STORED[2])
        form = form_of(cast.nordwerk.pk, data)
        assert form.is_valid()
        assert form.cleaned_data["condition"] == STORED[2]
        data["condition"] = '{"all": [}'
        form = form_of(cast.nordwerk.pk, data)
        assert not form.is_valid()
        page = str(form["condition"])
    assert "This is no JSON." in page
    assert "{&quot;all&quot;: [}" in page


def test_a_field_that_is_gone_is_named_and_nothing_of_it_is_lost(cast: Cast) -> None:
    stored = {"all": [asks("custom.room", "is", "4.12"), asks("subject", "is", "x")]}
    with organization_scope(cast.nordwerk.pk):
        page = str(form_of(cast.nordwerk.pk, stored=stored)["condition"])
        form = form_of(cast.nordwerk.pk, sent_by(page))
        assert not form.is_valid()
        again = str(form["condition"])
    assert "custom.room (not there any more)" in page
    assert "There is no field “custom.room”." in again
    assert 'value="4.12"' in again


def test_a_value_that_is_gone_is_named_and_refused_at_its_question(cast: Cast) -> None:
    stored = {"all": [asks("priority", "is", "urgent"), asks("team", "is", 424242)]}
    with organization_scope(cast.nordwerk.pk):
        page = str(form_of(cast.nordwerk.pk, stored=stored)["condition"])
        form = form_of(cast.nordwerk.pk, sent_by(page))
        assert not form.is_valid()
        again = str(form["condition"])
    assert '<option value="urgent" selected>urgent (not there any more)</option>' in again
    assert '<option value="424242" selected>424242 (not there any more)</option>' in again
    assert 'id="condition-0.0-error">“urgent” is no value' in again
    assert 'id="condition-0.1-error">Choose a value that exists here.' in again


def test_what_changes_by_itself_is_refused_at_its_question_for_agreed_times(cast: Cast) -> None:
    stored = {"all": [asks("subject", "is", "x"), asks("hours_open", "greater", 2)]}
    with organization_scope(cast.nordwerk.pk):
        data = sent_by(str(form_of(cast.nordwerk.pk, stored=stored)["condition"]))
        form = form_of(cast.nordwerk.pk, data, check=steady_condition)
        assert not form.is_valid()
        assert 'id="condition-0.1-error">Agreed times cannot' in str(form["condition"])


@pytest.mark.parametrize("rubbish", [
    "condition-0-kind=all&condition-9999999-field=x&condition-0.x-field=y&condition--field=",
    "condition-0.1-field=subject",
    "condition-0-kind=bad&condition-0.0-kind[]=1&condition-0.0.0-field=subject",
    "condition-0-kind=all&condition-0.5-field=subject&condition-0.5.1-field=subject",
    "condition-" + "0." * 40 + "0-field=subject",
    "condition=" + "[" * 5000,
    "condition=7",
    "condition=%00",
    "condition-press=remove&condition-0-kind=all",
    "condition-press=remove:0&condition-0-kind=all",
    "condition-press=add:9.9&condition-0-kind=all",
])  # fmt: skip
def test_rubbish_is_answered_in_words(cast: Cast, rubbish: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        form = form_of(cast.nordwerk.pk, QueryDict(rubbish))
        form.is_valid()
        assert "builder" in str(form["condition"])
