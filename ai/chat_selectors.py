"""Conversations as their person reads them, and sources with links they may follow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from ai.access import LARGEST_ID, readable_documents
from ai.models import Conversation, Turn
from ai.staleness import Doubt, changed_sources, source_times
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.access import desk_tickets, readable_articles


@dataclass(frozen=True, slots=True)
class Source:
    """A numbered source; `url` opens it, "" where the reader may not or it is gone."""

    number: int
    kind: str
    title: str
    place: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One question with its answer and sources."""

    turn: Turn
    sources: list[Source]
    doubts: list[Doubt] = field(default_factory=list)


def conversations_of(user: User) -> QuerySet[Conversation]:
    """A person's own conversations, in organizations they still belong to."""
    return Conversation.objects.filter(
        person=user, organization_id__in=user.visible_organization_ids()
    ).select_related("ticket", "handed_to")


def access_conversation(user: User, conversation_id: int) -> Conversation:
    """One of the person's own; anything else is not there."""
    row = None
    if 0 < conversation_id <= LARGEST_ID:
        row = conversations_of(user).filter(pk=conversation_id).first()
    if row is None:
        raise Http404(_("There is no such conversation here."))
    return row


def access_turn(user: User, turn_id: int) -> Turn:
    """One question of the person's own; anything else is not there."""
    row = None
    if 0 < turn_id <= LARGEST_ID:
        own = Turn.objects.filter(conversation__in=conversations_of(user))
        row = own.select_related("conversation").filter(pk=turn_id).first()
    if row is None:
        raise Http404(_("There is no such question here."))
    return row


def shown_turns(user: User, turns: Sequence[Turn], *, desk: bool) -> list[Shown]:
    """Questions with their sources. Queries: 3 for links, 3 for changes, where
    tickets, articles and documents are cited."""
    cited = [one for turn in turns for one in turn.answer.get("citations", [])]
    links = source_links(user, cited, desk=desk)
    times = source_times(cited)
    return [
        Shown(
            turn,
            [_source(one, links) for one in turn.answer.get("citations", [])],
            changed_sources(turn.answer.get("citations", []), turn.finished_at or now(), times),
        )
        for turn in turns
    ]


def _source(one: dict[str, Any], links: dict[tuple[str, int], str]) -> Source:
    kind = str(one["kind"])
    key = ("ticket" if kind == "response" else kind, int(one["id"]))
    return Source(int(one["number"]), kind, str(one["title"]), str(one.get("place", "")),
                  links.get(key, ""))  # fmt: skip


def source_links(
    user: User, cited: Iterable[dict[str, Any]], *, desk: bool
) -> dict[tuple[str, int], str]:
    """(kind, id) -> URL of what the person may open. Queries: at most 3."""
    wanted: dict[str, set[int]] = {"ticket": set(), "article": set(), "document": set()}
    for one in cited:
        kind = "ticket" if one["kind"] == "response" else str(one["kind"])
        wanted.setdefault(kind, set()).add(int(one["id"]))
    links: dict[tuple[str, int], str] = {}
    if wanted["ticket"] and desk:
        for row in desk_tickets(user).filter(pk__in=wanted["ticket"]).only("pk", "number"):
            links["ticket", row.pk] = reverse("desk:ticket", args=[row.number])
    if wanted["article"]:
        page = "desk:kb_article" if desk else "portal:kb_article"
        for article in readable_articles(user).filter(pk__in=wanted["article"]):
            links["article", article.pk] = reverse(page, args=[article.slug])
    if wanted["document"]:
        page = "ai:document" if desk else "assistant:document"
        for document in readable_documents(user).filter(pk__in=wanted["document"]):
            links["document", document.pk] = reverse(page, args=[document.pk])
    return links
