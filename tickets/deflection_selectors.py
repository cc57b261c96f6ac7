"""What may solve a problem while somebody still describes it: known problems and articles."""

from typing import Any

from omnidesk.accounts.models import User
from omnidesk.core.text import render_markdown
from tickets.meaning import Meant, find_by_meaning
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
    """`problems`, `previews` (article, safe HTML) and whether meaning could be compared.

    Words come first; where they find too little, the ai-worker is asked within its bound. Without
    it the page says that only words were compared. Queries: 0 to 3.
    """
    problems = known_problems(user, words)
    found = list(search_articles(published_articles(user), words)[:MOST_ANSWERS])
    meant = Meant()
    if len(found) < MOST_ANSWERS and len(words) >= ENOUGH:
        meant = find_by_meaning(sorted(user.visible_organization_ids()), words, MOST_ANSWERS)
        found += _near(user, meant, found)
    previews = [(one, render_markdown(one.body[:PREVIEW])) for one in found[:MOST_ANSWERS]]
    return {"problems": problems, "previews": previews, "by_meaning": meant.available}


def _near(user: User, meant: Meant, found: list[Article]) -> list[Article]:
    ids = [one.object_id for one in meant.near if one.kind == "article"]
    rows = {row.pk: row for row in published_articles(user).filter(pk__in=ids)} if ids else {}
    known = {row.pk for row in found}
    return [rows[pk] for pk in ids if pk in rows and pk not in known]
