"""Pages under /desk/insights/."""

from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("", views.insights, name="insights"),
    path("export.csv", views.export, name="export"),
]
