"""Answers on tickets that came from a federated system leave by that system, not by mail.

The outbox claims and retries as for every channel; the message itself travels as an item of the
link, recorded before its call, so that trying again never doubles it.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from integrations.base import OutboundMessage, SendResult, TransportError
from integrations.federation import engine
from integrations.federation.port import RemoteTrouble
from integrations.links import ExternalItem, ExternalLink, ItemState
from integrations.models import Channel
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tickets.models import Ticket


class AnswerTransport:
    """The way out of a federated channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, message: OutboundMessage, handing_over: Callable[[], None]) -> SendResult:
        """Bring the ticket's link into step and see whether the answer is over there.

        `handing_over` is not called: a process that dies here left nothing uncertain.
        """
        message_id = int(message.idempotency_key.rpartition("-")[2])
        item = self._item(message_id)
        if item is None:
            link = self._due_link(message_id)
            self._settle(link)
            item = self._item(message_id)
        if item is None:
            raise TransportError(_("The other system has not taken the answer yet."))
        if item.state == ItemState.FAILED:
            raise TransportError(item.error, True)
        return SendResult(item.remote_id, self._channel.name)

    def _settle(self, link: ExternalLink) -> None:
        """Never uncertain: an item that may be over there is found by its marker next time."""
        try:
            with engine.far_side(self._channel) as far:
                engine.settle_link(self._channel, far, link.pk)
        except RemoteTrouble as problem:
            raise TransportError(
                problem.message,
                problem.permanent,
                refused=problem.refused,
                retry_after=problem.retry_after,
            ) from problem

    def _item(self, message_id: int) -> ExternalItem | None:
        with organization_scope(self._channel.organization_id):
            rows = ExternalItem.objects.filter(link__channel=self._channel, message=message_id)
            return rows.exclude(state=ItemState.SENDING).first()

    def _due_link(self, message_id: int) -> ExternalLink:
        with organization_scope(self._channel.organization_id):
            ticket = Ticket.objects.filter(messages=message_id)
            link = ExternalLink.objects.filter(channel=self._channel, ticket__in=ticket).first()
            if link is None:
                raise TransportError(_("This ticket is not linked any more."), True)
            ExternalLink.objects.filter(pk=link.pk).update(due_at=now())
            return link
