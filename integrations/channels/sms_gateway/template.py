"""The body of a call: a template whose values can never become structure. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext as _

NAMES: Final = ("to", "from", "text", "id")
_PLACE: Final = re.compile(r"\{(to|from|text|id)\}")
_UNKNOWN: Final = re.compile(r"(?<![\w{])\{([a-z_]{1,20})\}")
_HEADER: Final = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,60}$")


def check_template(template: str) -> str:
    """For settings. Raises ValueError for an unknown placeholder or one without a recipient."""
    unknown = [one for one in _UNKNOWN.findall(template) if one not in NAMES]
    if unknown:
        raise ValueError(_("There is no placeholder {%(name)s}.") % {"name": unknown[0]})
    if "{to}" not in template or "{text}" not in template:
        raise ValueError(_("The body needs {to} and {text}."))
    return template


def check_header(name: str) -> str:
    """For settings. Raises ValueError."""
    if not _HEADER.match(name):
        raise ValueError(_("A header's name has letters, digits and hyphens."))
    return name


def fill_json(template: str, values: Mapping[str, str]) -> bytes:
    """JSON with the values in its strings. Raises ValueError where the template is no JSON."""
    return json.dumps(_filled(json.loads(template), values), ensure_ascii=False).encode()


def _filled(node: object, values: Mapping[str, str]) -> object:
    if isinstance(node, dict):
        return {str(key): _filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(one, values) for one in node]
    if isinstance(node, str):
        return _PLACE.sub(lambda found: values[found.group(1)], node)
    return node


def fill_form(template: str, values: Mapping[str, str]) -> bytes:
    """A form (`to={to}&text={text}`) with the values encoded."""
    pairs = parse_qsl(template, keep_blank_values=True)
    filled = [(name, _PLACE.sub(lambda found: values[found.group(1)], one)) for name, one in pairs]
    return urlencode(filled).encode()
