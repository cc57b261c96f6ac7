"""Pages of the channels, under /desk/channels/."""

from django.urls import path

from integrations import link_views, sending_views, views, why_views

app_name = "integrations"
urlpatterns = [
    path("", views.channels, name="channels"),
    path("way/<int:number>/", views.way, name="way"),
    path("alerts/", views.alerts, name="alerts"),
    path("links/", link_views.links, name="links"),
    path("links/<int:link_id>/look/", link_views.look, name="look"),
    path("tickets/<int:number>/", link_views.elsewhere, name="elsewhere"),
    path("tickets/<int:number>/to/<int:channel_id>/", link_views.pass_ticket, name="pass-on"),
    path("conflicts/<int:conflict_id>/<slug:keep>/", link_views.decide, name="decide"),
    path("mails/<int:message_id>/", why_views.why, name="why"),
    path("mails/<int:message_id>/original.eml", why_views.original, name="original"),
    path("mails/<int:message_id>/move/", why_views.move, name="move"),
    path("mails/moves/<int:rethreading_id>/undo/", why_views.undo, name="move-undo"),
    path("<int:channel_id>/<slug:verb>/", views.act, name="act"),
    path("answers/<int:message_id>/", sending_views.sending, name="sending"),
    path("answers/<int:message_id>/again/", views.again, name="again"),
]
