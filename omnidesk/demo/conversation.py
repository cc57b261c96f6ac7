"""Writes what was said on a ticket, from the first answer to the last thank-you."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from omnidesk.demo import timing
from omnidesk.demo.content import phrases
from omnidesk.demo.content.desk import CATEGORIES, TEAMS
from omnidesk.demo.content.people import PEOPLE
from omnidesk.demo.mix import Outcome, Plan
from omnidesk.demo.types import DemoMessage, DemoPerson, DemoRole, DemoVisibility
from omnidesk.demo.writing import Writer

PUBLIC, INTERNAL = DemoVisibility.PUBLIC, DemoVisibility.INTERNAL
# How much longer than a medium one a ticket waits for each step.
_PACE = {"critical": 0.2, "high": 0.55, "medium": 1.0, "low": 1.7}
SLOW_SHARE = 0.4
SLOW_MINUTES = (2 * 1440, 16 * 1440)
SURGE_NOTE = (
    "All of them run client 7.3.9. The gateway certificate was renewed last night and comes from "
    "the new authority, which 7.3 does not know. Testing 7.4 on two machines."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One message to come, `gap` after the one before."""

    visibility: DemoVisibility
    author: DemoPerson
    text: str
    gap: timedelta


@dataclass(frozen=True, slots=True)
class Conversation:
    """What happened on a ticket after it was opened."""

    messages: tuple[DemoMessage, ...]
    assignee: DemoPerson | None
    first_response_at: datetime | None
    resolved_at: datetime | None


class Scriptwriter:
    """Writes the lines of one ticket in the order they are said."""

    def __init__(self, plan: Plan, variant: int, writer: Writer, rng: Random) -> None:
        self.plan, self.variant, self.writer, self.rng = plan, variant, writer, rng
        self.scenario = plan.scenario
        self.team = team_of(plan)
        self.agents = _agents(plan, self.team)
        self.agent = self.agents[min(int(rng.expovariate(1.1)), len(self.agents) - 1)]
        self.lines: list[Line] = []
        self.solved_at_line: int | None = None

    def write(self) -> list[Line]:
        """All lines; `solved_at_line` is the index of the one that settled the ticket."""
        outcome = self.plan.outcome
        if outcome is Outcome.NEW:
            return []
        if self.scenario.surge:
            self._surge()
        elif outcome is Outcome.OPEN:
            self._work_in_progress()
        elif outcome is Outcome.PENDING:
            self._maybe_note(0.3)
            self._reply(self._pick(self.scenario.ask), 20, 150)
        elif outcome is Outcome.ON_HOLD:
            self._reply(self.rng.choice(phrases.LOOKING[self.plan.scenario.language]), 15, 120)
            self._note(self._pick(self.scenario.hold), 60, 400)
        else:
            self._solve()
        return self.lines

    def _surge(self) -> None:
        self._reply(phrases.SURGE[self.scenario.language], 20, 70)
        if self.variant == 0 and self.scenario.language == "en":
            self._note(SURGE_NOTE, 30, 60)

    def _work_in_progress(self) -> None:
        if self.scenario.ask and self.scenario.answer and self.rng.random() < 0.6:
            self._ask_and_answer()
        elif not self.scenario.by_machine and self.rng.random() < 0.7:
            self._reply(self.rng.choice(phrases.LOOKING[self.scenario.language]), 15, 160)
        self._maybe_note(0.5)

    def _solve(self) -> None:
        if self.scenario.ask and self.scenario.answer and self.rng.random() < 0.6:
            self._ask_and_answer()
        elif not self.scenario.by_machine and self.rng.random() < 0.3:
            self._reply(self.rng.choice(phrases.LOOKING[self.scenario.language]), 10, 90)
        self._maybe_note(0.45)
        first = self._pick(self.scenario.fix)
        self._fix(first)
        if self.plan.outcome is not Outcome.SOLVED:
            self._say(self._pick(self.scenario.reopen), 1000, 3000)
            self.solved_at_line = None
        if self.plan.outcome is Outcome.SOLVED_AGAIN:
            others = [] if self.scenario.paired else [f for f in self.scenario.fix if f != first]
            self._fix(others[0] if others else phrases.SECOND_FIX[self.scenario.language])
        if self.solved_at_line is not None:
            self._thanks()

    def _thanks(self) -> None:
        if self.scenario.by_machine or self.rng.random() > 0.5:
            return
        closing = () if self.scenario.ask else self.scenario.answer
        self._say(self.rng.choice(closing or phrases.THANKS[self.scenario.language]), 15, 240)

    def _ask_and_answer(self) -> None:
        self._reply(self._pick(self.scenario.ask), 10, 120)
        self._say(self._pick(self.scenario.answer), 20, 260)

    def _fix(self, template: str) -> None:
        # Some wait for days: a part, a supplier, an approval.
        slow = self.scenario.urgency != "critical" and self.rng.random() < SLOW_SHARE
        answered = any(line.visibility is PUBLIC for line in self.lines)
        if slow and not answered and not self.scenario.by_machine:
            self._reply(self.rng.choice(phrases.LOOKING[self.scenario.language]), 10, 90)
        self._reply(template, *(SLOW_MINUTES if slow else (40, 900)))
        self.solved_at_line = len(self.lines) - 1

    def _pick(self, texts: Sequence[str]) -> str:
        return self.scenario.pick(texts, self.variant, self.rng)

    def _maybe_note(self, chance: float) -> None:
        if self.scenario.note and self.rng.random() < chance:
            self._note(self._pick(self.scenario.note), 20, 200)

    def _note(self, template: str, least: int, most: int) -> None:
        author = self.agent if self.rng.random() < 0.6 else self.rng.choice(self.agents)
        self._add(INTERNAL, author, self.writer.render(template), least, most)

    def _reply(self, template: str, least: int, most: int) -> None:
        if self.scenario.by_machine:
            text = self.writer.render(template)
        else:
            text = self.writer.reply(template, agent=self.agent, team=_team_name(self.team))
        self._add(PUBLIC, self.agent, text, least, most)

    def _say(self, template: str, least: int, most: int) -> None:
        self._add(PUBLIC, self.plan.requester, self.writer.render(template), least, most)

    def _add(
        self, kind: DemoVisibility, author: DemoPerson, text: str, least: int, most: int
    ) -> None:
        # Squared, so that most answers are quick and a few take long, as at a real desk.
        minutes = least + (most - least) * self.rng.random() ** 2
        gap = timedelta(minutes=minutes * _PACE[self.scenario.urgency])
        self.lines.append(Line(kind, author, text, gap))


