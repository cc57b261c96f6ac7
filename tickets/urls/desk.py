"""The agents' pages under /desk/."""

from django.urls import path

from tickets.views import (
    desk_actions,
    desk_fields,
    desk_frame,
    desk_knowledge,
    desk_links,
    desk_list,
    desk_macros,
    desk_merge,
    desk_new,
    desk_search,
    desk_side,
    desk_ticket,
    desk_times,
    desk_work,
    gallery,
)

app_name = "desk"
urlpatterns = [
    path("", desk_frame.home, name="home"),
    path("nav/", desk_frame.nav, name="nav"),
    path("more/", desk_frame.more, name="more"),
    path("me/theme/", desk_frame.theme, name="theme"),
    path("me/availability/", desk_work.availability, name="availability"),
    path("claim/", desk_work.claim, name="claim"),
    path("new/", desk_new.new, name="new"),
    path("search/", desk_search.search, name="search"),
    path("_components/", gallery.components, name="components"),
    path("bulk/", desk_actions.bulk, name="bulk"),
    path("kb/", desk_knowledge.index, name="kb"),
    path("kb/new/", desk_knowledge.edit, name="kb_new"),
    path("kb/<slug:slug>/", desk_knowledge.article, name="kb_article"),
    path("kb/<slug:slug>/edit/", desk_knowledge.edit, name="kb_edit"),
    path("v/<slug:view>/", desk_list.view, name="view"),
    path("v/<slug:view>/<int:number>/", desk_ticket.in_view, name="view_ticket"),
    path("t/<int:number>/", desk_ticket.direct, name="ticket"),
    path("t/<int:number>/part/<slug:part>/", desk_ticket.part, name="ticket_part"),
    path("t/<int:number>/times/", desk_times.times, name="times"),
    path("t/<int:number>/side/", desk_side.side, name="side"),
    path("t/<int:number>/follow/", desk_side.follow_ticket, name="follow"),
    path("t/<int:number>/approvals/", desk_side.ask, name="approval_ask"),
    path(
        "t/<int:number>/approvals/<int:pk>/withdraw/", desk_side.withdraw, name="approval_withdraw"
    ),
    path("t/<int:number>/macros/", desk_macros.picker, name="macros"),
    path("t/<int:number>/macros/<int:pk>/", desk_macros.preview, name="macro"),
    path("t/<int:number>/macros/undo/<int:pk>/", desk_macros.undo, name="macro_undo"),
    path("t/<int:number>/message/", desk_actions.message, name="message"),
    path("t/<int:number>/fields/", desk_fields.edit, name="fields"),
    path("t/<int:number>/links/", desk_links.panel, name="links"),
    path("t/<int:number>/link/", desk_links.link, name="link"),
    path("t/<int:number>/unlink/<int:link_id>/", desk_links.unlink, name="unlink"),
    path("t/<int:number>/children/", desk_links.children, name="children"),
    path("t/<int:number>/merge/", desk_merge.merge, name="merge"),
    path("t/<int:number>/unmerge/", desk_merge.unmerge, name="unmerge"),
    path("t/<int:number>/split/<int:message_id>/", desk_merge.split, name="split"),
    path("t/<int:number>/set/<slug:field>/", desk_actions.set_field, name="set"),
]
