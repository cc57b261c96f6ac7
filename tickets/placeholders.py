"""Names in braces inside prepared texts: `{requester}`, `{number}`. Pure.

Only a closed list of names is filled in, each by plain text: nothing is looked up or executed,
and what a requester wrote into a subject is not read again for further names.
"""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.errors import BadInput

_NAME = re.compile(r"\{([a-z_]{1,40})\}")

PLACEHOLDERS = {
    "requester": gettext_lazy("name of the requester"),
    "first_name": gettext_lazy("first name of the requester"),
    "requester_email": gettext_lazy("address of the requester"),
    "number": gettext_lazy("number of the ticket"),
    "subject": gettext_lazy("subject of the ticket"),
    "status": gettext_lazy("status of the ticket"),
    "category": gettext_lazy("category of the ticket"),
    "team": gettext_lazy("team of the ticket"),
    "assignee": gettext_lazy("name of the assignee"),
    "agent": gettext_lazy("name of whoever sends it"),
    "desk": gettext_lazy("name of your organization"),
}


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every known name in braces replaced; what is unknown stays as it is."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), text)


def check_placeholders(text: str, field: str = "text") -> None:
    """Raise `BadInput` for a name in braces that nothing would fill in."""
    unknown = [name for name in _NAME.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        raise BadInput(
            _("There is nothing to fill in for {%(name)s}. Known: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)},
            field,
        )
