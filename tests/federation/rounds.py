"""Random lives of tickets on two sides, with faults and deaths in between; what must hold after.

One seed is one story: the same changes, faults and deaths in the same order.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from integrations.federation import claims, engine, handover
from integrations.federation.merge import Owner
from integrations.federation.ours import values_of
from integrations.federation.port import RemoteTrouble
from integrations.federation.text import marker_in
from integrations.links import ExternalItem, ExternalLink, FieldConflict, ItemState, Verdict
from omnidesk.core import http
from omnidesk.core.tenancy import organization_scope
from tests.federation.conftest import Bridge
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note, reply
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import MessageKind, Source
from tickets.models import Message, Status, Ticket


class Killed(BaseException):
    """The process died here (nothing catches it, as nothing survives SIGKILL)."""


class Remote(Protocol):
    """What a fake offers to a story."""

    faults: Any

    def populate(self, count: int, chance: random.Random) -> None:
        """So many tickets with something said on them."""

    def disturb(self, chance: random.Random, word: str) -> None:
        """One change by people over there; texts carry `word`."""

    def said(self, remote_id: str) -> list[str]:
        """All texts said on a ticket, without its opening."""

    def files(self, remote_id: str) -> list[str]:
        """Names of its files."""

    def fields(self, remote_id: str) -> dict[str, str]:
        """Its values, as the connector reads them."""

    def ids(self) -> list[str]:
        """All tickets."""


@dataclass
class Story:
    """Runs one seed against one fake."""

    bridge: Bridge
    remote: Remote
    chance: random.Random
    deaths: float = 0.0
    died: int = 0
    words: list[str] = field(default_factory=list)
    # What the fake's people may change as well; a system that cannot hear us gets no such change.
    local: tuple[str, ...] = ("reply", "note", "ask", "file", "status", "urgency", "subject")
    statuses: tuple[str, ...] = ("new", "open", "waiting", "on-hold", "resolved")

    def run(self, tickets: int, changes: int) -> None:
        """Populate, then change both sides in random order, syncing now and then."""
        self.remote.populate(tickets, self.chance)
        while not self.started():
            self.sync()
        for number in range(changes):
            if self.chance.random() < 0.5:
                self.remote.disturb(self.chance, self.word(number, "there"))
            else:
                self.change_here(self.word(number, "here"))
            if self.chance.random() < 0.25:
                self.sync()
        self.settle()

    def started(self) -> bool:
        """Whether the first tickets are here: the very first look may die too."""
        with organization_scope(self.bridge.cast.nordwerk.pk):
            return Ticket.objects.exists()

    def word(self, number: int, side: str) -> str:
        self.words.append(f"word-{number}-{side}.")
        return self.words[-1]

    def sync(self) -> None:
        """A sync that may fail or die at any step."""
        with suppress(RemoteTrouble, Killed):
            self.bridge.sync()

    def settle(self) -> None:
        """No more faults or deaths: now it has to come right."""
        self.remote.faults.rate = self.deaths = 0.0
        http.reset_breakers()
        for _ in range(6):
            self.bridge.sync()

    def change_here(self, word: str) -> None:
        with organization_scope(self.bridge.cast.nordwerk.pk):
            ticket = self.linked()
            self._act(self.chance.choice(self.local), ticket, word)

    def linked(self) -> Ticket:
        """One of our tickets that is on the other side as well."""
        links = ExternalLink.objects.exclude(ticket=None).order_by("pk")
        link = self.chance.choice(list(links.select_related("ticket")))
        assert link.ticket is not None
        return link.ticket

    def _act(self, what: str, ticket: Ticket, word: str) -> None:
        cast = self.bridge.cast
        alice = Actor.person(cast.alice)
        if what == "reply":
            reply(ticket=ticket, actor=alice, text=f"Answer {word}")
        elif what == "note":
            add_note(ticket=ticket, actor=alice, text=f"Note {word}")
        elif what == "ask":
            receive_message(
                ticket=ticket, author=cast.dana, body=Body(text=f"Question {word}"),
                source=Source.EMAIL, actor=Actor.person(cast.dana),
            )  # fmt: skip
        elif what == "file":
            file = NewFile(f"{word}txt", word.encode())
            reply(ticket=ticket, actor=alice, text=f"File {word}", files=[file])
        elif what == "status":
            key = self.chance.choice(self.statuses)
            status = Status.objects.get(organization=cast.nordwerk, key=key)
            set_status(ticket=ticket, actor=alice, status=status)
        elif what == "urgency":
            urgency = self.chance.choice(["low", "medium", "high", "critical"])
            edit_ticket(ticket=ticket, actor=alice, edit=Edit(urgency=urgency))
        else:
            edit_ticket(ticket=ticket, actor=alice, edit=Edit(subject=f"Subject {word}"))

    @contextmanager
    def mortal(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The process may die before and after every call and every commit."""

        def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                self.maybe_die()
                answer = real(*args, **kwargs)
                self.maybe_die()
                return answer

            return call

        @contextmanager
        def scope(organization: int) -> Iterator[None]:
            with organization_scope(organization):
                yield
            self.maybe_die()

        with monkeypatch.context() as patch:
            patch.setattr(http.HttpDoor, "_once", wrap(http.HttpDoor._once))
            for module in (engine, claims, handover):
                patch.setattr(module, "organization_scope", scope)
            yield

    def maybe_die(self) -> None:
        if self.deaths and self.chance.random() < self.deaths:
            self.died += 1
            raise Killed

    # What must hold in the end.

    def check(self) -> dict[str, int]:
        """Both sides equal but for open conflicts; nothing twice, nothing lost."""
        with organization_scope(self.bridge.cast.nordwerk.pk):
            links = list(ExternalLink.objects.select_related("ticket__status", "channel"))
            assert sorted(one.remote_id for one in links) == sorted(self.remote.ids())
            assert len({one.ticket_id for one in links}) == len(links) == Ticket.objects.count()
            assert not ExternalItem.objects.exclude(state=ItemState.DONE).exists()
            with engine.far_side(self.bridge.channel) as far:
                for link in links:
                    self._same_fields(link, far)
                    self._same_items(link)
            open_ones = FieldConflict.objects.filter(verdict=Verdict.OPEN).count()
        self._every_word_once()
        return {"tickets": len(links), "conflicts": open_ones, "deaths": self.died,
                **self.remote.faults.happened}  # fmt: skip

    def _same_fields(self, link: ExternalLink, far: handover.Far) -> None:
        assert link.ticket is not None
        clashing = set(link.conflicts.filter(verdict=Verdict.OPEN).values_list("field", flat=True))
        ours = values_of(link.ticket)
        for name, theirs in self.remote.fields(link.remote_id).items():
            if far.rules.owners[name] == Owner.APART or name in clashing:
                continue
            table = far.rules.maps[name]
            if table.to_write(ours[name]) is None and name in link.error:
                continue  # shown as what cannot be written there
            assert table.equal(ours[name], theirs), (link.pk, name, ours[name], theirs)

    def _same_items(self, link: ExternalLink) -> None:
        assert link.ticket is not None
        files = sorted(link.ticket.attachments.values_list("name", flat=True))
        assert files == sorted(self.remote.files(link.remote_id))
        count = Message.objects.filter(ticket=link.ticket, is_opening=False).count()
        assert count == len(self.remote.said(link.remote_id)), link.pk

    def _every_word_once(self) -> None:
        with organization_scope(self.bridge.cast.nordwerk.pk):
            here = Counter(
                word
                for text in Message.objects.exclude(kind=MessageKind.SYSTEM).values_list(
                    "text", flat=True
                )
                for word in text.split()
                if word.startswith("word-")
            )
        texts = [text for one in self.remote.ids() for text in self.remote.said(one)]
        there = Counter(word for word in self.words for text in texts if word in text)
        assert here == there
        assert set(here.values()) <= {1}
        marks = Counter(mark for text in texts if (mark := marker_in(text)))
        assert set(marks.values()) <= {1}
