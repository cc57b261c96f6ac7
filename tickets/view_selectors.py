"""The views of a person's rail: the standing ones, the desk's, their teams' and their own."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Count, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.tenancy import current_organizations
from tickets.access import desk_tickets
from tickets.choices import StatusCategory
from tickets.conditions import Condition, ConditionError, Group, Leaf, Op, parse
from tickets.counting import kept_counts
from tickets.filters.compiling import Reader, compiled
from tickets.filters.fields import ME, FilterFields, filter_fields
from tickets.models import Mention, SavedView
from tickets.setup_selectors import Setup, desk_setups

UNSETTLED = (StatusCategory.OPEN.value, StatusCategory.PENDING.value)
NOTHING = Q(pk__in=[])
# Of a list so many tickets are counted; beyond, the page says "more than".
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """A named list of tickets in the left rail: `key` stands in the URL.

    `base` always holds. `stored` is a saved view's own condition, which a filter in the URL
    replaces; a standing view has none, a filter narrows it. `data` is the whole in the language.
    """

    key: str
    name: Any
    icon: str
    group: str
    base: Q
    condition: Q
    data: dict[str, Any]
    stored: dict[str, Any] | None = None
    saved: SavedView | None = None
    counted: bool = True


class Label(NamedTuple):
    """A view as the navigation shows it."""

    key: str
    name: Any
    icon: str
    group: str


class _Known(NamedTuple):
    label: Label
    make: Callable[[], View]


def fields_for(user: User) -> FilterFields:
    """What this person's lists may be filtered by. Queries: 0."""
    found: FilterFields | None = user.memo.get("filter_fields")
    if found is None:
        found = user.memo["filter_fields"] = _fields_of(user)
    return found


# Words and choices of whole desks in one language: nothing of a person, and nothing that changes.
_fields: OrderedDict[tuple[object, ...], FilterFields] = OrderedDict()
_MOST_FIELDS = 64


def _fields_of(user: User) -> FilterFields:
    versions = user.configurations()
    own = sorted(user.staffed_organization_ids())
    key = (get_language(), *((o, versions.get(o)) for o in own))
    found = _fields.get(key)
    if found is None:
        found = filter_fields(desk_setups(user))
        # What row security hides must not be kept as empty.
        if versions.keys() & current_organizations() >= set(own):
            _fields[key] = found
            while len(_fields) > _MOST_FIELDS:
                _fields.popitem(last=False)
    return found


def reader_of(user: User) -> Reader:
    """Whose eyes a condition is asked with. Queries: 0."""
    teams = frozenset(
        team for setup in desk_setups(user) for team, member in setup.members if member == user.pk
    )
    return Reader(user.pk, teams, now())


def _asked(name: str, op: str, value: Any = None) -> dict[str, Any]:
    question = {"field": name, "op": op}
    return question if value is None else {**question, "value": value}


_OPEN = _asked("status_category", "is", StatusCategory.OPEN.value)
_UNSETTLED = _asked("status_category", "one_of", list(UNSETTLED))
_STANDING: tuple[tuple[str, Any, str, list[dict[str, Any]], str], ...] = (
    ("mine", _("Assigned to me"), "person", [_asked("assignee", "is", ME), _UNSETTLED], "top"),
    ("mentions", _("Mentions"), "at", [_UNSETTLED], "top"),
    ("snoozed", _("Snoozed"), "moon", [], "top"),
    ("open", pgettext_lazy("view", "Open"), "inbox", [_OPEN], "views"),
    ("breaching", _("Breaching soon"), "clock", [_asked("due", "less", "+1h"), _UNSETTLED],
     "views"),
    ("unassigned", _("Unassigned"), "people", [_OPEN, _asked("assignee", "empty")], "views"),
    ("pending", _("Waiting"), "pause",
     [_asked("status_category", "is", StatusCategory.PENDING.value)], "views"),
    ("solved", _("Solved"), "check",
     [_asked("status_category", "is", StatusCategory.SOLVED.value)], "views"),
    ("all", _("All tickets"), "list", [], "views"),
)  # fmt: skip
_NOT_COUNTED = {"all", "solved"}
# Work that waits for nobody: a snoozed ticket is not in these.
_AWAKE = {"mine", "open", "unassigned"}


def _apart(key: str, user_id: int) -> Q:
    """What a standing view asks beside the language of filters."""
    if key in _AWAKE or key.startswith("team-"):
        return Q(snoozed_at=None)
    if key == "mentions":
        return Q(pk__in=Mention.objects.filter(user=user_id).values("message__ticket"))
    if key == "snoozed":
        # One's own, and what is theirs while somebody else put it to sleep.
        mine = Q(snoozed_by=user_id) | Q(assignee=user_id)
        return Q(snoozed_at__isnull=False) & mine
    return Q()


def desk_views(user: User) -> list[View]:
    """The views of an agent: standing, shared, their own, one per team. Queries: 0."""
    found: list[View] | None = user.memo.get("desk_views")
    if found is None:
        found = user.memo["desk_views"] = [one.make() for one in _known(user).values()]
    return found


