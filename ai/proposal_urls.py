"""Pages under /desk/proposals/."""

from django.urls import path

from ai.views import proposals

app_name = "proposals"
urlpatterns = [
    path("", proposals.index, name="index"),
    path("look/", proposals.look, name="look"),
    path("<int:proposal_id>/", proposals.page, name="page"),
    path("<int:proposal_id>/edit/", proposals.edit, name="edit"),
    path("<int:proposal_id>/decide/", proposals.decide, name="decide"),
]
