"""`{% choose %}`: one body of many, chosen by a name."""

import pytest
from django.template import Context, Template, TemplateSyntaxError

BODIES = '{% when "a" %}A{{ n }}{% when "b" %}<b>{% endchoose %}'


@pytest.mark.parametrize(
    ("value", "drawn"), [("a", "A1"), ("b", "<b>"), ("c", ""), (None, ""), (7, "")]
)
def test_the_body_of_the_value_is_drawn(value: object, drawn: str) -> None:
    made = Template("{% load choosing %}[{% choose key %}\n " + BODIES + "]")
    assert made.render(Context({"key": value, "n": 1})) == f"[{drawn}]"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{% choose %}" + BODIES, "one value"),
        ('{% choose key %}lost{% when "a" %}A{% endchoose %}', "begins with a when"),
        ("{% choose key %}{% when a %}A{% endchoose %}", "one literal"),
        ('{% choose key %}{% when "a" %}{% when "a" %}{% endchoose %}', "twice"),
        ('{% choose key %}{% when "a" %}A', "endchoose"),
    ],
)
def test_a_wrong_one_is_refused_when_it_is_read(source: str, why: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=why):
        Template("{% load choosing %}" + source)
