"""Files that go with a knowledge article."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel
from tickets.models.article import Article


def article_file_path(row: "ArticleFile", filename: str) -> str:
    """Where a file is kept: by organization, under a name nobody can guess or collide with."""
    return f"articles/{row.organization_id}/{uuid.uuid4().hex}"


class ArticleFile(TenantModel):
    """A form, a picture, a manual: whoever reads the article may open it.

    It belongs to the article in all its versions. `content_type` is read from the bytes.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="files")
    file = models.FileField(_("file"), upload_to=article_file_path, max_length=300)
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("content type"), max_length=120)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("file of an article")
        verbose_name_plural = _("files of articles")
        ordering: ClassVar[list[str]] = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
