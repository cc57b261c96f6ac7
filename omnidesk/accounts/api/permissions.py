"""Roles as REST framework permissions."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from omnidesk.accounts.models import User


class IsAdministrator(BasePermission):
    """An administrator of any organization, or of the installation."""

    message = _("Only an administrator can do this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller administers something."""
        user = request.user
        return isinstance(user, User) and (
            user.is_superuser or bool(user.administered_organization_ids())
        )
