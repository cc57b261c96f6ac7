"""How a mailbox's answers look: templates for subject, text and HTML, with names in braces. Pure.

`{answer}` is what the desk wrote, `{link}` leads to the ticket, other names are those of macros.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.utils.translation import gettext as _

from omnidesk.core.text import one_line
from tickets.placeholders import PLACEHOLDERS, fill

ANSWER: Final = "answer"
LINK: Final = "link"
_NAME: Final = re.compile(r"\{([a-z_]{1,40})\}")


@dataclass(frozen=True, slots=True)
class Stationery:
    """A mailbox's templates; '' where it has none."""

    subject: str = ""
    text: str = ""
    html: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Stationery":
        """As the channel's settings have them."""
        names = ("letter_subject", "letter_text", "letter_html")
        return cls(*(str(settings.get(name) or "") for name in names))

    def subject_for(self, values: Mapping[str, str], usual: str, mark: str) -> str:
        """The subject; `mark`, by which answers find their ticket, is in it in any case."""
        if not self.subject:
            return usual
        subject = one_line(fill(self.subject, values))
        return subject if mark in subject else f"{subject} {mark}"

    def text_for(self, values: Mapping[str, str], answer: str) -> str:
        """The plain text; '' where there is no template."""
        return fill(self.text, {**values, ANSWER: answer}) if self.text else ""

    def html_for(self, values: Mapping[str, str], answer: str) -> str:
        """The HTML around the answer's, which is safe already; '' where there is no template."""
        if not self.html:
            return ""
        safe = {name: escape(value) for name, value in values.items()}
        return fill(self.html, {**safe, ANSWER: answer})


def check_subject(value: str) -> str:
    """Raises ValueError for a name that nothing fills in."""
    return _checked(value, {*PLACEHOLDERS})


def check_body(value: str) -> str:
    """The same, and for a template that leaves the answer out."""
    if f"{{{ANSWER}}}" not in value:
        raise ValueError(_("Say with {answer} where the answer goes."))
    return _checked(value, {*PLACEHOLDERS, ANSWER, LINK})


def _checked(value: str, known: set[str]) -> str:
    unknown = [name for name in _NAME.findall(value) if name not in known]
    if unknown:
        words = _("There is nothing to fill in for {%(name)s}. Known: %(known)s.")
        names = ", ".join(f"{{{name}}}" for name in sorted(known))
        raise ValueError(words % {"name": unknown[0], "known": names})
    return value
