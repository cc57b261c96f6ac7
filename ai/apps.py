"""The brain's Django side: enrichments, suggestions, the model's ledger."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AiConfig(AppConfig):
    """AI."""

    name = "ai"
    verbose_name = _("AI")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear the domain's events and the worker's start."""
        import_module("ai.handlers")
        import_module("ai.automatic_handlers")
        import_module("ai.gatherers")
        import_module("ai.meaning")
        import_module("ai.rule_kind")
        import_module("ai.toolbox")
        import_module("ai.send_doubts")
        import_module("ai.waiting")
        import_module("ai.worker")
