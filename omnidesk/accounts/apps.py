"""People and organizations."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, organizations, memberships, teams."""

    name = "omnidesk.accounts"
    label = "accounts"
    verbose_name = _("People and organizations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Sessions that begin count as seen."""
        import_module("omnidesk.accounts.seen")
