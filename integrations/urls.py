"""Pages of the channels, under /desk/channels/."""

from django.urls import path

from integrations import views

app_name = "integrations"
urlpatterns = [
    path("", views.channels, name="channels"),
    path("way/<int:number>/", views.way, name="way"),
    path("alerts/", views.alerts, name="alerts"),
    path("<int:channel_id>/<slug:verb>/", views.act, name="act"),
    path("answers/<int:message_id>/again/", views.again, name="again"),
]
