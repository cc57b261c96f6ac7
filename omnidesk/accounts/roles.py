"""Roles of a person in an organization, ordered; pure, no ORM."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a membership lets a person do; each role includes the ones before it."""

    REQUESTER = "requester", _("Requester")
    AGENT = "agent", _("Agent")
    LEAD = "lead", _("Lead")
    ADMINISTRATOR = "administrator", _("Administrator")


_RANK = {role.value: rank for rank, role in enumerate(Role)}
STAFF_ROLES = (Role.AGENT.value, Role.LEAD.value, Role.ADMINISTRATOR.value)


def at_least(role: str | None, needed: Role) -> bool:
    """Whether `role` (None: not a member) includes everything `needed` allows."""
    return role is not None and _RANK.get(role, -1) >= _RANK[needed.value]
