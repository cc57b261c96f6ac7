"""Permissions of the administration from roles: an organization's administrator manages it.

Which rows they reach is row-level security's business; this decides only which models.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role, at_least

# What an organization's administrator may work with in Django admin.
MANAGED_APPS = frozenset({"tickets", "ai", "integrations", "analytics"})
MANAGED_MODELS = frozenset({"membership", "team", "teammembership"})


class RolePermissionBackend(ModelBackend):
    """Django's own permissions, plus those that come with the administrator role."""

    def authenticate(self, *args: Any, **kwargs: Any) -> None:
        """Nobody signs in here: allauth's backend checks passwords, with its rate limits."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether `perm` (`app.verb_model`) is granted by a role or by Django's own tables."""
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        app, _, codename = perm.partition(".")
        model = codename.rpartition("_")[2]
        managed = app in MANAGED_APPS or (app == "accounts" and model in MANAGED_MODELS)
        if managed and _administers_something(user_obj):
            return True
        return super().has_perm(user_obj, perm, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the app appears in the administration's menu."""
        if isinstance(user_obj, User) and app_label in MANAGED_APPS | {"accounts"}:
            return _administers_something(user_obj)
        return super().has_module_perms(user_obj, app_label)


def _administers_something(user: User) -> bool:
    return any(at_least(role, Role.ADMINISTRATOR) for role in user.roles().values())
