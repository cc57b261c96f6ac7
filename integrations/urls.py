"""Pages of the channels, under /desk/channels/."""

from django.urls import path

from integrations import views

app_name = "integrations"
urlpatterns = [path("answers/<int:message_id>/again/", views.again, name="again")]
