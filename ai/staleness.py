"""Whether what the AI wrote still stands on what it was written from.

Asked when it is shown and once more before it is sent; nothing is stored, so nothing can be
forgotten: the rows of the sources say when they changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from ai.models import Document, Suggestion
from tickets.choices import ActorKind, MessageKind, StatusCategory
from tickets.models import Article, Change, Message, Ticket

# What changes the question itself: its words, its kind, its conversation.
TELLING = (
    "ticket.renamed",
    "ticket.categorised",
    "ticket.merged",
    "ticket.message_moved_here",
    "ticket.message_moved_away",
)
State = Suggestion.State
KINDS = ("article", "document", "response")
SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)
Times = dict[tuple[str, int], datetime | None]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason why a text may be wrong by now; `title` names a source, else ""."""

    code: str
    title: str = ""

    @property
    def words(self) -> str:
        """The reason as a sentence."""
        if self.code == "message":
            return _("Older than the last message")
        if self.code == "ticket":
            return _("The ticket was changed since")
        if self.code == "gone":
            return _("“%(title)s” is not valid any more") % {"title": self.title}
        return _("“%(title)s” was changed since") % {"title": self.title}


def doubts_of(draft: Suggestion) -> list[Doubt]:
    """Why a draft should be written again. Queries: 2, and one for each kind of source."""
    since, ticket = draft.created_at, draft.ticket_id
    found = []
    messages = Message.objects.filter(ticket=ticket, from_requester=True, is_opening=False)
    if messages.filter(created_at__gt=since).exists():
        found.append(Doubt("message"))
    changes = Change.objects.filter(ticket=ticket, at__gt=since, verb__in=TELLING)
    if changes.filter(actor_kind=ActorKind.PERSON).exists():
        found.append(Doubt("ticket"))
    return found + changed_sources(draft.evidence, since, source_times(draft.evidence))


def source_times(cited: Iterable[Mapping[str, Any]]) -> Times:
    """When each source was last changed; None where it is gone. Queries: one for each kind."""
    ids: dict[str, set[int]] = {}
    for one in cited:
        ids.setdefault(str(one.get("kind", "")), set()).add(int(one.get("id", 0)))
    times: Times = {(kind, pk): None for kind, wanted in ids.items() for pk in wanted}
    if "article" in ids:
        articles = Article.objects.filter(pk__in=ids["article"], state=Article.State.PUBLISHED)
        times |= {("article", pk): at for pk, at in articles.values_list("pk", "updated_at")}
    if "document" in ids:
        papers = Document.objects.filter(pk__in=ids["document"], state=Document.State.READY)
        times |= {("document", pk): at for pk, at in papers.values_list("pk", "updated_at")}
    if "response" in ids:
        # What solved a ticket is its last public word, as long as the ticket stays solved.
        settled = Ticket.objects.alive().filter(pk__in=ids["response"], status_category__in=SETTLED)
        public = Q(messages__kind=MessageKind.PUBLIC, messages__from_requester=False)
        said = settled.annotate(said=Max("messages__created_at", filter=public))
        times |= {("response", pk): at for pk, at in said.values_list("pk", "said")}
    return times


def changed_sources(
    cited: Iterable[Mapping[str, Any]], since: datetime, times: Times
) -> list[Doubt]:
    """Sources that say something else than they did at `since`, or nothing any more."""
    found: dict[tuple[str, int], Doubt] = {}
    for one in cited:
        key = str(one.get("kind", "")), int(one.get("id", 0))
        if key not in times or key[0] not in KINDS:
            continue
        at, title = times[key], str(one.get("title", ""))[:80]
        if at is None or at > since:
            found[key] = Doubt("changed" if at else "gone", title)
    return list(found.values())


def drafts_citing(kind: str, object_id: int) -> list[Suggestion]:
    """Drafts that may still be sent and quote this source. Queries: 1."""
    rows = Suggestion.objects.filter(
        field=Suggestion.Field.DRAFT,
        state__in=[State.PROPOSED, State.ACCEPTED],
        evidence__contains=[{"kind": kind, "id": object_id}],
    )
    return list(
        rows.filter(ticket__in=Ticket.objects.alive().unresolved()).select_related("ticket")
    )


def doubts_before_sending(ticket: Ticket, origin: str) -> list[str]:
    """What speaks against sending a text that came from the draft `origin` (its id, or "")."""
    if not origin.isascii() or not origin.isdigit() or len(origin) > 18:
        return []
    drafts = Suggestion.objects.filter(ticket=ticket, field=Suggestion.Field.DRAFT)
    draft = drafts.filter(pk=int(origin)).first()
    return [doubt.words for doubt in doubts_of(draft)] if draft else []
