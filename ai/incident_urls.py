"""Pages under /desk/incidents/."""

from django.urls import path

from ai.views import incidents

app_name = "incidents"
urlpatterns = [
    path("", incidents.index, name="index"),
    path("strip/", incidents.strip, name="strip"),
    path("<int:surge_id>/", incidents.page, name="page"),
    path("<int:surge_id>/declare/", incidents.declare, name="declare"),
    path("<int:surge_id>/dismiss/", incidents.dismiss, name="dismiss"),
    path("<int:surge_id>/add/", incidents.add, name="add"),
    path("<int:surge_id>/ask/", incidents.ask, name="ask"),
    path("<int:surge_id>/update/", incidents.update, name="update"),
    path("<int:surge_id>/show/", incidents.show, name="show"),
    path("<int:surge_id>/member/<int:member_id>/", incidents.member, name="member"),
]
