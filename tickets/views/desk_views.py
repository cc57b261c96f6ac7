"""Keeping views: save the present filter under a name, change it, delete it."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.errors import BadInput
from tickets.access import home_id
from tickets.actions.saved_views import ViewContent, delete_view, save_view
from tickets.desk_selectors import LAYOUTS, Listing, listing
from tickets.filters.reading import joined
from tickets.forms import show_refusal
from tickets.models import SavedView
from tickets.setup_selectors import desk_setups
from tickets.view_selectors import View, may_change, may_share
from tickets.views.desk_list import find_view
from tickets.views.frame import desk_page, told

ME, DESK, TEAM = "me", "desk", "team"


class ViewForm(forms.Form):
    """A view's name, whose it is, how it opens and where it stands."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    whose = forms.ChoiceField(label=gettext_lazy("Shown to"))
    layout = forms.ChoiceField(label=gettext_lazy("Layout"), choices=SavedView.Layout.choices)
    position = forms.IntegerField(
        label=gettext_lazy("Position"),
        min_value=0,
        max_value=9_999,
        initial=100,
        help_text=gettext_lazy("Lowest first in the navigation."),
    )

    def __init__(self, *args: Any, request: DeskRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["whose"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = owners(request)


def owners(request: DeskRequest) -> list[tuple[str, str]]:
    """Whom this person may keep a view for. Queries: 0."""
    found = [(ME, _("me alone"))]
    for setup in desk_setups(request.user):
        if may_share(request.user, setup.organization_id):
            found.append(
                (
                    f"{DESK}:{setup.organization_id}",
                    _("everybody at %(name)s") % {"name": setup.name},
                )
            )
            found += [(f"{TEAM}:{team.pk}", team.name) for team in setup.teams]
    return found


@require_http_methods(["GET", "POST"])
@desk_page
def new(request: DeskRequest, view: str) -> HttpResponse:
    """Save what a list shows now as a view of its own."""
    place = find_view(request, view)
    shown = listing(request.user, place, request.GET)
    start = {"layout": _layout(request), "whose": ME}
    form = ViewForm(request.POST or None, request=request, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save(request, shown, form.cleaned_data)
        except BadInput as refusal:
            show_refusal(form, refusal)
        else:
            return told(request, redirect(_address(saved)), _("View saved"))
    context = {"form": form, "view": place, "nav_key": place.key, "shown": shown}
    return render(request, "desk/view_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@desk_page
def edit(request: DeskRequest, pk: int) -> HttpResponse:
    """Change a view's name, owner, layout and place."""
    place = _own(request, pk)
    row = place.saved
    assert row is not None  # noqa: S101 - found by its row
    form = ViewForm(request.POST or None, request=request, initial=_values(row))
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, listing(request.user, place, request.GET), form.cleaned_data, row)
        except BadInput as refusal:
            show_refusal(form, refusal)
        else:
            return told(request, redirect(_address(row)), _("View saved"))
    context = {"form": form, "view": place, "nav_key": place.key, "row": row}
    return render(request, "desk/view_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk_page
def update(request: DeskRequest, pk: int) -> HttpResponse:
    """Keep the filter, order and columns of the URL in the view itself."""
    place = _own(request, pk)
    row = place.saved
    assert row is not None  # noqa: S101 - found by its row
    shown = listing(request.user, place, request.GET)
    try:
        _save(request, shown, _values(row), row)
    except BadInput as refusal:
        return told(request, redirect(_address(row)), str(refusal))
    return told(request, redirect(_address(row)), _("View saved"))


@require_POST
@desk_page
def delete(request: DeskRequest, pk: int) -> HttpResponse:
    """Forget a view."""
    place = _own(request, pk)
    assert place.saved is not None  # noqa: S101 - found by its row
    delete_view(user=request.user, view=place.saved)
    return told(request, redirect("desk:view", view="open"), _("View deleted"))


def _own(request: DeskRequest, pk: int) -> View:
    """A view that this person sees and may change."""
    place = find_view(request, f"view-{pk}")
    if place.saved is None:
        raise Http404
    if not may_change(request.user, place.saved):
        raise PermissionDenied(_("This view is somebody else’s."))
    return place


def _save(
    request: DeskRequest, shown: Listing, values: dict[str, Any], row: SavedView | None = None
) -> SavedView:
    if shown.wanted.problem:
        raise BadInput(shown.wanted.problem)
    base = {} if shown.view.stored is not None else shown.view.data
    organization_id, team, shared = _owner(request, values["whose"], row)
    content = ViewContent(
        name=values["name"],
        condition=joined(base, shown.wanted.data),
        team=team,
        shared=shared,
        sort=shown.sort.key,
        columns=tuple(column.key for column in shown.columns),
        density=shown.density,
        layout=values["layout"],
        position=values["position"],
    )
    return save_view(user=request.user, organization_id=organization_id, content=content, view=row)


def _owner(request: DeskRequest, whose: str, row: SavedView | None) -> tuple[int, Any, bool]:
    """Organization, team and whether others see it."""
    kind, _colon, key = whose.partition(":")
    for setup in desk_setups(request.user):
        if kind == DESK and key == str(setup.organization_id):
            return setup.organization_id, None, True
        for team in setup.teams:
            if kind == TEAM and key == str(team.pk):
                return setup.organization_id, team, True
    here = row.organization_id if row else home_id(request.user)
    staffed = request.user.staffed_organization_ids()
    return (here if here in staffed else min(staffed)), None, False


def _values(row: SavedView) -> dict[str, Any]:
    return {
        "name": row.name,
        "layout": row.layout,
        "position": row.position,
        "whose": _whose(row),
    }


def _whose(row: SavedView) -> str:
    if row.owner_id is not None:
        return ME
    return f"{TEAM}:{row.team_id}" if row.team_id else f"{DESK}:{row.organization_id}"


def _layout(request: DeskRequest) -> str:
    chosen = request.GET.get("layout") or request.session.get("desk_layout", "")
    return str(chosen if chosen in LAYOUTS else LAYOUTS[0])


def _address(row: SavedView) -> str:
    return reverse("desk:view", args=[f"view-{row.pk}"])
