"""Our answers to allauth's questions."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from omnidesk.accounts.models import Membership, Organization, User
from omnidesk.core.tenancy import organization_scope


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up by switch; agents land on the desk; a confirmed domain joins its organization."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether strangers may create an account."""
        return bool(settings.ALLOW_SIGN_UP)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The desk for agents, the portal for everyone else."""
        user = request.user
        if isinstance(user, User) and _works_at_a_desk(user.pk):
            return reverse("desk:home")
        return reverse("portal:home")

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Join the organizations that own the confirmed address's domain."""
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            join_by_domain(email_address.user, email_address.email)
        return confirmed


def _works_at_a_desk(user_id: int) -> bool:
    # The request that signs somebody in began without them: its scope sees no membership yet.
    with organization_scope((), user_id=user_id):
        return User.objects.get(pk=user_id).is_agent


def join_by_domain(user: User, email: str) -> None:
    """Make `user` a requester of every active organization that owns the address's domain."""

    domain = email.rpartition("@")[2].lower()
    for organization in Organization.objects.filter(domains__contains=[domain], is_active=True):
        with organization_scope(organization.pk):
            Membership.objects.get_or_create(organization=organization, user=user)
