"""The requesters' pages."""

from django.urls import path
from django.views.i18n import set_language

from tickets.views import (
    approvals,
    desk_frame,
    files,
    install,
    notifications,
    open_pages,
    portal_forms,
    portal_home,
    portal_knowledge,
    portal_new,
    portal_rating,
    portal_status,
    portal_ticket,
    portal_tickets,
)

app_name = "portal"
urlpatterns = [
    path("", portal_home.home, name="home"),
    path("manifest.webmanifest", install.manifest, name="manifest"),
    path("sw.js", install.worker, name="worker"),
    path("offline/", install.offline, name="offline"),
    path("language/", set_language, name="language"),
    path("me/theme/", desk_frame.theme, name="theme"),
    path("new/", portal_new.new, name="new"),
    path("new/answers/", portal_new.answers, name="answers"),
    path("new/answers/near/", portal_new.near, name="answers_near"),
    path("new/<slug:key>/", portal_forms.form, name="form"),
    path("tickets/", portal_tickets.tickets, name="tickets"),
    path("tickets/<int:number>/", portal_ticket.ticket, name="ticket"),
    path("tickets/<int:number>/rate/", portal_rating.on_page, name="rate"),
    path("rate/<str:token>/", portal_rating.by_link, name="rate_link"),
    path("tickets/<int:number>/answer/", portal_ticket.answer, name="answer"),
    path("tickets/<int:number>/solved/", portal_ticket.solved, name="solved"),
    path("status/", portal_status.status, name="status"),
    path("status/<int:pk>/follow/", portal_status.follow, name="follow"),
    path("help/<slug:place>/", open_pages.home, name="open"),
    path("help/<slug:place>/new/", open_pages.ask, name="guest_new"),
    path("help/<slug:place>/kb/<slug:slug>/", open_pages.article, name="open_article"),
    path("request/<str:token>/", open_pages.by_link, name="guest_link"),
    path("kb/<slug:slug>/feedback/", portal_knowledge.feedback, name="kb_feedback"),
    path("kb/", portal_knowledge.index, name="kb"),
    path("kb/<slug:slug>/", portal_knowledge.article, name="kb_article"),
    path("files/<int:attachment_id>/", files.download, name="file"),
    path("approvals/", approvals.index, name="approvals"),
    path("approvals/<int:vote_id>/", approvals.decide, name="approval"),
    path("approve/<str:token>/", approvals.by_link, name="approval_link"),
    path("notifications/", notifications.index, name="notifications"),
    path("notifications/bell/", notifications.bell, name="bell"),
    path("notifications/read/", notifications.read, name="notifications_read"),
    path("notifications/settings/", notifications.wishes, name="notification_settings"),
    path("notifications/<int:pk>/", notifications.follow_link, name="notification"),
]
