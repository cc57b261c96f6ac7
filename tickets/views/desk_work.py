"""Who is there, and taking the next ticket."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from omnidesk.accounts.models import User
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import STAFF_ROLES, Role
from tickets.actions.assigning import claim_next, set_availability
from tickets.actions.base import InvalidChange
from tickets.forms import show_refusal
from tickets.models import AgentProfile
from tickets.views.frame import desk_page, told


class AvailabilityForm(forms.Form):
    """Present or away; when away, until when and who takes over."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=AgentProfile.State.choices, widget=forms.RadioSelect
    )
    back_at = forms.DateTimeField(
        label=gettext_lazy("Back"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Left empty: until you say that you are back."),
    )
    stand_in = forms.ModelChoiceField(
        label=gettext_lazy("Stand-in"),
        queryset=User.objects.none(),
        required=False,
        help_text=gettext_lazy("Takes over your open tickets now."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["stand_in"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = (
            User.objects.filter(
                memberships__organization_id__in=user.staffed_organization_ids(),
                memberships__role__in=STAFF_ROLES,
                is_active=True,
            )
            .exclude(pk=user.pk)
            .distinct()
            .order_by("name", "email")
        )


@require_http_methods(["GET", "POST"])
@desk_page
def availability(request: DeskRequest) -> HttpResponse:
    """Say that one is away or back; the open tickets go to the stand-in."""
    profile = AgentProfile.objects.filter(user=request.user).order_by("pk").first()
    initial = {"state": profile.state, "back_at": profile.back_at} if profile else {}
    start = {"state": AgentProfile.State.PRESENT.value, **initial}
    form = AvailabilityForm(request.POST or None, user=request.user, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            count = _save(request, form.cleaned_data)
        except InvalidChange as refusal:
            show_refusal(form, refusal)
        else:
            return told(request, redirect("desk:home"), _said(form.cleaned_data, count))
    status = 422 if form.is_bound else 200
    context = {"form": form, "nav_key": "availability"}
    return render(request, "desk/availability.html", context, status=status)


def _save(request: DeskRequest, values: dict[str, Any]) -> int:
    away = values["state"] == AgentProfile.State.AWAY
    stand_in = values["stand_in"]
    handed = 0
    for organization_id in sorted(request.user.staffed_organization_ids()):
        here = stand_in is not None and stand_in.has_role(organization_id, Role.AGENT)
        handed += set_availability(
            user=request.user,
            organization_id=organization_id,
            away=away,
            back_at=values["back_at"],
            stand_in=stand_in if here else None,
        )
    return handed


def _said(values: dict[str, Any], count: int) -> str:
    if values["state"] == AgentProfile.State.PRESENT:
        return _("You are available")
    if not count:
        return _("You are away")
    handed = ngettext(
        "You are away; %(count)d ticket went to %(name)s",
        "You are away; %(count)d tickets went to %(name)s",
        count,
    )
    return handed % {"count": count, "name": values["stand_in"]}


@require_POST
@desk_page
def claim(request: DeskRequest) -> HttpResponse:
    """Take the most pressing free ticket and open it."""
    homes = request.user.staffed_organization_ids()
    ticket = claim_next(user=request.user, organizations=homes)
    if ticket is None:
        return told(request, redirect("desk:home"), _("No free ticket waits for you"))
    answer = redirect("desk:ticket", number=ticket.number)
    return told(request, answer, _("Ticket %d is yours") % ticket.number)
