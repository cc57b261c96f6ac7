"""Everything at once for one connector: import, changes on both sides, faults, kills, doubles.

A first import, then changes on both sides in random order. All the while the other system answers
500, 429 and 503, lets calls time out, hangs up after it acted, ends its sessions and calls our
webhook twice; every look is a process of its own that may die by SIGKILL at any call or moments
after it, and now and then two of them run at once. In the end both sides are compared: every field,
everything that was said, every file, with the conflicts that wait for a person listed.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.actions.linking import decide_conflict, pass_on
from integrations.federation.port import RemoteTrouble
from integrations.federation.text import readable
from integrations.links import ExternalLink, FieldConflict, LinkState, Verdict
from omnidesk.core.tenancy import organization_scope
from tests.federation.drills import Drill
from tickets.actions.base import Actor
from tickets.choices import MessageKind
from tickets.models import Message, Ticket

FAULTS: Final = ("500", "429", "503", "lost", "timeout", "expired")
# How often a change is a new ticket, how often a look follows a change.
NEW, LOOK = 0.06, 0.4
# A run that is killed again and again must not go on for ever.
MOST_RUNS: Final = 2000


@dataclass
class Ordeal(Drill):
    """`hook`: calls our webhook for a remote ticket, twice; returns the statuses."""

    patience: float = 1.5
    twice: float = 0.08
    fault_rate: float = 0.03
    hook: Callable[[str], list[int]] | None = None
    hooked: Counter[int] = field(default_factory=Counter)
    log: Callable[[str], object] = print
    import_seconds: float = 0.0
    change_seconds: float = 0.0

    def go_through(self, tickets: int, changes: int) -> dict[str, Any]:
        """All of it; returns what happened. Raises AssertionError where the sides differ."""
        faults = self.remote.faults
        faults.kinds, faults.slow, faults.rate = FAULTS, self.patience * 1.3, self.fault_rate
        began = time.monotonic()
        self._import(tickets)
        self.import_seconds = time.monotonic() - began
        self.log(f"imported {tickets} in {self.import_seconds:.0f} s: {self._happened()}")
        began = time.monotonic()
        self._change(changes)
        self.settle()
        self.change_seconds = time.monotonic() - began
        self.log(f"{changes} changes in {self.change_seconds:.0f} s: {self._happened()}")
        found = self.check()
        self.compare()
        conflicts = self._conflicts()
        for line in conflicts:
            self.log(f"conflict: {line}")
        self._decide()
        self.compare()
        return {"tickets": found["tickets"], "conflicts": len(conflicts), **self._happened()}

    def _happened(self) -> dict[str, int]:
        hooked = {f"webhook {status}": count for status, count in self.hooked.items()}
        return {**self.remote.faults.happened, **self.outcomes, **hooked}

    # What happens.

    def _import(self, tickets: int) -> None:
        self.remote.populate(tickets, self.chance)
        for number in range(tickets // 2):
            self.remote.disturb(self.chance, self.word(number, "before"))
        self.calls = max(40, tickets // 3)
        for _ in range(MOST_RUNS):
            self.sync()
            if self._are_here(tickets):
                return
        raise AssertionError("the import does not end")

    def _are_here(self, tickets: int) -> bool:
        with organization_scope(self.bridge.cast.nordwerk.pk):
            here = ExternalLink.objects.exclude(ticket=None).count()
            return here >= tickets and not ExternalLink.objects.exclude(due_at=None).exists()

    def _change(self, changes: int) -> None:
        self.remote.hot = max(3, len(self.remote.ids()) // 50)  # type: ignore[attr-defined]
        for number in range(changes):
            if self.chance.random() < 0.5:
                self._happen_there(self.word(number, "there"))
            else:
                self._happen_here(self.word(number, "here"))
            if self.chance.random() < LOOK:
                self.sync()
                self.calls = max(12, self.knife.seen)
            if number % 100 == 99:
                self.log(f"{number + 1} changes: {self._happened()}")

    def _happen_there(self, word: str) -> None:
        before = len(self.remote.ids())
        if self.chance.random() < NEW:
            self.remote.open(*_new(word))  # type: ignore[attr-defined]
        else:
            self.remote.disturb(self.chance, word)
        if self.hook and self.chance.random() < LOOK:
            ids = self.remote.ids()
            number = ids[-1] if len(ids) > before else self.chance.choice(ids)
            self.hooked.update(self.hook(number))

    def _happen_here(self, word: str) -> None:
        if self.chance.random() >= NEW:
            self.change_here(word)
            return
        cast = self.bridge.cast
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket(*_new(word))
            pass_on(ticket=ticket, channel=self.bridge.channel, actor=Actor.person(cast.alice))

    def linked(self) -> Ticket:
        """Half of our changes fall on the tickets that the other side changes most."""
        rows = ExternalLink.objects.exclude(ticket=None).order_by("pk")
        if self.chance.random() < 0.5:
            hot = self.remote.ids()[: self.remote.hot]  # type: ignore[attr-defined]
            rows = rows.filter(remote_id__in=hot)
        found = rows.select_related("ticket")[self.chance.randrange(rows.count())]
        assert found.ticket is not None
        return found.ticket

    def settle(self) -> None:
        self.remote.faults.rate = 0.0
        for _ in range(6):
            with suppress(RemoteTrouble):
                self.bridge.sync()

    # What must hold in the end.

    def compare(self) -> None:
        """Every ticket: what was said, its files byte by byte, its opening, its link."""
        with organization_scope(self.bridge.cast.nordwerk.pk):
            links = ExternalLink.objects.select_related("ticket").order_by("pk")
            for link in links:
                self._compare_one(link)

    def _compare_one(self, link: ExternalLink) -> None:
        ticket, remote = link.ticket, self.remote
        assert ticket is not None, link.remote_id
        assert link.due_at is None, (link.remote_id, link.error)
        assert link.state in {LinkState.OK, LinkState.CONFLICT}, (link.remote_id, link.error)
        rows = Message.objects.filter(ticket=ticket).exclude(kind=MessageKind.SYSTEM)
        ours = Counter(
            (core(row.text), row.kind == MessageKind.PUBLIC)
            for row in rows.filter(is_opening=False)
        )
        spoken = remote.spoken(link.remote_id)  # type: ignore[attr-defined]
        theirs = Counter((core(readable(text)[0]), public) for text, public in spoken)
        assert ours == theirs, (link.remote_id, ours - theirs, theirs - ours)
        [opening] = rows.filter(is_opening=True)
        text = remote.opening(link.remote_id)  # type: ignore[attr-defined]
        assert core(opening.text) == core(readable(text)[0]), link.remote_id
        files = []
        for row in ticket.attachments.all():
            with row.file.open("rb") as file:
                files.append((row.name, file.read()))
        papers = remote.papers(link.remote_id)  # type: ignore[attr-defined]
        assert sorted(files) == sorted(papers), link.remote_id

    def _conflicts(self) -> list[str]:
        with organization_scope(self.bridge.cast.nordwerk.pk):
            rows = FieldConflict.objects.filter(verdict=Verdict.OPEN).select_related("link")
            return [
                f"{row.link.display_id} {row.field}: ours {row.ours!r}, theirs {row.theirs!r}"
                for row in rows.order_by("pk")
            ]

    def _decide(self) -> None:
        """A person decides every other one for us; then nothing differs any more."""
        cast = self.bridge.cast
        with organization_scope(cast.nordwerk.pk):
            rows = FieldConflict.objects.filter(verdict=Verdict.OPEN).order_by("pk")
            for number, row in enumerate(rows):
                keep = (Verdict.OURS, Verdict.THEIRS)[number % 2]
                decide_conflict(conflict=row, keep=keep.value, user_id=cast.alice.pk)
        self.settle()
        found = self.check()
        assert found["conflicts"] == 0


def _new(word: str) -> tuple[str, str]:
    """Subject and text of a new ticket; its word is none of those that are counted."""
    bare = word.removeprefix("word-")
    return f"New {bare}", f"Opened {bare}"


def core(text: str) -> str:
    """What was said, without who said it and that it is a solution."""
    return next((one.strip() for one in reversed(text.splitlines()) if one.strip()), "")
