"""/health/."""

from django.urls import path

from omnidesk.health import views

urlpatterns = [
    path("", views.ready, name="health"),
    path("live", views.live, name="health-live"),
    path("ready", views.ready, name="health-ready"),
]
