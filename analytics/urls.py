"""Pages under /desk/insights/."""

from django.urls import path

from analytics import simulation_views, views

app_name = "analytics"
urlpatterns = [
    path("", views.insights, name="insights"),
    path("export.csv", views.export, name="export"),
    path("simulations/", simulation_views.simulations, name="simulations"),
    path("simulations/<int:pk>/", simulation_views.simulation, name="simulation"),
]
