"""Addresses that other systems call, below /api/v1/."""

from django.urls import path

from integrations.api import glpi, sms

urlpatterns = [
    path("webhooks/glpi/<str:channel>/", glpi.GlpiWebhook.as_view(), name="webhook-glpi"),
    path("webhooks/sms/<str:channel>/", sms.SmsWebhook.as_view(), name="webhook-sms"),
    path(
        "webhooks/sms/<str:channel>/status/",
        sms.SmsStatusWebhook.as_view(),
        name="webhook-sms-status",
    ),
]