def converse(plan: Plan, variant: int, writer: Writer, rng: Random, now: datetime) -> Conversation:
    """Everything said on the ticket after its opening, timed in working hours before `now`."""
    script = Scriptwriter(plan, variant, writer, rng)
    lines = script.write()
    start, limit = plan.created_at, now - timedelta(minutes=2)
    gaps = [line.gap for line in lines]
    times = timing.conversation_times(rng, start, gaps, limit, script.agent.time_zone)
    messages = tuple(
        DemoMessage(line.visibility, line.author.email, line.text, at)
        for line, at in zip(lines, times, strict=True)
    )
    return Conversation(
        messages=messages,
        assignee=None if plan.outcome is Outcome.NEW else script.agent,
        first_response_at=_first_response(messages, plan.requester),
        resolved_at=None if script.solved_at_line is None else times[script.solved_at_line],
    )


def _first_response(messages: Sequence[DemoMessage], requester: DemoPerson) -> datetime | None:
    return next(
        (
            message.at
            for message in messages
            if message.visibility is PUBLIC and message.author_email != requester.email
        ),
        None,
    )


def team_of(plan: Plan) -> str:
    """The key of the team that gets tickets of this category in the requester's organization."""
    return next(
        category.team
        for category in CATEGORIES
        if category.organization == plan.requester.organization
        and category.key == plan.scenario.category
    )


def _team_name(key: str) -> str:
    return next(team.name for team in TEAMS if team.key == key)


def _agents(plan: Plan, team: str) -> list[DemoPerson]:
    """Who could answer, best first: in the team and at home in the language."""
    organization = plan.requester.organization
    staff = [
        person
        for person in PEOPLE
        if person.role is not DemoRole.REQUESTER
        and organization in (person.organization, *person.also_in)
    ]
    in_team = [person for person in staff if team in person.teams]

    def rank(person: DemoPerson) -> tuple[bool, bool]:
        return (person.language != plan.scenario.language, person.role is DemoRole.LEAD)

    return sorted(in_team or staff, key=rank)