def desk_view(user: User, key: str) -> View | None:
    """The agent's view called `key`. Queries: 0."""
    one = _known(user).get(key)
    return one.make() if one else None


def view_labels(user: User) -> list[Label]:
    """What the navigation says of the same views; none of them is put together. Queries: 0."""
    return [one.label for one in _known(user).values()]


def _known(user: User) -> dict[str, _Known]:
    """Views by key, in their order, not put together yet: few pages need more than one."""
    known: dict[str, _Known] | None = user.memo.get("known_views")
    if known is None:
        fields, reader = fields_for(user), reader_of(user)
        teams = (
            (f"team-{team.pk}", team.name, "folder",
             [_asked("team", "is", team.pk), _UNSETTLED], "teams")
            for setup in desk_setups(user)
            for team in setup.teams
        )  # fmt: skip
        found = [
            *(_standing(*row, fields, reader) for row in _STANDING),
            *_saved_views(user, fields, reader),
            *(_standing(*row, fields, reader) for row in teams),
        ]
        known = user.memo["known_views"] = {one.label.key: one for one in found}
    return known


def _standing(
    key: str, name: Any, icon: str, parts: list[dict[str, Any]], group: str,
    fields: FilterFields, reader: Reader,
) -> _Known:  # fmt: skip
    label = Label(key, name, icon, group)

    def make() -> View:
        data = {"all": parts} if parts else {}
        asked = _apart(key, reader.user_id) & compiled(parse(data, fields.catalogue), reader)
        return View(*label, asked, asked, data, counted=key not in _NOT_COUNTED)

    return _Known(label, make)


def _saved_views(user: User, fields: FilterFields, reader: Reader) -> Iterator[_Known]:
    for setup in desk_setups(user):
        for row in setup.views:
            if _is_shown(row, user, setup):
                icon = "person" if row.owner_id else "people" if row.team_id else "list"
                group = "own" if row.owner_id else "views"
                label = Label(f"view-{row.pk}", row.name, icon, group)
                yield _Known(label, partial(_saved, row, label, fields, reader, setup))


def _is_shown(row: SavedView, user: User, setup: Setup) -> bool:
    if row.owner_id is not None:
        return row.owner_id == user.pk
    if row.team_id is not None and not may_share(user, setup.organization_id):
        return (row.team_id, user.pk) in setup.members
    return True


def may_share(user: User, organization_id: int) -> bool:
    """Whether a person may keep views for others there."""
    return user.has_role(organization_id, Role.LEAD)


def may_change(user: User, row: SavedView) -> bool:
    """Whether a person may change or delete a saved view."""
    if row.owner_id is not None:
        return row.owner_id == user.pk
    return may_share(user, row.organization_id)


def _saved(
    row: SavedView, label: Label, fields: FilterFields, reader: Reader, setup: Setup
) -> View:
    # A shared view is about the tickets of the organization that shares it.
    base = Q() if row.owner_id else Q(organization_id=row.organization_id)
    try:
        condition = parse(row.condition, fields.catalogue)
        asked, counted = compiled(condition, reader), _is_unsettled(condition, setup)
    except ConditionError:
        # Its page says what is wrong; the rail goes on.
        asked, counted = NOTHING, False
    return View(
        *label,
        base=base,
        condition=base & asked,
        data=row.condition,
        stored=row.condition,
        saved=row,
        counted=counted,
    )


def _is_unsettled(condition: Condition, setup: Setup) -> bool:
    """Whether it is about tickets that are not over: only those are few enough to count often."""
    root = condition.root
    parts = root.parts if isinstance(root, Group) and root.kind == "all" else (root,)
    going = {status.key for status in setup.statuses if status.category in UNSETTLED}
    known = {"status_category": set(UNSETTLED), "status": going}
    return any(
        isinstance(part, Leaf)
        and part.op in (Op.IS, Op.ONE_OF)
        and part.field.name in known
        and set(part.value if isinstance(part.value, tuple) else (part.value,))
        <= known[part.field.name]
        for part in parts
    )


def view_counts(user: User) -> dict[str, int]:
    """Key -> number of tickets, of each view of a person that is not of settled tickets.

    Counted once for the answer to a request: a list's heading and the navigation say the same.
    Queries: 1, 0 where that was counted moments ago and nothing changed since.
    """
    known: dict[str, int] | None = user.memo.get("view_counts")
    if known is None:
        known = user.memo["view_counts"] = kept_counts(user, lambda: _counted(user))
    return known


def _counted(user: User) -> dict[str, int]:
    counted = [view for view in desk_views(user) if view.counted]
    # Said once more for all of them: a desk keeps far more settled tickets than it counts.
    row = (
        desk_tickets(user)
        .unresolved()
        .order_by()
        .aggregate(**{v.key.replace("-", "_"): Count("pk", filter=v.condition) for v in counted})
    )
    return {v.key: row[v.key.replace("-", "_")] for v in counted}
