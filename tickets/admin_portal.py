"""The portal in the administration: status page, guests, versions and feedback of articles."""

from typing import ClassVar

from django.contrib import admin

from omnidesk.core.admin import ReadOnly, TenantAdmin, TenantInline
from tickets.admin_forms import BY_ORGANIZATION
from tickets.models import (
    ArticleFeedback,
    ArticleFile,
    ArticleVersion,
    GuestRequest,
    StatusFollower,
    StatusNotice,
    StatusUpdate,
)


class StatusUpdateInline(ReadOnly, TenantInline):
    """What was told, newest first."""

    model = StatusUpdate
    exclude = ("organization",)


@admin.register(StatusNotice)
class StatusNoticeAdmin(ReadOnly, TenantAdmin):
    """Notices of the status page; they are written at the desk, where followers are told."""

    list_display = (
        "title",
        "kind",
        "stage",
        "published_at",
        "starts_at",
        "ends_at",
        "organization",
    )
    list_filter = ("kind", "stage", ("published_at", admin.EmptyFieldListFilter), BY_ORGANIZATION)
    list_select_related = ("organization",)
    search_fields = ("title", "text", "affected")
    inlines: ClassVar = [StatusUpdateInline]


@admin.register(StatusFollower)
class StatusFollowerAdmin(ReadOnly, TenantAdmin):
    """Who said that a problem affects them."""

    list_display = ("notice", "user", "created_at", "organization")
    list_filter = (BY_ORGANIZATION, "created_at")
    list_select_related = ("notice", "user", "organization")
    search_fields = ("notice__title", "user__email", "user__name")


@admin.register(GuestRequest)
class GuestRequestAdmin(ReadOnly, TenantAdmin):
    """Requests without an account. What is not confirmed within a week is deleted."""

    list_display = ("subject", "email", "created_at", "mailed_at", "ticket", "organization")
    list_filter = (("ticket", admin.EmptyFieldListFilter), BY_ORGANIZATION, "created_at")
    list_select_related = ("ticket", "organization")
    search_fields = ("subject", "email", "name")


@admin.register(ArticleVersion)
class ArticleVersionAdmin(ReadOnly, TenantAdmin):
    """Every version of every article; restoring one happens at the desk."""

    list_display = ("article", "number", "state", "author", "created_at", "organization")
    list_filter = ("state", BY_ORGANIZATION, "created_at")
    list_select_related = ("article", "author", "organization")
    search_fields = ("title", "article__slug", "author__email")


@admin.register(ArticleFile)
class ArticleFileAdmin(ReadOnly, TenantAdmin):
    """Files of articles; they are added and taken off at the desk."""

    list_display = ("name", "article", "content_type", "size", "uploaded_by", "organization")
    list_filter = ("content_type", BY_ORGANIZATION)
    list_select_related = ("article", "uploaded_by", "organization")
    search_fields = ("name", "article__title")
    exclude = ("file",)


@admin.register(ArticleFeedback)
class ArticleFeedbackAdmin(ReadOnly, TenantAdmin):
    """What readers said about articles."""

    list_display = ("article", "helped", "reason", "version", "created_at", "organization")
    list_filter = ("helped", "reason", BY_ORGANIZATION, "created_at")
    list_select_related = ("article", "organization")
    search_fields = ("article__title", "comment")
