"""How an organization's desk is set up, read once and kept until it changes.

Menus, the navigation and the names on a page come from rows that change once a week and are read
at every page. They are kept in the cache under the organization's `configuration`, which the
database replaces in the transaction of every change (`omnidesk.core.configuration`): what is
found is never stale. Without a cache the database answers.
"""

import hashlib
import pickle
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache as once
from uuid import UUID

from django.core.cache import cache
from django.db.models import Model, QuerySet
from redis.exceptions import RedisError

from omnidesk.accounts.models import Organization, Team, TeamMembership, User
from omnidesk.accounts.roles import STAFF_ROLES
from omnidesk.core.tenancy import current_organizations
from tickets.fields import FieldRule
from tickets.models import (
    Category,
    ChecklistTemplate,
    CustomField,
    PendingReason,
    SavedView,
    Status,
    TicketType,
)

KEPT_SECONDS = 6 * 3600
_MODELS: tuple[type[Model], ...] = (
    Category, ChecklistTemplate, CustomField, PendingReason, SavedView, Status, Team, TicketType,
    User,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setup:
    """What tickets of one organization may be set to, in the order of the menus.

    Types, categories, teams, agents and checklists are the active ones; `types` come without
    their workflow, `agents` with name and address alone. `views` are everybody's: ask
    `tickets.view_selectors` for those of a person. `members` are pairs of team and person.
    """

    organization_id: int
    name: str
    statuses: tuple[Status, ...]
    reasons: tuple[PendingReason, ...]
    types: tuple[TicketType, ...]
    categories: tuple[Category, ...]
    teams: tuple[Team, ...]
    agents: tuple[User, ...]
    rules: tuple[FieldRule, ...]
    checklists: tuple[ChecklistTemplate, ...]
    views: tuple[SavedView, ...]
    members: frozenset[tuple[int, int]]


def setup_of(user: User, organization_id: int) -> Setup:
    """One organization's, for a person's request. Queries: 0; 11 after a change."""
    return setups(user, [organization_id])[0]


def desk_setups(user: User) -> list[Setup]:
    """Those of the organizations whose tickets a person works on, by id.

    Queries: 0; 11 for each that changed since it was read.
    """
    return setups(user, user.staffed_organization_ids())


def setups(user: User, organization_ids: Collection[int]) -> list[Setup]:
    """Setups by organization id, read once per instance of the person as their roles are.

    Queries: 0; 1 where a person sees organizations without belonging to them; 11 for each that
    changed since anybody read it.
    """
    known: dict[int, Setup] = user.memo.setdefault("setups", {})
    missing = sorted(set(organization_ids) - known.keys())
    if missing:
        # Those of the navigation as well: a page that asks for one asks for all of them soon.
        soon = {*missing, *user.staffed_organization_ids()} - known.keys()
        versions = {o: v for o, v in user.configurations().items() if o in soon}
        foreign = [o for o in missing if o not in versions]
        known |= _kept(versions | _versions(foreign))
        known |= {o: _read(o) for o in missing if o not in known}
    return [known[o] for o in sorted(organization_ids)]


def _versions(organization_ids: Collection[int]) -> dict[int, UUID]:
    if not organization_ids:
        return {}
    rows = Organization.objects.filter(pk__in=organization_ids)
    return dict(rows.values_list("pk", "configuration"))


def _kept(versions: Mapping[int, UUID]) -> dict[int, Setup]:
    """From the cache, the rest from the database into it.

    Only organizations of the running scope: what row security hides is neither answered from
    the cache nor kept there as empty.
    """
    scope = current_organizations()
    keys = {o: f"setup:{_shape()}:{o}:{v.hex}" for o, v in versions.items() if o in scope}
    try:
        stored = cache.get_many(keys.values())
    except (RedisError, OSError):
        return {}
    found = {o: pickle.loads(stored[key]) for o, key in keys.items() if key in stored}  # noqa: S301 - our own, from our own cache
    fresh = {o: _read(o) for o in keys if o not in found}
    if fresh:
        _keep({keys[o]: pickle.dumps(setup) for o, setup in fresh.items()})
    return found | fresh


def _keep(entries: dict[str, bytes]) -> None:
    try:
        cache.set_many(entries, KEPT_SECONDS)
    except (RedisError, OSError):
        # The next reader asks the database again.
        return


@once
def _shape() -> str:
    """Changes with the models' fields: a newer release does not read what an older one kept."""
    fields = [f"{m._meta.label}.{f.attname}" for m in _MODELS for f in m._meta.concrete_fields]
    names = [*fields, *Setup.__dataclass_fields__, *FieldRule.__dataclass_fields__]
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]


def _read(organization_id: int) -> Setup:
    """Queries: 11."""
    here = {"organization_id": organization_id}
    active = {**here, "is_active": True}
    names = Organization.objects.filter(pk=organization_id).values_list("name", flat=True)
    return Setup(
        organization_id=organization_id,
        name=names.first() or "",
        statuses=tuple(Status.objects.filter(**here)),
        reasons=tuple(PendingReason.objects.filter(**here)),
        types=tuple(TicketType.objects.filter(**active).defer("workflow")),
        categories=tuple(Category.objects.filter(**active)),
        teams=tuple(Team.objects.filter(**active)),
        agents=tuple(agents_of(organization_id).only("name", "email")),
        rules=tuple(f.rule for f in CustomField.objects.filter(**here)),
        checklists=tuple(ChecklistTemplate.objects.filter(**active)[:50]),
        views=tuple(SavedView.objects.filter(**here)),
        members=frozenset(TeamMembership.objects.filter(**here).values_list("team_id", "user_id")),
    )


def agents_of(organization_id: int) -> QuerySet[User]:
    """Active people who work tickets there. Queries: 1 when read."""
    return User.objects.filter(
        is_active=True,
        memberships__organization_id=organization_id,
        memberships__role__in=STAFF_ROLES,
    ).order_by("name")


def category_names(found: Iterable[Setup]) -> list[str]:
    """Names of categories for a filter's menu, each once. Queries: 0."""
    lists = [[category.name for category in setup.categories] for setup in found]
    if len(lists) == 1:
        return list(dict.fromkeys(lists[0]))
    return sorted({name for names in lists for name in names}, key=str.casefold)
