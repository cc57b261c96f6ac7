"""Paths under /api/v1/."""

from django.urls import path

from ai.api.documents import DocumentsView, DocumentView
from ai.api.incidents import (
    DeclareView,
    DismissView,
    IncidentsView,
    IncidentUpdateView,
    IncidentView,
)
from ai.api.jobs import JobsView, JobView
from ai.api.models import ModelsStatusView, TrainingView, TrainView
from ai.api.proposals import (
    ProposalsView,
    ProposalView,
    PublishProposalView,
    RejectProposalView,
)
from ai.api.rag import ChatView, GenerateView, HealthView, RetrieveView, SolutionView
from ai.api.search import SearchView, SimilarView
from ai.api.texts import AnalyzeView, ClassifyView, EmbeddingsView
from ai.api.writing import SummaryView, TranslationsView

urlpatterns = [
    path("tickets/<str:number>/similar/", SimilarView.as_view(), name="api-ticket-similar"),
    path("analyze/", AnalyzeView.as_view(), name="api-analyze"),
    path("ai/classify/", ClassifyView.as_view(), name="api-ai-classify"),
    path("ai/search-similar/", SearchView.as_view(), name="api-ai-search"),
    path("ai/embeddings/batch/", EmbeddingsView.as_view(), name="api-ai-embeddings"),
    path("ai/models/status/", ModelsStatusView.as_view(), name="api-ai-models"),
    path("ai/generate-response/", GenerateView.as_view(), name="api-ai-generate"),
    path("rag/retrieve/", RetrieveView.as_view(), name="api-rag-retrieve"),
    path("rag/solution/", SolutionView.as_view(), name="api-rag-solution"),
    path("rag/chat/", ChatView.as_view(), name="api-rag-chat"),
    path("rag/health/", HealthView.as_view(), name="api-rag-health"),
    path("documents/", DocumentsView.as_view(), name="api-documents"),
    path("documents/<int:document_id>/", DocumentView.as_view(), name="api-document"),
    path("ai/train/", TrainView.as_view(), name="api-ai-train"),
    path("ai/train/<int:training_id>/", TrainingView.as_view(), name="api-ai-training"),
    path("ai/tasks/", JobsView.as_view(), name="api-ai-tasks"),
    path("ai/tasks/<int:job_id>/", JobView.as_view(), name="api-ai-task"),
    path("tickets/<str:number>/summary/", SummaryView.as_view(), name="api-ticket-summary"),
    path(
        "tickets/<str:number>/translations/",
        TranslationsView.as_view(),
        name="api-ticket-translations",
    ),
    path("proposals/", ProposalsView.as_view(), name="api-proposals"),
    path("proposals/<int:proposal_id>/", ProposalView.as_view(), name="api-proposal"),
    path(
        "proposals/<int:proposal_id>/publish/",
        PublishProposalView.as_view(),
        name="api-proposal-publish",
    ),
    path(
        "proposals/<int:proposal_id>/reject/",
        RejectProposalView.as_view(),
        name="api-proposal-reject",
    ),
    path("incidents/", IncidentsView.as_view(), name="api-incidents"),
    path("incidents/<int:incident_id>/", IncidentView.as_view(), name="api-incident"),
    path("incidents/<int:incident_id>/declare/", DeclareView.as_view(), name="api-declare"),
    path("incidents/<int:incident_id>/dismiss/", DismissView.as_view(), name="api-dismiss"),
    path(
        "incidents/<int:incident_id>/updates/",
        IncidentUpdateView.as_view(),
        name="api-incident-updates",
    ),
]
