"""`manage.py up`."""

from typing import Any

from django.core.management.base import BaseCommand

from omnidesk.runtime import supervisor


class Command(BaseCommand):
    """Here so that `manage.py help` knows it; `manage.py` itself runs it without Django."""

    help = "Run OmniDesk: PostgreSQL, Valkey, web, workers, beat and the mail listener."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until asked to end."""
        raise SystemExit(supervisor.main())
