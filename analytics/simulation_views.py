"""For leads and administrators: try a change on the last quarter before it is made."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from analytics import simulation_page
from analytics.forms import SimulationForm
from analytics.models import Simulation
from analytics.selectors import staffed
from analytics.simulating import Refused, ask
from analytics.tasks import simulate
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.models import SlaPolicy
from tickets.views.frame import desk_page

EARLIER = 20


def _led(user: User) -> list[Organization]:
    """Organizations that the person leads, the oldest first. Raises `PermissionDenied`."""
    found = [one for one in staffed(user) if user.has_role(one.pk, Role.LEAD)]
    if not found:
        raise PermissionDenied(_("Only leads can see this page."))
    return found


@require_http_methods(["GET", "POST"])
@desk_page
def simulations(request: DeskRequest) -> HttpResponse:
    """The question, and what was asked before. Queries: 6 and those of the frame."""
    organizations = _led(request.user)
    slug = request.GET.get("organization", "")
    chosen = next((one for one in organizations if one.slug == slug), organizations[0])
    policies = list(
        SlaPolicy.objects.filter(organization=chosen, is_active=True).prefetch_related("targets")
    )
    wanted = request.GET.get("policy", "")
    policy = next((one for one in policies if str(one.pk) == wanted), None)
    gone = bool(wanted) and policy is None
    policy = policy or next(iter(policies), None)
    form = SimulationForm(request.POST or None, organization_id=chosen.pk, policy=policy)
    if request.method == "POST" and gone:
        # What was typed was meant for another policy.
        form.is_valid()
        form.add_error(None, _("This policy does not exist any more. Choose another one."))
    elif request.method == "POST" and form.is_valid():
        try:
            simulation = ask(organization_id=chosen.pk, user=request.user, asked=form.asked())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            pk = simulation.pk
            transaction.on_commit(lambda: simulate.delay(chosen.pk, pk))
            return redirect("analytics:simulation", pk=simulation.pk)
    rows = Simulation.objects.filter(organization=chosen).select_related("asked_by")[:EARLIER]
    context = {
        "nav_key": "simulator",
        "form": form,
        "policies": policies,
        "policy": policy,
        "organization": chosen,
        "organizations": organizations,
        "earlier": [(row, simulation_page.question(row)) for row in rows],
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "analytics/simulations.html", context, status=status)


@require_GET
@desk_page
def simulation(request: DeskRequest, pk: int) -> HttpResponse:
    """One simulation: its progress while it runs, then its result. Queries: 2 and the frame's."""
    ids = [one.pk for one in _led(request.user)]
    row = Simulation.objects.filter(organization__in=ids, pk=pk).select_related("asked_by").first()
    if row is None:
        raise Http404(_("There is no such simulation here."))
    context = {
        "nav_key": "simulator",
        "simulation": row,
        "question": simulation_page.question(row),
        **simulation_page.parts(row, request.user),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "analytics/_simulation.html", context)
    return render(request, "analytics/simulation.html", context)
