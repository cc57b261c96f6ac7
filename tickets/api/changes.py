"""PUT and PATCH of a ticket: from a body to the domain's actions."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from omnidesk.accounts.models import User
from tickets.access import works_on
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_pending_reason, set_status
from tickets.actions.triage import Edit, edit_ticket
from tickets.api.inputs import TicketInput
from tickets.api.lookups import assignee_of, category_of, reason_of, status_of, team_of
from tickets.choices import StatusCategory
from tickets.models import Status, Ticket

# What a requester may move their own ticket to: "it works now".
SETTLED = {StatusCategory.SOLVED, StatusCategory.CLOSED}


def apply_change(
    user: User, ticket: Ticket, body: Any, *, current: Mapping[str, Any], partial: bool
) -> None:
    """Change a locked ticket as `body` says; `current` is what a GET answers now.

    Raises `ValidationError` or `InvalidChange` naming the field, `PermissionDenied` for what
    only the desk may change.
    """
    serializer = TicketInput(data=_without_echoes(body, current), partial=partial)
    serializer.is_valid(raise_exception=True)
    given = dict(serializer.validated_data)
    status = _status(ticket, given)
    if not works_on(user, ticket):
        _refuse_triage(given, status)
        given = {}
    actor = Actor.person(user)
    waits = "pending_reason" in given
    reason = reason_of(ticket.organization_id, given.pop("pending_reason", None))
    edit = _edit(ticket.organization_id, given)
    edit_ticket(ticket=ticket, actor=actor, edit=edit)
    if status is not None and status.pk != ticket.status_id:
        # A whole ticket sent back names the old reason; it is news only where it differs.
        told = reason if reason != ticket.pending_reason else None
        set_status(ticket=ticket, actor=actor, status=status, reason=told)
    elif waits:
        set_pending_reason(ticket=ticket, actor=actor, reason=reason)


def _without_echoes(body: Any, current: Mapping[str, Any]) -> Any:
    """`body` without fields that cannot be set but come back as a GET showed them."""
    if not isinstance(body, Mapping):
        return body
    settable = TicketInput().fields.keys()
    kept, refused = {}, {}
    for name, value in body.items():
        if name in settable or name not in current:
            kept[name] = value
        elif value != current[name]:
            refused[name] = [_("This field cannot be changed.")]
    if refused:
        raise ValidationError(refused)
    return kept


def _status(ticket: Ticket, given: dict[str, Any]) -> Status | None:
    wanted = given.pop("status", None)
    return status_of(ticket.organization_id, wanted) if wanted is not None else None


def _refuse_triage(given: dict[str, Any], status: Status | None) -> None:
    if given:
        raise PermissionDenied(_("Only the service desk can change these fields."))
    if status is not None and status.category not in SETTLED:
        raise PermissionDenied(_("You may set the status to solved or closed only."))


def _edit(organization_id: int, given: dict[str, Any]) -> Edit:
    rows = {"category": category_of, "team": team_of, "assignee": assignee_of}
    for field, find in rows.items():
        if field in given:
            given[field] = find(organization_id, given[field])
    return Edit(**given)
