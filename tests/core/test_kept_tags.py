"""Texts and addresses that templates keep: what Django's own tags say, whoever asked before."""

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse, set_script_prefix
from django.utils.translation import override

from omnidesk.core.templatetags.kept import KeptAddress, KeptText


def drawn(source: str, **given: object) -> str:
    return Template("{% load i18n %}" + source).render(Context(given))


def test_a_text_is_told_in_the_language_of_each_reader() -> None:
    template = Template('{% load i18n %}{% translate "Search" %}')
    assert [type(node) for node in template.nodelist][1] is KeptText
    said = []
    for language in ("en", "de", "fr", "en"):
        with override(language):
            said.append(template.render(Context()))
    assert said[0] == said[3] == "Search"
    assert len(set(said)) == 3


def test_a_text_is_told_under_a_name_each_time() -> None:
    template = Template('{% load i18n %}{% translate "Search" as word %}[{{ word }}]')
    with override("en"):
        assert [template.render(Context()) for _ in range(2)] == ["[Search]", "[Search]"]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('{% translate "100% <b>" %}', "100% <b>"),
        ('{% translate "search"|upper %}', "SEARCH"),
        ("{% translate text %}", "a &lt; b"),
        ("{% translate text noop %}", "a &lt; b"),
        ('{% autoescape off %}{% translate "a < b" %}{% endautoescape %}', "a < b"),
    ],
)
def test_other_texts_are_djangos(source: str, shown: str) -> None:
    with override("en"):
        for _ in range(2):
            assert drawn(source, text="a < b") == shown


def test_an_address_is_the_one_of_its_numbers_and_words() -> None:
    source = '{% url "desk:set" number "status" %} {% url "desk:search" as there %}{{ there }}'
    template = Template("{% load i18n %}" + source)
    assert any(isinstance(node, KeptAddress) for node in template.nodelist)
    search = reverse("desk:search")
    for number in (7, 8, 7, "9"):
        expected = f"{reverse('desk:set', args=[number, 'status'])} {search}"
        assert template.render(Context({"number": number})) == expected


def test_named_parts_and_other_values_are_djangos() -> None:
    assert drawn('{% url "desk:ticket" number=5 %}') == reverse("desk:ticket", args=[5])
    with pytest.raises(NoReverseMatch):
        drawn('{% url "desk:ticket" number %}', number=1.5)


def test_a_missing_address_is_an_error_unless_it_has_a_name() -> None:
    for _ in range(2):
        with pytest.raises(NoReverseMatch):
            drawn('{% url "nowhere" %}')
        assert drawn('{% url "nowhere" as there %}[{{ there }}]') == "[]"


def test_an_address_follows_where_the_project_is_mounted() -> None:
    try:
        set_script_prefix("/help/")
        assert drawn('{% url "desk:search" %}') == "/help/desk/search/"
    finally:
        set_script_prefix("/")
    assert drawn('{% url "desk:search" %}') == "/desk/search/"
