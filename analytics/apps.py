"""Figures about the desk; a leaf that nobody imports."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    """Daily roll-ups and the insights page."""

    name = "analytics"
    verbose_name = _("Analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear the domain's events."""
        import_module("analytics.handlers")
