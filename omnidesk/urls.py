"""Every mount of the installation, on one screen."""

from django.contrib import admin
from django.urls import include, path

from analytics.metrics_view import MetricsView
from integrations.api.mcp import McpView

urlpatterns = [
    path("health/", include("omnidesk.health.urls")),
    path("metrics", MetricsView.as_view(schema=None), name="metrics"),
    path("metrics/", MetricsView.as_view(schema=None)),
    path("account/", include("omnidesk.accounts.urls")),
    path("api/v1/", include("omnidesk.api_urls")),
    # Where programs look for the Model Context Protocol first.
    path("mcp/", McpView.as_view(schema=None), name="mcp"),
    path("desk/ai/", include("ai.urls")),
    path("desk/incidents/", include("ai.incident_urls")),
    path("desk/proposals/", include("ai.proposal_urls")),
    path("desk/channels/", include("integrations.urls")),
    path("desk/insights/", include("analytics.urls")),
    path("desk/", include("tickets.urls.desk")),
    path("admin/", admin.site.urls),
    path("assistant/", include("ai.portal_urls")),
    path("notifications/phone/", include("integrations.phone_urls")),
    path("", include("tickets.urls.portal")),
]
