"""Create the installation's administrator on the first start."""

import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand

from omnidesk import env
from omnidesk.accounts.actions import add_member, create_organization
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope


class Command(BaseCommand):
    """Make sure one administrator exists; print a generated password exactly once."""

    help = "Create the administrator named by OMNIDESK_ADMIN_EMAIL if nobody administers yet."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the administrator unless there is one."""
        email = env.email("OMNIDESK_ADMIN_EMAIL", "admin@omnidesk.example").lower()
        if User.objects.filter(is_superuser=True).exists():
            self.stdout.write("An administrator exists already.")
            return
        given = env.secret("OMNIDESK_ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        user = User.objects.create_superuser(email, password, name="Administrator")
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        if not env.flag("OMNIDESK_DEMO", True) and not Organization.objects.exists():
            self._first_organization(user)
        shown = "the password you set" if given else password
        self.stdout.write(f"Administrator {email} created. Password: {shown}")

    def _first_organization(self, user: User) -> None:
        """Without the demo desk there must be something to work in, to be renamed at leisure."""
        with organization_scope(()):
            organization = create_organization(name="IT Service Desk", slug="desk")
            add_member(organization=organization, user=user, role=Role.ADMINISTRATOR)
        self.stdout.write(
            "Organization “IT Service Desk” created; rename it in the administration."
        )
