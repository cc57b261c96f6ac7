"""Move the ticket to another status."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.lifecycle import set_status
from tickets.automation.registry import (
    ActionFailed,
    ActionKind,
    Doing,
    Names,
    Param,
    ParamKind,
    register,
)
from tickets.models import PendingReason, Status, Ticket


class SetStatus(ActionKind):
    """A status by its key and, for one that waits, the reason."""

    name = "set_status"
    label = gettext_lazy("Set status")
    icon = "status-open"
    undoable = True
    params = (
        Param("status", ParamKind.ROW, gettext_lazy("Status"), source="status"),
        Param(
            "reason", ParamKind.ROW, gettext_lazy("Reason for waiting"), source="pending_reason",
            required=False,
        ),
    )  # fmt: skip

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Set status: Waiting (supplier)"."""
        status = names.get("status", {}).get(params["status"], params["status"])
        reason = params.get("reason")
        if reason:
            called = names.get("pending_reason", {}).get(reason, reason)
            status = f"{status} ({called})"
        return _("%(what)s: %(value)s") % {"what": self.label, "value": status}

    def idle(self, ticket: Ticket, params: Mapping[str, Any]) -> bool:
        """Whether it has that status, for that reason."""
        reason = ticket.pending_reason.key if ticket.pending_reason else None
        same = ticket.status.key == params["status"]
        return same and params.get("reason") in (None, reason)

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Move it."""
        here = {"organization_id": ticket.organization_id}
        status = Status.objects.filter(**here, key=params["status"]).first()
        if status is None:
            raise ActionFailed(_("The status to set does not exist any more."), "status")
        reason = None
        if params.get("reason"):
            reason = PendingReason.objects.filter(**here, key=params["reason"]).first()
            if reason is None:
                raise ActionFailed(_("The reason for waiting does not exist any more."), "reason")
        set_status(ticket=ticket, actor=doing.actor, status=status, reason=reason)


register(SetStatus())
