"""Channels: how tickets come in and answers go out."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    """Channels, receipts, deliveries."""

    name = "integrations"
    verbose_name = _("Channels")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear the domain's events."""
        import_module("integrations.handlers")
        import_module("integrations.gatherers")
        import_module("integrations.automatic")
        import_module("integrations.rule_kind")
        import_module("integrations.notice_media")
        import_module("integrations.numbers")
