"""What rules and macros of the desk can do with an outgoing webhook."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.actions.hooks import queue_for_rule
from integrations.hooks import WebhookEndpoint
from integrations.tasks import nudge_call
from tickets.automation import ActionFailed, ActionKind, Doing, Names, Param, ParamKind, register
from tickets.automation.options import add_option_source
from tickets.models import Ticket


class CallWebhook(ActionKind):
    """One call of an endpoint: queued with everything else the rule does, sent afterwards.

    A paused endpoint gets it when it is resumed.
    """

    name = "call_webhook"
    label = gettext_lazy("Call webhook")
    icon = "plug"
    params = (Param("webhook", ParamKind.ROW, gettext_lazy("Webhook"), source="webhook"),)

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Call webhook: Monitoring"."""
        name = names.get("webhook", {}).get(params["webhook"], "?")
        return _("%(what)s: %(value)s") % {"what": self.label, "value": name}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Queue it."""
        endpoint = WebhookEndpoint.objects.filter(
            organization_id=ticket.organization_id, pk=params["webhook"]
        ).first()
        if endpoint is None:
            raise ActionFailed(_("The webhook to call does not exist any more."), "webhook")
        nudge_call(queue_for_rule(endpoint, ticket, by=doing.actor.label))


def _webhooks(organization_id: int, keys: Collection[Any] | None) -> list[tuple[Any, str]]:
    rows = WebhookEndpoint.objects.filter(organization_id=organization_id)
    if keys is not None:
        rows = rows.filter(pk__in=[key for key in keys if isinstance(key, int)])
    return [(row.pk, row.name) for row in rows]


add_option_source("webhook", _webhooks)
register(CallWebhook())
