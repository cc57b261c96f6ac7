"""Django's `{% translate %}` and `{% url %}`, which say the same words and addresses every time.

A page looks 150 texts up in a catalogue and makes 80 addresses, and nearly all of them are what
they were for the last page. So a text that stands in a template is kept by its language, and an
address by its numbers and words. Templates write these tags as ever: `settings.TEMPLATES` puts
this library in the place of Django's.
"""

from copy import copy
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.template import Context, Library
from django.template.base import Parser, Token, Variable
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.templatetags import i18n
from django.templatetags.i18n import TranslateNode, do_translate
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)
# Addresses of a few thousand tickets: a hundred bytes each.
MOST_KEPT: Final = 20_000


class KeptText(TranslateNode):
    """A text of the template itself: nothing but the language decides what is shown."""

    def __init__(self, node: TranslateNode) -> None:
        self.__dict__.update(node.__dict__)
        # Django says nothing where it has a name to say it under.
        self._unnamed = copy(node)
        self._unnamed.asvar = None
        self._said: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        """The text in the reader's language."""
        language = get_language()
        said = self._said.get(language)
        if said is None:
            said = self._said[language] = TranslateNode.render(self._unnamed, context)
        if self.asvar:
            context[self.asvar] = said
            return ""
        return said


@register.tag("translate")
@register.tag("trans")
def kept_text(parser: Parser, token: Token) -> TranslateNode:
    """Django's tag; kept where the text is written in the template and passes no filter."""
    node: TranslateNode = do_translate(parser, token)
    given = node.filter_expression
    is_plain = isinstance(given.var, Variable) and given.var.literal is not None
    if is_plain and not given.filters and node.message_context is None and not node.noop:
        return KeptText(node)
    return node


class KeptAddress(URLNode):
    """An address, made once for the same view, numbers and words."""

    def __init__(self, node: URLNode) -> None:
        self.__dict__.update(node.__dict__)

    def render(self, context: Context) -> str:
        """The address, or whatever Django says where it is not made of numbers and words."""
        name = self.view_name.resolve(context)
        given = [arg.resolve(context) for arg in self.args]
        if self.kwargs or not all(type(one) in _PLAIN for one in (name, *given)):
            return str(super().render(context))
        try:
            found = _address(_here(context), str(name), *given)
        except NoReverseMatch:
            # Django decides whether a missing address is an error.
            return str(super().render(context))
        if self.asvar:
            context[self.asvar] = found
            return ""
        return conditional_escape(found) if context.autoescape else found


_PLAIN: Final = frozenset({int, str, SafeString})


def _here(context: Context) -> tuple[str, str, str | None]:
    """What else an address depends on: where the project is mounted, and Django's current app."""
    request: Any = getattr(context, "request", None)
    app = getattr(request, "current_app", None)
    if app is None:
        app = getattr(getattr(request, "resolver_match", None), "namespace", None)
    return get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF, app


@lru_cache(MOST_KEPT, typed=True)
def _address(here: tuple[str, str, str | None], name: str, *given: int | str) -> str:
    return reverse(name, urlconf=here[1], args=given, current_app=here[2])


@register.tag("url")
def kept_address(parser: Parser, token: Token) -> KeptAddress:
    """Django's tag, which forgets nothing it said."""
    return KeptAddress(django_url(parser, token))
