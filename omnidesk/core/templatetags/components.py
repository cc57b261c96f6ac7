"""`{% component "avatar" name=... %}`: a template that depends on its words alone.

A page of rows shows the same few glyphs, initials and chips hundreds of times. What was drawn once
for the same words in the same language is kept, so a component must not look at the request, the
clock or anything but what it is given.
"""

from collections.abc import Hashable
from functools import lru_cache
from typing import Final

from django import template
from django.conf import settings
from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()
# Names of people and categories among them: a few hundred bytes each.
MOST_KEPT: Final = 4096
_PLAIN: Final = (str, int, float, type(None))

# Name, whether its text is markup already (the same text without is escaped), value.
Given = tuple[str, bool, Hashable]


@register.simple_tag
def component(which: str, **given: object) -> SafeString:
    """`templates/components/{which}.html`, or the template `which`, with exactly what is given."""
    words = {
        key: str(value) if isinstance(value, Promise) else value for key, value in given.items()
    }
    if settings.DEBUG or not all(isinstance(value, _PLAIN) for value in words.values()):
        return _drawn(which, words)
    kept = tuple((key, isinstance(value, SafeString), value) for key, value in words.items())
    return _kept(which, get_language() or "", kept)


@lru_cache(maxsize=MOST_KEPT)
def _kept(name: str, language: str, given: tuple[Given, ...]) -> SafeString:
    return _drawn(name, {key: value for key, _is_markup, value in given})


def _drawn(name: str, given: dict[str, object]) -> SafeString:
    path = name if name.endswith(".html") else f"components/{name}.html"
    return mark_safe(get_template(path).render(given))  # noqa: S308 - a template's output
