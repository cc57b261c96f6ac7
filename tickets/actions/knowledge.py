"""Writing knowledge articles: versions, review, publishing, restoring, translations."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import InvalidChange
from tickets.events import ArticleChanged
from tickets.models import Article, ArticleVersion, Category, DeskSettings, Ticket

PENDING = (Article.State.DRAFT.value, Article.State.REVIEW.value)
VISIBILITIES = {"public": (True, True), "requesters": (True, False), "agents": (False, False)}


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
    visibility: str = "",
    summary: str = "",
    original: Article | None = None,
    source: Ticket | None = None,
) -> Article:
    """Create an article, or give `article` new content and the next version.

    Raises `InvalidChange` for an empty title or text, a short name already taken, a second
    translation into one language, and for publishing where somebody else has to.
    """
    _check(title, body)
    if state == Article.State.PUBLISHED:
        _refuse_own(organization_id, author)
    row = article or Article(organization_id=organization_id, author=author, source=source)
    if article is not None:
        _keep_present(article)
    row.title, row.body = one_line(title, 200), clean_text(body)
    row.language, row.category, row.state = language, category, state
    row.slug = slug or row.slug or _free_slug(organization_id, title, language, original)
    if visibility in VISIBILITIES:
        row.is_public, row.is_open = VISIBILITIES[visibility]
    row.is_open = row.is_open and row.is_public
    if original is not None:
        row.original, row.original_version = original, original.version
    if article is not None:
        row.version += 1
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "tickets_article_language_once" in str(error):
            words = _("This article has a text in this language already.")
            raise InvalidChange(words, "language") from None
        raise InvalidChange(_("Another article has this short name."), "slug") from None
    _write(row, row.version, state, row.title, row.body, author, summary)
    row.versions.filter(number__gt=row.version).delete()
    publish(ArticleChanged(organization_id=organization_id, article_id=row.pk))
    return row


@transaction.atomic
def propose_version(
    *, article: Article, title: str, body: str, author: User, state: str, summary: str = ""
) -> ArticleVersion:
    """Write the next version beside a published article: readers keep the present one.

    `state` is draft or review. Raises `InvalidChange`.
    """
    if state not in PENDING:
        raise InvalidChange(_("Choose one of the list."), "state")
    _check(title, body)
    row = _locked(article)
    _keep_present(row)
    return _write(
        row, row.version + 1, state, one_line(title, 200), clean_text(body), author, summary
    )


@transaction.atomic
def publish_version(*, article: Article, by: User) -> Article:
    """Show what waits as a draft or in review to readers. Raises `InvalidChange`."""
    row = _locked(article)
    waiting = pending_version(row)
    if waiting is None:
        raise InvalidChange(_("Nothing waits to be published."))
    _refuse_own(row.organization_id, by, writer_id=waiting.author_id)
    row.title, row.body, row.version = waiting.title, waiting.body, waiting.number
    row.state = Article.State.PUBLISHED.value
    row.save()
    waiting.state = Article.State.PUBLISHED.value
    waiting.save(update_fields=["state"])
    publish(ArticleChanged(organization_id=row.organization_id, article_id=row.pk))
    return row


@transaction.atomic
def send_to_review(*, article: Article) -> ArticleVersion:
    """Ask colleagues to read what waits. Raises `InvalidChange`."""
    row = _locked(article)
    waiting = pending_version(row)
    if waiting is None:
        raise InvalidChange(_("Nothing waits to be published."))
    waiting.state = Article.State.REVIEW.value
    waiting.save(update_fields=["state"])
    if waiting.number == row.version:
        row.state = Article.State.REVIEW.value
        row.save(update_fields=["state", "updated_at"])
    return waiting


@transaction.atomic
def drop_version(*, article: Article) -> None:
    """Throw away what waits beside a published article; the published text stays."""
    row = _locked(article)
    row.versions.filter(number__gt=row.version).delete()


@transaction.atomic
def restore_version(*, article: Article, number: int, by: User) -> Article:
    """Give the article the text that an earlier version had, as its next version."""
    row = _locked(article)
    old = row.versions.filter(number=number).first()
    if old is None:
        raise InvalidChange(_("There is no such version."))
    return save_article(
        organization_id=row.organization_id,
        title=old.title,
        body=old.body,
        author=by,
        language=row.language,
        category=row.category,
        state=row.state,
        article=row,
        summary=_("Version %(number)d restored") % {"number": number},
    )


def pending_version(article: Article) -> ArticleVersion | None:
    """What waits to be published: beside a published text, or the article itself. Queries: 1."""
    waiting = article.versions.filter(number__gte=article.version, state__in=PENDING)
    return waiting.order_by("-number").first()


def _check(title: str, body: str) -> None:
    if not one_line(title):
        raise InvalidChange(_("Enter a title."), "title")
    if not body.strip():
        raise InvalidChange(_("Write the article's text."), "body")


def _refuse_own(organization_id: int, by: User | None, writer_id: int | None = None) -> None:
    """Where articles are reviewed, whoever wrote a version does not publish it."""
    if by is None or (writer_id is not None and writer_id != by.pk):
        return
    rules = DeskSettings.objects.filter(organization_id=organization_id, reviews_articles=True)
    if rules.exists():
        words = _("A colleague publishes what you write. Send it to review.")
        raise InvalidChange(words, "state")


def _locked(article: Article) -> Article:
    return Article.objects.select_for_update().get(pk=article.pk)


def _keep_present(article: Article) -> None:
    """Articles older than their history get its first entry before they change."""
    stored = Article.objects.select_for_update().get(pk=article.pk)
    if not stored.versions.filter(number=stored.version).exists():
        _write(stored, stored.version, stored.state, stored.title, stored.body, stored.author, "")


def _write(
    row: Article, number: int, state: str, title: str, body: str, author: User | None, summary: str
) -> ArticleVersion:
    version, _created = ArticleVersion.objects.update_or_create(
        article=row,
        number=number,
        defaults={
            "organization_id": row.organization_id,
            "state": state,
            "title": title,
            "body": body,
            "author": author,
            "summary": one_line(summary, 200),
            "created_at": now(),
        },
    )
    return version


def _free_slug(organization_id: int, title: str, language: str, original: Article | None) -> str:
    """From the title; a translation's carries its language, so that both keep a short name."""
    slug = slugify(title)[:100] or "article"
    taken = Article.objects.filter(organization_id=organization_id, slug=slug).exists()
    return f"{slug}-{language}" if original is not None and taken else slug
