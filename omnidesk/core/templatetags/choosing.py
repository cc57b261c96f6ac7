"""`{% choose value %}{% when "a" %}...{% when "b" %}...{% endchoose %}`: one of many bodies.

A table draws some four hundred cells of nearly twenty kinds. A chain of `elif` asks for each kind
in turn, and took most of the page's time; here the value is looked up once. The names are literals,
and a value without a body draws nothing.
"""

import re

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()
_LITERAL = re.compile(r"""when\s+(["'])(?P<name>[^"']*)\1\s*""")


class ChooseNode(template.Node):
    """The bodies by their names."""

    def __init__(self, value: FilterExpression, bodies: dict[str, NodeList]) -> None:
        self.value = value
        self.bodies = bodies
        # Django finds what is nested, `{% block %}` among it, by this name.
        self.nodelist = NodeList(node for body in bodies.values() for node in body)

    def render(self, context: Context) -> SafeString:
        """The body that has the value's name."""
        body = self.bodies.get(self.value.resolve(context))
        return body.render(context) if body is not None else SafeString("")


@register.tag
def choose(parser: Parser, token: Token) -> ChooseNode:
    """Read the bodies. Raises `TemplateSyntaxError` for a name that is twice or no literal."""
    try:
        _tag, value = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError("choose takes one value") from None
    leading = parser.parse(("when", "endchoose"))
    if any(node.token is None or node.token.contents.strip() for node in leading):
        raise template.TemplateSyntaxError("choose begins with a when")
    bodies: dict[str, NodeList] = {}
    while (tag := parser.next_token()).contents != "endchoose":
        name = _name(tag)
        if name in bodies:
            raise template.TemplateSyntaxError(f"choose has {name!r} twice")
        bodies[name] = parser.parse(("when", "endchoose"))
    return ChooseNode(parser.compile_filter(value), bodies)


def _name(token: Token) -> str:
    literal = _LITERAL.fullmatch(token.contents)
    if literal is None:
        raise template.TemplateSyntaxError("when takes one literal")
    return literal["name"]
