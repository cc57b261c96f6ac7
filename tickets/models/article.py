"""Knowledge articles."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models.catalog import Category


class Article(TenantModel, TimestampedModel):
    """A knowledge article in one language; `body` is Markdown."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("short name"), max_length=120)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=8, default="en")
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="articles"
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.DRAFT.value
    )
    is_public = models.BooleanField(_("shown in the portal"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="simple")
        + SearchVector(Left("body", 50_000), weight="B", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("knowledge article")
        verbose_name_plural = _("knowledge articles")
        ordering: ClassVar[list[str]] = ["title"]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="tickets_article_search")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "slug"], name="tickets_article_slug_once"
            )
        ]

    def __str__(self) -> str:
        return self.title
