"""The kernel's Django app: imports no other app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Events, tenancy, the outbound door, idempotency."""

    name = "omnidesk.core"
    label = "core"
    verbose_name = _("Core")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our Celery application the current one in every process, before any task runs."""
        import_module("omnidesk.celery")
