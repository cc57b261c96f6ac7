"""Paths under /api/v1/."""

from django.urls import path

from tickets.api.approvals import (
    AnswerView,
    ApprovalPoliciesView,
    AskedView,
    TicketApprovalsView,
)
from tickets.api.conversation import HistoryView, ResponsesView
from tickets.api.files import AttachmentContentView, AttachmentsView, AttachmentView
from tickets.api.forms import FieldsView, FormsView, FormView
from tickets.api.links import LinksView, LinkView, MergeView, SolveChildrenView, SplitView
from tickets.api.macros import MacroApplyView, MacrosView, MacroUndoView, MacroView
from tickets.api.notices import (
    NotificationSettingsView,
    NotificationsReadView,
    NotificationsView,
    WatchersView,
)
from tickets.api.ratings import RatingsView, TicketRatingView
from tickets.api.runbooks import RunbooksView, RunsView, RunView
from tickets.api.tickets import ReprocessView, RestoreView, TicketsView, TicketView
from tickets.api.work import ChecklistView, StepView, TimeEntryView, TimeView

urlpatterns = [
    path("approvals/", AskedView.as_view(), name="api-approvals"),
    path("approvals/<int:vote_id>/answer/", AnswerView.as_view(), name="api-approval-answer"),
    path(
        "tickets/<str:number>/approvals/",
        TicketApprovalsView.as_view(),
        name="api-ticket-approvals",
    ),
    path(
        "tickets/<str:number>/approval-policies/",
        ApprovalPoliciesView.as_view(),
        name="api-approval-policies",
    ),
    path("tickets/<str:number>/runbooks/", RunbooksView.as_view(), name="api-runbooks"),
    path("tickets/<str:number>/runbook-runs/", RunsView.as_view(), name="api-runs"),
    path("tickets/<str:number>/runbook-runs/<int:run_id>/", RunView.as_view(), name="api-run"),
    path("tickets/<str:number>/macros/", MacrosView.as_view(), name="api-macros"),
    path("tickets/<str:number>/macros/<int:macro_id>/", MacroView.as_view(), name="api-macro"),
    path(
        "tickets/<str:number>/macros/<int:macro_id>/apply/",
        MacroApplyView.as_view(),
        name="api-macro-apply",
    ),
    path(
        "tickets/<str:number>/macro-uses/<int:use_id>/undo/",
        MacroUndoView.as_view(),
        name="api-macro-undo",
    ),
    path("tickets/<str:number>/checklist/", ChecklistView.as_view(), name="api-checklist"),
    path("tickets/<str:number>/checklist/<int:item_id>/", StepView.as_view(), name="api-step"),
    path("tickets/<str:number>/time/", TimeView.as_view(), name="api-time"),
    path("tickets/<str:number>/time/<int:entry_id>/", TimeEntryView.as_view(), name="api-entry"),
    path("ratings/", RatingsView.as_view(), name="api-ratings"),
    path("tickets/<str:number>/rating/", TicketRatingView.as_view(), name="api-ticket-rating"),
    path("notifications/", NotificationsView.as_view(), name="api-notifications"),
    path("notifications/read/", NotificationsReadView.as_view(), name="api-notifications-read"),
    path(
        "notifications/settings/",
        NotificationSettingsView.as_view(),
        name="api-notification-settings",
    ),
    path("tickets/<str:number>/watchers/", WatchersView.as_view(), name="api-watchers"),
    path("fields/", FieldsView.as_view(), name="api-fields"),
    path("forms/", FormsView.as_view(), name="api-forms"),
    path("forms/<str:key>/", FormView.as_view(), name="api-form"),
    path("tickets/", TicketsView.as_view(), name="api-tickets"),
    # A number that is none is answered as a ticket that is not there, hence <str:>.
    path("tickets/<str:number>/", TicketView.as_view(), name="api-ticket"),
    path("tickets/<str:number>/restore/", RestoreView.as_view(), name="api-ticket-restore"),
    path("tickets/<str:number>/reprocess/", ReprocessView.as_view(), name="api-ticket-reprocess"),
    path("tickets/<str:number>/links/", LinksView.as_view(), name="api-links"),
    path("tickets/<str:number>/links/<int:link_id>/", LinkView.as_view(), name="api-link"),
    path("tickets/<str:number>/merge/", MergeView.as_view(), name="api-ticket-merge"),
    path("tickets/<str:number>/split/", SplitView.as_view(), name="api-ticket-split"),
    path(
        "tickets/<str:number>/solve-children/",
        SolveChildrenView.as_view(),
        name="api-ticket-children",
    ),
    path("tickets/<str:number>/responses/", ResponsesView.as_view(), name="api-responses"),
    path("tickets/<str:number>/history/", HistoryView.as_view(), name="api-history"),
    path("tickets/<str:number>/attachments/", AttachmentsView.as_view(), name="api-attachments"),
    path(
        "tickets/<str:number>/attachments/<int:attachment_id>/",
        AttachmentView.as_view(),
        name="api-attachment",
    ),
    path(
        "tickets/<str:number>/attachments/<int:attachment_id>/content/",
        AttachmentContentView.as_view(),
        name="api-attachment-content",
    ),
]
