"""What a federated system looks like to the core: tickets, items, and the calls on both.

Pure: no models. A connector translates one system's calls into these words; `merge.py` decides
what flows where; `engine.py` writes it down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from integrations.base import TransportError


class RemoteTrouble(TransportError):
    """The far side did not do what was asked.

    `everywhere`: the next call would fail too (it is away, busy, or refuses our credentials),
    so the whole channel stops for now; otherwise only this one ticket is concerned.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, uncertain: bool = False,
        refused: bool = False, retry_after: float = 0, everywhere: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            message, permanent, uncertain=uncertain, refused=refused, retry_after=retry_after
        )
        self.everywhere = everywhere or refused or retry_after > 0


class Surprise(ValueError):
    """A record that does not look as agreed; it is logged and skipped, the rest goes on."""

    def __init__(self, message: str, record: object = None) -> None:
        super().__init__(message)
        self.shape = shape_of(record)


def shape_of(record: object) -> str:
    """Names and types of what a record has, for the log: never what people wrote in it."""
    if not isinstance(record, Mapping):
        return type(record).__name__
    return ", ".join(f"{name}: {type(value).__name__}" for name, value in record.items())[:1000]


class What(StrEnum):
    """What an item is."""

    MESSAGE = "message"
    SOLUTION = "solution"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody over there; `key` is their id there. All may be ''."""

    key: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """One line of the list of changed tickets; `version` changes whenever the ticket does."""

    remote_id: str
    version: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteItem:
    """Something on a remote ticket. `remote_id` is unique on it, over all sorts of items.

    `html` is raw. `file_name` and `file_size` belong to documents, whose bytes come by `load`: from
    `source` where the id does not say, for another session may have read the ticket.
    """

    what: What
    remote_id: str
    text: str = ""
    html: str = ""
    public: bool = True
    from_requester: bool = False
    author: Person = Person()
    at: datetime | None = None
    marker: str = ""
    file_name: str = ""
    file_size: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTicket:
    """A remote ticket, read completely. `fields` holds the far side's own words by our names."""

    head: Head
    display_id: str = ""
    url: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    marker: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] = ()
    category: str = ""
    requester: Person = Person()
    created_at: datetime | None = None
    items: Sequence[RemoteItem] = ()
    # Sentences about what could not be understood.
    surprises: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket to be made over there; `fields` in the far side's words."""

    subject: str
    text: str
    html: str
    requester: Person
    marker: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutItem:
    """Something of ours to be put on a remote ticket."""

    what: What
    marker: str
    text: str = ""
    html: str = ""
    public: bool = True
    file_name: str = ""
    content_type: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the far side can do; the core never asks for more.

    `solved_by_solution`: the remote status with which our last answer goes as the solution, '' for
    none; `solution_sets_status`: the solution sets it by itself.
    """

    creates: bool = True
    private_notes: bool = True
    files: bool = True
    solved_by_solution: str = ""
    solution_sets_status: bool = True


class Connector(Protocol):
    """One configured far side. Every call raises RemoteTrouble."""

    abilities: Abilities

    def test(self) -> str:
        """Reach it and say in one sentence what was found. Changes nothing."""

    def changed(self, since: datetime | None) -> list[Head]:
        """Heads of tickets changed since then (all for None), the longest unchanged first."""

    def fetch(self, remote_id: str) -> RemoteTicket | None:
        """One ticket with its items; None where it is gone. Raises Surprise too."""

    def load(self, remote_id: str, item: RemoteItem) -> bytes:
        """The bytes of a document."""

    def create(self, draft: Draft) -> str:
        """Make a ticket; returns its id."""

    def find(self, marker: str, since: datetime) -> str:
        """The id of the ticket that carries our marker and was made since then, or ''."""

    def write(self, remote_id: str, fields: Mapping[str, str]) -> None:
        """Change fields, in the far side's words."""

    def add(self, remote_id: str, item: OutItem) -> str:
        """Put something on a ticket; returns the item's id as `fetch` will name it, or ''."""

    def close(self) -> None:
        """End the session."""
