"""Custom fields in conditions: each with its name, its type and its list."""

from django.utils import translation

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, run, tag, told
from tickets.actions.base import Actor
from tickets.actions.triage import Edit, edit_ticket
from tickets.conditions import Kind, catalogue, describe, parse
from tickets.models import CustomField, Ticket

OPTIONS = [
    {"value": "Blue", "label": {"en": "Blue", "de": "Blau"}},
    {"value": "Red", "label": {"en": "Red", "de": "Rot"}},
]


def define(cast: Cast, kind: str, **more: object) -> CustomField:
    values = {"key": kind, "kind": kind, "label": {"en": f"The {kind}", "de": f"Feld {kind}"}}
    return CustomField.objects.create(organization=cast.nordwerk, **(values | more))


def tags(ticket: Ticket) -> set[str]:
    return set(ticket.tags.values_list("name", flat=True))


def test_each_field_has_its_label_and_its_type(cast: Cast) -> None:
    types = {
        "text": Kind.TEXT, "long_text": Kind.TEXT, "number": Kind.NUMBER, "date": Kind.TEXT,
        "yes_no": Kind.FLAG, "choice": Kind.CHOICE, "choices": Kind.NAMES, "email": Kind.TEXT,
    }  # fmt: skip
    with organization_scope(cast.nordwerk.pk):
        for kind in types:
            define(cast, kind, options=OPTIONS if kind.startswith("choice") else [])
        known = catalogue(cast.nordwerk.pk)
        found = {kind: known[f"custom.{kind}"].kind for kind in types}
        assert found == types
        assert known["custom.number"].label == "The number"
        assert [choice.value for choice in known["custom.choice"].choices] == ["Blue", "Red"]
    with organization_scope(cast.lumen.pk):
        assert not [name for name in catalogue(cast.lumen.pk) if name.startswith("custom.")]


def test_a_condition_says_names_in_the_readers_language(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk), translation.override("de"):
        define(cast, "choice", options=OPTIONS)
        known = catalogue(cast.nordwerk.pk)
        words = describe(parse(asks("custom.choice", "is", "Blue"), known), {})
    assert "Feld choice" in words
    assert "Blau" in words


def test_several_of_a_list_are_compared_without_regard_to_case(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        define(cast, "choices", options=OPTIONS)
        blue = asks("custom.choices", "contains", "Blue")
        rule(cast, "Blue", blue, [tag("blue")], triggers=["changed"])
        none = asks("custom.choices", "none_of", ["Red"])
        rule(cast, "No red", none, [tag("no-red")], triggers=["changed"])
        changed = asks("custom.choices", "changed")
        rule(cast, "Changed", changed, [tag("changed")], triggers=["changed"])
        ticket = cast.ticket()
        edit = Edit(custom_fields={"choices": ["Blue"]})
        edit_ticket(ticket=ticket, actor=Actor.person(cast.alice), edit=edit)
        run(ticket)
        assert tags(ticket) == {"blue", "no-red", "changed"}
        assert told(ticket)[0].detail["why"] == ["The choices contain blue"]
