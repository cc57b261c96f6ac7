"""Finding by words alone, in PostgreSQL: what is left while the ai-worker is away."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Max, Q

from ai.engine.lexical import STOPWORDS, fold
from ai.models import DocumentPassage
from tickets.models import Article, Ticket

MOST_WORDS = 24
SHORTEST_WORD = 3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class WordHit:
    """A row that shares words with the question."""

    kind: str
    object_id: int
    score: float


def search(
    organizations: Sequence[int],
    text: str,
    *,
    kinds: Sequence[str] = ("ticket",),
    limit: int = 10,
    exclude: Sequence[int] = (),
    public: Sequence[int] = (),
) -> list[WordHit]:
    """Tickets, published articles and documents with most of the text's words.

    Queries: 1 per kind. Runs in the caller's database scope; `organizations` narrows it further,
    of the `public` ones only what requesters may read is found.
    """
    query = _any_word(text)
    if query is None:
        return []
    hits: list[WordHit] = []
    rank = SearchRank(F("search"), query, normalization=1)
    own = Q(organization_id__in=organizations)
    if "ticket" in kinds:
        tickets = Ticket.objects.alive().filter(organization_id__in=organizations, search=query)
        rows = tickets.exclude(pk__in=exclude).annotate(rank=rank).order_by("-rank", "-pk")
        hits += [WordHit("ticket", pk, r) for pk, r in rows.values_list("pk", "rank")[:limit]]
    if "article" in kinds:
        shown = own | Q(organization_id__in=public, is_public=True)
        articles = Article.objects.filter(shown, search=query, state=Article.State.PUBLISHED)
        found = articles.annotate(rank=rank).order_by("-rank", "-pk")
        hits += [WordHit("article", pk, r) for pk, r in found.values_list("pk", "rank")[:limit]]
    if "document" in kinds:
        shown = own | Q(organization_id__in=public, document__is_public=True)
        passages = DocumentPassage.objects.filter(shown, search=query)
        best = passages.values("document").annotate(rank=Max(rank)).order_by("-rank", "-document")
        hits += [
            WordHit("document", pk, r) for pk, r in best.values_list("document", "rank")[:limit]
        ]
    hits.sort(key=lambda hit: (-hit.score, hit.kind, hit.object_id))
    return hits[:limit]


def _any_word(text: str) -> SearchQuery | None:
    """A query for any of the text's words: a whole sentence rarely matches word for word."""
    words = [
        word
        for word in _WORD.findall(text[:4_000].lower())
        if len(word) >= SHORTEST_WORD and fold(word) not in STOPWORDS
    ]
    if not words:
        return None
    chosen = [word for word, _ in Counter(words).most_common(MOST_WORDS)]
    query = SearchQuery(chosen[0], config="simple", search_type="plain")
    for word in chosen[1:]:
        query = query | SearchQuery(word, config="simple", search_type="plain")
    return query
