"""Turns templates into the texts of one ticket: slots, wordings, greetings, sign-offs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from omnidesk.demo.content import phrases
from omnidesk.demo.content.people import SITE_CODES
from omnidesk.demo.types import DemoPerson

_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(slots=True)
class Writer:
    """Writes all texts of one ticket, so that a slot keeps its value through the conversation."""

    rng: Random
    language: str
    requester: DemoPerson
    colleague: DemoPerson
    created_at: datetime
    slots: Mapping[str, Sequence[str]]
    _chosen: dict[str, str] = field(default_factory=dict[str, str])

    def render(self, template: str) -> str:
        """Fill `{slot}` and choose among `{this|that}`; the first letter is a capital."""
        text = template
        while _PLACE.search(text):
            text = _PLACE.sub(self._place, text)
        return capital(text)

    def _place(self, match: re.Match[str]) -> str:
        name: str = match[1]
        if "|" in name:
            return self.rng.choice(name.split("|"))
        if name not in self._chosen:
            self._chosen[name] = self._value(name)
        return self._chosen[name]

    def _value(self, name: str) -> str:
        if name in self.slots:
            value = self.rng.choice(self.slots[name])
            if value.startswith("@+"):
                return self._date(int(value[2:]))
            return re.sub("#", lambda _: str(self.rng.randint(0, 9)), value)
        return self._built_in()[name]

    def _built_in(self) -> dict[str, str]:
        before = self.created_at.replace(day=1) - timedelta(days=1)
        informal = self.language in {"en", "es"}
        return {
            "device": self.requester.device,
            "site": self.requester.site,
            "site_code": SITE_CODES.get(self.requester.site, "STU"),
            "colleague": self.colleague.first_name if informal else self.colleague.name,
            "period": f"{before.month}/{before.year}",
            "year": str(self.created_at.year),
            "next_year": str(self.created_at.year + 1),
        }

    def _date(self, days: int) -> str:
        day = self.created_at + timedelta(days=days)
        while day.weekday() > 4:
            day += timedelta(days=1)
        month = phrases.MONTHS[self.language][day.month - 1]
        return phrases.DATE[self.language].format(day=day.day, month=month)

    def opening(self, template: str, *, source: str) -> str:
        """The description as the requester writes it: a mail has manners, a form has none."""
        text = self.render(template)
        if source != "email":
            return text
        greeting = self.rng.choice(phrases.REQUESTER_OPENING[self.language])
        closing = self.rng.choice(phrases.REQUESTER_CLOSING[self.language]).format(
            writer=self.requester.first_name,
            full=self.requester.name,
            title=self.requester.job_title,
        )
        if greeting.endswith(",") and self.language == "de":
            text = lower_opening(text)
        return f"{greeting}\n\n{text}\n\n{closing}"

    def reply(self, template: str, *, agent: DemoPerson, team: str) -> str:
        """A public reply of an agent, addressed as the language wants it."""
        text = self.render(template)
        if self.language == "de":
            text = lower_opening(text, template)
        formal = self.language in {"de", "fr"} and self.requester.form
        name = (
            f"{self.requester.form} {self.requester.last_name}"
            if formal
            else self.requester.first_name
        )
        greeting = phrases.GREETING[self.language].format(name=name)
        closing = self.rng.choice(phrases.CLOSING[self.language]).format(
            writer=agent.first_name, full=agent.name, team=team
        )
        return f"{greeting}\n\n{text}\n\n{closing}"


# After "Guten Tag Frau Uhlig," a German text goes on in lower case, unless a noun or a formal
# pronoun comes first. Only words that open our own texts are listed.
_GERMAN_LOWER = re.compile(
    r"\A(Seit|Nach|Bei|Beim|Bitte|Das|Der|Die|Dem|Den|Tritt|Öffnet|Was|Welches|Welche|Wer|Damit|"
    r"Halten|Enthält|Nutzen|Wurden|Sehen|Haben|Ich|In|Im|An|Auf|Am|Ab|Wenn|Wir|Mein|Eben|Unsere|"
    r"Zum|Für|Auch|Es)\b"
)


def lower_opening(text: str, template: str = "") -> str:
    """Lower the first letter of a German text that follows a greeting with a comma."""
    if template[:1].islower() or _GERMAN_LOWER.match(text):
        return text[:1].lower() + text[1:]
    return text


def capital(text: str) -> str:
    """Upper-case the first letter and leave the rest alone."""
    return text[:1].upper() + text[1:]
