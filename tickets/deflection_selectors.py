"""What may solve a problem while somebody still describes it: known problems and articles."""

from collections.abc import Sequence
from typing import Any

from omnidesk.accounts.models import User
from omnidesk.core.text import render_markdown
from tickets.meaning import find_by_meaning
from tickets.models import Article
from tickets.portal_selectors import published_articles, search_articles
from tickets.status_selectors import known_problems

MOST_ANSWERS = 3
PREVIEW = 600
LONGEST = 600
# Fewer words mean anything.
ENOUGH = 12


def words_of_form(given: Any) -> str:
    """Everything that was typed into a request form, its own fields included."""
    texts = [str(value) for key, value in given.items() if key not in ("token", "q")]
    return " ".join(" ".join(texts).replace("\x00", "").split())[:LONGEST]


def deflection(user: User, words: str) -> dict[str, Any]:
    """`problems`, `previews` (article, safe HTML), and whether to ask by meaning as well: `asks`.

    Queries: 0 to 2.
    """
    found = list(search_articles(published_articles(user), words)[:MOST_ANSWERS])
    return {
        "problems": known_problems(user, words),
        "previews": _previews(found),
        "asks": words if len(found) < MOST_ANSWERS and len(words) >= ENOUGH else "",
    }


def near_answers(user: User, words: str) -> dict[str, Any]:
    """Articles close in meaning that do not share the words: `previews`, and `by_meaning`.

    Asked apart, because the ai-worker may be busy or away: words never wait for it. Queries: 2.
    """
    meant = find_by_meaning(sorted(user.visible_organization_ids()), words, MOST_ANSWERS)
    shown = search_articles(published_articles(user), words)[:MOST_ANSWERS]
    known = set(shown.values_list("pk", flat=True)) if meant.near else set()
    ids = [n.object_id for n in meant.near if n.kind == "article" and n.object_id not in known]
    rows = {row.pk: row for row in published_articles(user).filter(pk__in=ids)} if ids else {}
    near = [rows[pk] for pk in ids if pk in rows]
    return {"previews": _previews(near), "by_meaning": meant.available}


def _previews(found: Sequence[Article]) -> list[tuple[Article, str]]:
    return [(one, render_markdown(one.body[:PREVIEW])) for one in found]
