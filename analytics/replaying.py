"""A ticket's past under other agreements, or with other people: what would have been late; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tickets import sla_clock
from tickets.business_time import NOTHING, WorkCalendar
from tickets.sla_replay import Happening, replay
from tickets.sla_rules import Agreement, Said

Agreements = dict[str, Agreement]
MOST_CHANGED: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened, with the priority and team the ticket had from then on."""

    happening: Happening
    priority: str
    has_team: bool


def verdicts(
    story: Sequence[Told], covers: Callable[[str, bool], Agreements], end: datetime
) -> dict[str, bool]:
    """ "level:metric" -> whether it was late by `end`; what was neither met nor late is absent."""
    if not story:
        return {}
    told = [replace(one.happening, agreements=covers(one.priority, one.has_team)) for one in story]
    found: dict[str, bool] = {}
    for entry in replay(told, {}):
        clock = entry.clock
        late = clock.breached_at is not None or sla_clock.is_late(clock, end)
        if late or clock.met_at is not None:
            key = f"{entry.level}:{entry.metric}"
            found[key] = found.get(key, False) or late
    return found


def shifted(story: Sequence[Told], calendar: WorkCalendar, sooner: timedelta) -> list[Told]:
    """The story with all that the desk did, and what followed, `sooner` in business time.

    Negative is later. Nothing happens before the ticket came in, and the order stays.
    """
    if not sooner or not story:
        return list(story)
    opened = last = story[0].happening.at
    found, begun = [story[0]], False
    for one in story[1:]:
        at = one.happening.at
        begun = begun or one.happening.said != Said.REQUESTER
        if begun:
            moved = max(calendar.between(opened, at) - sooner, NOTHING)
            at = calendar.add(opened, moved)
        at = last = max(at, last)
        found.append(replace(one, happening=replace(one.happening, at=at)))
    return found


@dataclass(slots=True)
class Count:
    """Agreed times that were judged both ways, and those late now and then."""

    judged: int = 0
    now: int = 0
    then: int = 0

    def add(self, now: bool, then: bool) -> None:
        """One more."""
        self.judged += 1
        self.now += now
        self.then += then


class Outcome:
    """What a replay found, by week, team and kind of time; JSON at the end."""

    def __init__(self) -> None:
        self.tickets = 0
        self.weeks: dict[str, Count] = {}
        self.teams: dict[str, Count] = {}
        self.kinds: dict[str, Count] = {}
        self.changed: list[list[object]] = []
        self.changed_total = 0
        self.alike = self.known = 0

    def add(
        self, ticket_id: int, week: str, team: str, now: dict[str, bool], then: dict[str, bool]
    ) -> None:
        """One ticket judged both ways. What one of them does not agree on is not late there."""
        self.tickets += 1
        for kind in sorted(now.keys() | then.keys()):
            pair = now.get(kind, False), then.get(kind, False)
            for table, key in ((self.weeks, week), (self.teams, team), (self.kinds, kind)):
                table.setdefault(key, Count()).add(*pair)
            if pair[0] != pair[1]:
                self.changed_total += 1
                if len(self.changed) < MOST_CHANGED:
                    self.changed.append([ticket_id, kind, *pair])

    def check(self, replayed: dict[str, bool], recorded: dict[str, bool]) -> None:
        """How often the replay by today's rules says what the clocks said at the time."""
        for kind in replayed.keys() & recorded.keys():
            self.known += 1
            self.alike += replayed[kind] == recorded[kind]

    def as_json(self) -> dict[str, object]:
        """Plain values, weeks in their order."""

        def rows(table: dict[str, Count]) -> list[list[object]]:
            return [[key, c.judged, c.now, c.then] for key, c in sorted(table.items())]

        return {
            "tickets": self.tickets,
            "weeks": rows(self.weeks),
            "teams": rows(self.teams),
            "kinds": rows(self.kinds),
            "changed": self.changed,
            "changed_total": self.changed_total,
            "alike": self.alike,
            "known": self.known,
        }
