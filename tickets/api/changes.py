"""PUT and PATCH of a ticket: from a body to the domain's actions."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from omnidesk.accounts.models import User
from tickets.access import works_on
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.lifecycle import set_pending_reason, set_status
from tickets.actions.triage import Edit, edit_ticket
from tickets.actions.types import MoveRefused
from tickets.api.inputs import TicketInput
from tickets.api.lookups import assignee_of, category_of, reason_of, status_of, team_of, type_of
from tickets.choices import StatusCategory
from tickets.models import PendingReason, Status, Ticket

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
    actor = Actor.person(user)
    status = _status(ticket, given, actor)
    if not works_on(user, ticket):
        _refuse_triage(given, status)
        given = {}
    waits = "pending_reason" in given
    reason = reason_of(ticket.organization_id, given.pop("pending_reason", None))
    edit = _edit(ticket.organization_id, given)
    edit_ticket(ticket=ticket, actor=actor, edit=edit)
    if status is not None and status.pk != ticket.status_id:
        # A whole ticket sent back names the old reason; it is news only where it differs.
        told = reason if reason != ticket.pending_reason else None
        _move(ticket, actor, status, told)
    elif waits:
        set_pending_reason(ticket=ticket, actor=actor, reason=reason)


def _move(ticket: Ticket, actor: Actor, status: Status, reason: PendingReason | None) -> None:
    try:
        set_status(ticket=ticket, actor=actor, status=status, reason=reason)
    except MoveRefused as refusal:
        # Programs send keys, so keys are what they are told.
        known = ", ".join(refusal.allowed) or _("(there are none)")
        words = _("%(refusal)s Allowed from here: %(known)s.")
        raise InvalidChange(words % {"refusal": refusal, "known": known}, "status") from None


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


def _status(ticket: Ticket, given: dict[str, Any], actor: Actor) -> Status | None:
    wanted = given.pop("status", None)
    return status_of(ticket, wanted, actor) if wanted is not None else None


def _refuse_triage(given: dict[str, Any], status: Status | None) -> None:
    if given:
        raise PermissionDenied(_("Only the service desk can change these fields."))
    if status is not None and status.category not in SETTLED:
        raise PermissionDenied(_("You may set the status to solved or closed only."))


def _edit(organization_id: int, given: dict[str, Any]) -> Edit:
    rows = {"type": type_of, "category": category_of, "team": team_of, "assignee": assignee_of}
    for field, find in rows.items():
        if field in given:
            given[field] = find(organization_id, given[field])
    return Edit(**given)
