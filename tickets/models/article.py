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
from tickets.models.ticket import Ticket


class Article(TenantModel, TimestampedModel):
    """A knowledge article in one language; `body` is Markdown."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        REVIEW = "review", _("In review")
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
    is_open = models.BooleanField(
        _("shown without signing in"),
        default=False,
        help_text=_("On the organization's open page, where it has one."),
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The article that this one says in another language, and the version of it that it says.
    original = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="translations",
        verbose_name=_("translation of"),
    )  # fmt: skip
    original_version = models.PositiveIntegerField(_("version translated"), null=True, blank=True)
    # The solved ticket that it was written from.
    source = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("written from"),
    )  # fmt: skip
    opened_count = models.PositiveIntegerField(_("opened in the portal"), default=0)
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
            ),
            models.UniqueConstraint(
                fields=["original", "language"], name="tickets_article_language_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def visibility(self) -> str:
        """Who may read it once it is published: `public`, `requesters` or `agents`."""
        if not self.is_public:
            return "agents"
        return "public" if self.is_open else "requesters"


class ArticleVersion(TenantModel):
    """One version of an article as it was written; `state` says how far it came.

    A version above the article's own number is not published yet: while it is a draft or in
    review, readers keep the version before.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    state = models.CharField(
        _("state"), max_length=10, choices=Article.State.choices,
        default=Article.State.PUBLISHED.value,
    )  # fmt: skip
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"))
    summary = models.CharField(_("what changed"), max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("version of an article")
        verbose_name_plural = _("versions of articles")
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["article", "number"], name="tickets_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.article_id} {self.number}"


class ArticleFeedback(TenantModel):
    """Whether an article helped one person, about the version that they read."""

    class Reason(models.TextChoices):
        UNCLEAR = "unclear", _("I did not understand it")
        OUTDATED = "outdated", _("It is out of date")
        FAILED = "failed", _("The steps did not work")
        OTHER = "other", _("It is about something else")

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="feedback")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    helped = models.BooleanField(_("helped"))
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices, blank=True)
    comment = models.CharField(_("comment"), max_length=1000, blank=True)
    version = models.PositiveIntegerField(_("version"))
    created_at = models.DateTimeField(_("given"))

    class Meta:
        verbose_name = _("feedback on an article")
        verbose_name_plural = _("feedback on articles")
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["article", "person"], name="tickets_feedback_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.article_id}"
