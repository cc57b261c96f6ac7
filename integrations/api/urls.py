"""Addresses that other systems call, below /api/v1/."""

from django.urls import path

from integrations.api import glpi, inbound, mcp, servicedesk_plus, sms

urlpatterns = [
    path("mcp/", mcp.McpView.as_view(), name="api-mcp"),
    path("webhooks/glpi/<str:channel>/", glpi.GlpiWebhook.as_view(), name="webhook-glpi"),
    path(
        "webhooks/servicedesk-plus/<str:channel>/",
        servicedesk_plus.ServiceDeskPlusWebhook.as_view(),
        name="webhook-servicedesk-plus",
    ),
    path(
        "webhooks/inbound/<str:channel>/",
        inbound.InboundWebhook.as_view(),
        name="webhook-inbound",
    ),
    path("webhooks/sms/<str:channel>/", sms.SmsWebhook.as_view(), name="webhook-sms"),
    path(
        "webhooks/sms/<str:channel>/status/",
        sms.SmsStatusWebhook.as_view(),
        name="webhook-sms-status",
    ),
]
