"""The domain: tickets, messages, knowledge. Knows neither AI nor channels."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    """Tickets."""

    name = "tickets"
    verbose_name = _("Tickets")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the live-update handlers hear this app's events; the rest of the administration."""
        import_module("tickets.handlers")
        import_module("tickets.gatherers")
        import_module("tickets.context").load_plugins()
        import_module("tickets.admin_workflow")
        import_module("tickets.admin_rules")
        import_module("tickets.automation.kinds")
        import_module("tickets.automation.own_fields")
        import_module("tickets.admin_sla")
        import_module("tickets.admin_views")
        import_module("tickets.admin_portal")
        import_module("tickets.admin_forecast")
