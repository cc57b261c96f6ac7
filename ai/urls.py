"""Pages under /desk/ai/."""

from django.urls import path

from ai.views import (
    assistant,
    autonomy,
    backtests,
    documents,
    ledger,
    panel,
    rebuilds,
    status,
    writing,
)

app_name = "ai"
urlpatterns = [
    path("", status.status, name="status"),
    path("train/", status.train, name="train"),
    path("ledger/<slug:slug>/", ledger.export, name="ledger"),
    path("calls/<int:number>/", ledger.calls, name="calls"),
    path("rollback/", status.rollback, name="rollback"),
    path("index/", rebuilds.index, name="index"),
    path("index/start/", rebuilds.start, name="index_start"),
    path("index/stop/", rebuilds.stop, name="index_stop"),
    path("autonomy/", autonomy.index, name="autonomy"),
    path("autonomy/switch/", autonomy.switch, name="autonomy_switch"),
    path("autonomy/<int:category_id>/", autonomy.category, name="autonomy_category"),
    path("autonomy/<int:category_id>/raise/", autonomy.rise, name="autonomy_raise"),
    path("autonomy/<int:category_id>/lower/", autonomy.fall, name="autonomy_lower"),
    path("automatic/<int:number>/stop/", autonomy.stop, name="automatic_stop"),
    path("backtests/", backtests.index, name="backtests"),
    path("backtests/start/", backtests.start, name="backtest_start"),
    path("backtests/<int:backtest_id>/", backtests.page, name="backtest"),
    path("documents/", documents.index, name="documents"),
    path("documents/<int:document_id>/", documents.document, name="document"),
    path("documents/<int:document_id>/file/", documents.original, name="document_file"),
    path("documents/<int:document_id>/change/", documents.change, name="document_change"),
    path("ask/<int:number>/", assistant.copilot, name="copilot"),
    path("summary/<int:number>/", writing.summary, name="summary"),
    path("translation/<int:number>/<int:message_id>/", writing.translation, name="translation"),
    path("rewriting/<int:number>/", writing.rewriting, name="rewriting"),
    path("panel/<int:number>/", panel.panel, name="panel"),
    path("panel/<int:number>/again/", panel.again, name="again"),
    path("panel/<int:number>/<int:pk>/accept/", panel.accept, name="accept"),
    path("panel/<int:number>/<int:pk>/correct/", panel.correct, name="correct"),
    path("panel/<int:number>/<int:pk>/reject/", panel.reject, name="reject"),
    path("panel/<int:number>/<int:pk>/use/", panel.use, name="use"),
    path("panel/<int:number>/<int:pk>/undo/", panel.undo, name="undo"),
]
