"""Whether an article helped, and how often it is read."""

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange
from tickets.models import Article, ArticleFeedback


@transaction.atomic
def say_whether_it_helped(
    *, article: Article, person: User, helped: bool, reason: str = "", comment: str = ""
) -> ArticleFeedback:
    """Keep one person's word about an article; a later one replaces it. Raises `InvalidChange`."""
    if reason and reason not in ArticleFeedback.Reason.values:
        raise InvalidChange(_("Choose one of the list."), "reason")
    row, _created = ArticleFeedback.objects.update_or_create(
        article=article,
        person=person,
        defaults={
            "organization_id": article.organization_id,
            "helped": helped,
            "reason": "" if helped else reason,
            "comment": "" if helped else one_line(comment, 1000),
            "version": article.version,
            "created_at": now(),
        },
    )
    return row


def count_opened(article: Article) -> None:
    """A requester opened it."""
    Article.objects.filter(pk=article.pk).update(opened_count=F("opened_count") + 1)
