"""The demo desk as plain data: what `generate()` returns and `load_demo` writes.

Times are aware and in UTC. Keys (organization, team, category, article) are short stable slugs;
people are known by their e-mail address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DemoRole(StrEnum):
    REQUESTER = "requester"
    AGENT = "agent"
    LEAD = "lead"


class DemoStatus(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


OPEN_STATUSES = frozenset({DemoStatus.NEW, DemoStatus.OPEN, DemoStatus.PENDING, DemoStatus.ON_HOLD})


class DemoVisibility(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class DemoOrganization:
    key: str
    name: str
    domain: str
    language: str
    time_zone: str
    description: str
    support_email: str


@dataclass(frozen=True, slots=True)
class DemoTeam:
    organization: str
    key: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class DemoCategory:
    organization: str
    key: str
    name: str
    description: str
    team: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    email: str
    name: str
    role: DemoRole
    organization: str
    also_in: tuple[str, ...]
    teams: tuple[str, ...]
    language: str
    form: str  # "Frau", "Monsieur": how formal languages address the person; "" = first name
    site: str
    time_zone: str
    job_title: str
    device: str

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def last_name(self) -> str:
        return self.name.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class DemoArticle:
    organization: str
    key: str
    language: str
    title: str
    body: str  # Markdown
    category: str
    author_email: str
    published_at: datetime
    public: bool


@dataclass(frozen=True, slots=True)
class DemoAttachment:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DemoMessage:
    visibility: DemoVisibility
    author_email: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DemoTicket:
    organization: str
    scenario: str  # the key of the situation it was written from; tickets that share it are alike
    subject: str
    description: str
    requester_email: str
    category: str
    team: str
    urgency: str  # low | medium | high | critical
    impact: str  # low | medium | high
    language: str
    source: str  # portal | email | api | monitoring
    status: DemoStatus
    created_at: datetime
    messages: tuple[DemoMessage, ...]
    assignee_email: str | None
    tags: tuple[str, ...]
    first_response_at: datetime | None
    resolved_at: datetime | None
    attachments: tuple[DemoAttachment, ...]
    article: str | None  # the knowledge article that answers it, by key


@dataclass(frozen=True, slots=True)
class DemoDesk:
    generated_for: datetime
    organizations: tuple[DemoOrganization, ...]
    teams: tuple[DemoTeam, ...]
    people: tuple[DemoPerson, ...]
    categories: tuple[DemoCategory, ...]
    articles: tuple[DemoArticle, ...]
    tickets: tuple[DemoTicket, ...]
