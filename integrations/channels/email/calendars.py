"""Invitations (iCalendar, RFC 5545): what, when, where, who; in a few lines anybody can read."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MAX_CALENDAR: Final = 200_000  # characters
MAX_EVENTS: Final = 10
_FOLDED: Final = re.compile(r"\r?\n[ \t]")
_ESCAPED: Final = re.compile(r"\\([nN,;\\])")
_WANTED: Final = frozenset({"SUMMARY", "DTSTART", "DTEND", "LOCATION", "ORGANIZER", "STATUS"})
_MOMENT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{2}(Z?))?")


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event. `method` is REQUEST, CANCEL, REPLY or ''; times are as they should be shown."""

    method: str
    title: str
    begins: str = ""
    ends: str = ""
    place: str = ""
    organizer: str = ""
    cancelled: bool = False


def invitations(text: str) -> tuple[Invitation, ...]:
    """The events of a calendar part. Never raises."""
    method, inside = "", False
    found: list[Invitation] = []
    values: dict[str, str] = {}
    for line in _FOLDED.sub("", text[:MAX_CALENDAR]).splitlines():
        head, _colon, value = line.partition(":")
        name, _semicolon, options = head.upper().partition(";")
        if name == "METHOD":
            method = value.strip().upper()[:20]
        elif (name, value.strip().upper()) == ("BEGIN", "VEVENT"):
            inside, values = True, {}
        elif (name, value.strip().upper()) == ("END", "VEVENT"):
            inside = False
            found.append(_event(method, values))
            if len(found) >= MAX_EVENTS:
                break
        elif inside and name in _WANTED:
            values.setdefault(name, _moment(value, options) if name[:2] == "DT" else value)
    return tuple(found)


def _event(method: str, values: dict[str, str]) -> Invitation:
    organizer = values.get("ORGANIZER", "")
    return Invitation(
        method=method,
        title=_words(values.get("SUMMARY", "")),
        begins=values.get("DTSTART", ""),
        ends=values.get("DTEND", ""),
        place=_words(values.get("LOCATION", "")),
        organizer=_words(re.sub(r"^mailto:", "", organizer, flags=re.IGNORECASE)),
        cancelled=method == "CANCEL" or values.get("STATUS", "").strip().upper() == "CANCELLED",
    )


def _words(value: str) -> str:
    plain = _ESCAPED.sub(lambda one: " " if one.group(1) in "nN" else one.group(1), value)
    return " ".join(plain.split())[:300]


def _moment(value: str, options: str) -> str:
    """`2026-11-27 14:30 UTC`, or with the zone that the calendar names, or the day alone."""
    found = _MOMENT.match(value.strip())
    if found is None:
        return ""
    year, month, day, hour, minute, utc = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC
        )
    except ValueError:
        return ""
    if hour is None:
        return f"{moment:%Y-%m-%d}"
    zone = re.search(r"TZID=\"?([^;:\"]{1,60})", options, re.IGNORECASE)
    name = "UTC" if utc else _zone(zone.group(1)) if zone else ""
    return f"{moment:%Y-%m-%d %H:%M} {name}".strip()


def _zone(name: str) -> str:
    # Compared in capitals above: written as the zone data base does.
    return "/".join("_".join(p.capitalize() for p in part.split("_")) for part in name.split("/"))
