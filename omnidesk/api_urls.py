"""Everything under /api/v1/."""

from django.urls import include, path

from omnidesk.core.api.docs import DocsView, SchemaView

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
    path("", include("omnidesk.accounts.api.urls")),
    path("", include("tickets.api.urls")),
    path("", include("ai.api.urls")),
    path("", include("integrations.api.urls")),
]
