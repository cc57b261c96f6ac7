"""Files of knowledge articles: adding them, taking them off."""

from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.actions.attach import NewFile, check_size, safe_name, sniff
from tickets.actions.base import InvalidChange
from tickets.models import Article, ArticleFile

MOST_FILES = 20


@transaction.atomic
def add_article_files(
    *, article: Article, user: User, files: Sequence[NewFile]
) -> list[ArticleFile]:
    """Put files beside an article. Raises `InvalidChange` before anything is written."""
    row = Article.objects.select_for_update().get(pk=article.pk)
    if not files:
        raise InvalidChange(_("Choose a file."), "files")
    for new in files:
        check_size(new.name, len(new.content))
    if row.files.count() + len(files) > MOST_FILES:
        words = _("An article may have at most %(limit)d files.") % {"limit": MOST_FILES}
        raise InvalidChange(words, "files")
    return [_kept(row, user, new) for new in files]


def _kept(article: Article, user: User, new: NewFile) -> ArticleFile:
    row = ArticleFile(
        organization_id=article.organization_id,
        article=article,
        name=safe_name(new.name),
        content_type=sniff(new.content),
        size=len(new.content),
        uploaded_by=user,
        created_at=now(),
    )
    row.file.save(row.name, ContentFile(new.content), save=False)
    row.save()
    return row


@transaction.atomic
def drop_article_file(*, article: Article, pk: int) -> None:
    """Take a file off an article; one that is gone stays gone."""
    row = article.files.filter(pk=pk).first()
    if row is None:
        return
    storage, name = row.file.storage, str(row.file.name)
    row.delete()
    transaction.on_commit(lambda: storage.delete(name), robust=True)
