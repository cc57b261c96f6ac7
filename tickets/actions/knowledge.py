"""Writing knowledge articles."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import InvalidChange
from tickets.events import ArticleChanged
from tickets.models import Article, Category


@transaction.atomic
def save_article(
    *,
    organization_id: int,
    title: str,
    body: str,
    author: User | None,
    language: str = "en",
    category: Category | None = None,
    state: str = Article.State.PUBLISHED.value,
    slug: str = "",
    article: Article | None = None,
) -> Article:
    """Create an article, or give `article` new content and the next version.

    Raises `InvalidChange` for an empty title or text, or a short name already taken.
    """
    if not one_line(title):
        raise InvalidChange(_("Enter a title."), "title")
    if not body.strip():
        raise InvalidChange(_("Write the article's text."), "body")
    row = article or Article(organization_id=organization_id, author=author)
    row.title, row.body = one_line(title, 200), clean_text(body)
    row.language, row.category, row.state = language, category, state
    row.slug = slug or row.slug or slugify(title)[:110] or "article"
    if article is not None:
        row.version += 1
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise InvalidChange(_("Another article has this short name."), "slug") from None
    publish(ArticleChanged(organization_id=organization_id, article_id=row.pk))
    return row
