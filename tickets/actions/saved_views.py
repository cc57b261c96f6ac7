"""Keeping views: a person their own, a lead those of a team or the whole desk."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team, User
from omnidesk.core.errors import BadInput
from omnidesk.core.text import one_line
from tickets.conditions import parse
from tickets.desk_lists import USUAL_SORT, columns_of, sort_of
from tickets.filters.compiling import compiled
from tickets.models import SavedView
from tickets.view_selectors import fields_for, may_change, may_share, reader_of

MOST_VIEWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewContent:
    """What a saved view holds. Without `team` and with `shared` it is the whole desk's."""

    name: str
    condition: Any = field(default_factory=dict)
    team: Team | None = None
    shared: bool = False
    sort: str = USUAL_SORT
    columns: tuple[str, ...] = ()
    density: str = SavedView.Density.NORMAL.value
    layout: str = SavedView.Layout.TABLE.value
    position: int = 100


@transaction.atomic
def save_view(
    *, user: User, organization_id: int, content: ViewContent, view: SavedView | None = None
) -> SavedView:
    """Keep a view, or change one that is kept.

    Raises `BadInput` naming the field, `PermissionDenied` for what is not this person's to share.
    """
    name = one_line(content.name, 80)
    if not name:
        raise BadInput(_("Enter a name."), "name")
    shared = content.shared or content.team is not None
    if content.team is not None and content.team.organization_id != organization_id:
        raise BadInput(_("This team belongs to another organization."), "whose")
    if view is not None and not may_change(user, view):
        raise PermissionDenied(_("This view is somebody else’s."))
    if shared and not may_share(user, organization_id):
        raise PermissionDenied(_("Only a lead shares views."))
    if view is None:
        _refuse_too_many(user, organization_id)
        view = SavedView(organization_id=organization_id)
    # Read once in full: what cannot be asked is refused here, not at every page.
    condition = parse(content.condition, fields_for(user).catalogue)
    compiled(condition, reader_of(user))
    view.name, view.condition = name, condition.as_json()
    view.owner, view.team = (None if shared else user), content.team
    view.sort = sort_of(content.sort).key
    view.columns = [column.key for column in columns_of(",".join(content.columns))]
    view.density = _known(content.density, SavedView.Density.values)
    view.layout = _known(content.layout, SavedView.Layout.values)
    view.position = min(max(content.position, 0), 9_999)
    view.save()
    return view


def _known(value: str, known: list[str]) -> str:
    return value if value in known else known[0]


def _refuse_too_many(user: User, organization_id: int) -> None:
    kept = SavedView.objects.filter(organization_id=organization_id, owner=user)
    if kept.count() >= MOST_VIEWS:
        raise BadInput(_("You keep %(limit)d views; delete one first.") % {"limit": MOST_VIEWS})


@transaction.atomic
def delete_view(*, user: User, view: SavedView) -> None:
    """Forget a view; its tickets stay."""
    if not may_change(user, view):
        raise PermissionDenied(_("This view is somebody else’s."))
    view.delete()
