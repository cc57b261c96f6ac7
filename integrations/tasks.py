"""Background work: ids in, one call, nothing else."""

from celery import shared_task
from django.db import transaction

from integrations import (
    awaited,
    calling,
    codesending,
    delivery,
    enriching,
    letters,
    syncing,
    taking,
)
from integrations.federation import engine
from integrations.links import ExternalLink
from integrations.models import (
    Channel,
    Delivery,
    PhoneCode,
    Receipt,
    RemoteRequest,
    WebhookCall,
)
from omnidesk.core.tasks import ScopelessTask


@shared_task(name="integrations.deliver", base=ScopelessTask, time_limit=300, soft_time_limit=280)  # type: ignore[untyped-decorator]
def deliver(organization_id: int, delivery_id: int) -> str:
    """Try one delivery."""
    step = delivery.deliver(organization_id, delivery_id)
    return step.value if step else "not due"


def nudge(row: Delivery) -> None:
    """Let a worker look at the delivery once the transaction is through; a lost nudge is swept."""
    organization_id, delivery_id = row.organization_id, row.pk
    transaction.on_commit(lambda: deliver.delay(organization_id, delivery_id), robust=True)


@shared_task(name="integrations.sweep_deliveries", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_deliveries() -> int:
    """Recover lost and stale deliveries and nudge all that are due; returns how many."""
    due = delivery.sweep()
    for organization_id, delivery_id in due:
        deliver.delay(organization_id, delivery_id)
    return len(due)


@shared_task(name="integrations.poll_channels", base=ScopelessTask)  # type: ignore[untyped-decorator]
def poll_channels() -> int:
    """Nudge a look into every channel whose turn it is; returns how many."""
    found = syncing.due()
    for organization_id, channel_id in found:
        poll_channel.delay(organization_id, channel_id)
    return len(found)


@shared_task(  # type: ignore[untyped-decorator]
    name="integrations.poll_channel", base=ScopelessTask, time_limit=600, soft_time_limit=570
)
def poll_channel(organization_id: int, channel_id: int) -> int:
    """Fetch what is new in one channel; returns how many things came in."""
    return syncing.look(organization_id, channel_id)


@shared_task(  # type: ignore[untyped-decorator]
    name="integrations.deliver_letter", base=ScopelessTask, time_limit=300, soft_time_limit=280
)
def deliver_letter(organization_id: int, letter_id: int) -> str:
    """Try one letter of notices."""
    state = letters.deliver_letter(organization_id, letter_id)
    return state.value if state else "not due"


@shared_task(name="integrations.deliver_letters", base=ScopelessTask)  # type: ignore[untyped-decorator]
def deliver_letters() -> int:
    """Recover stale letters of notices and nudge all that are due; returns how many."""
    due = letters.due_letters()
    for organization_id, letter_id in due:
        deliver_letter.delay(organization_id, letter_id)
    for organization_id, code_id in codesending.due_codes():
        send_phone_code.delay(organization_id, code_id)
    return len(due)


@shared_task(  # type: ignore[untyped-decorator]
    name="integrations.send_phone_code", base=ScopelessTask, time_limit=120, soft_time_limit=100
)
def send_phone_code(organization_id: int, code_id: int) -> str:
    """Send one code that proves a telephone."""
    return codesending.send_code(organization_id, code_id)


def nudge_code(code: PhoneCode) -> None:
    """Let a worker send it once the transaction is through; a lost nudge is swept."""
    organization_id, code_id = code.organization_id, code.pk
    transaction.on_commit(lambda: send_phone_code.delay(organization_id, code_id), robust=True)


def nudge_look(channel: Channel) -> None:
    """Let a worker fetch in the channel once the transaction is through."""
    organization_id, channel_id = channel.organization_id, channel.pk
    transaction.on_commit(lambda: poll_channel.delay(organization_id, channel_id), robust=True)


@shared_task(name="integrations.watch_channels", base=ScopelessTask)  # type: ignore[untyped-decorator]
def watch_channels() -> int:
    """Raise the alarm for channels that stand still."""
    return syncing.watch()


@shared_task(
    name="integrations.take_waiting", base=ScopelessTask, time_limit=300, soft_time_limit=280
)  # type: ignore[untyped-decorator]
def take_waiting(organization_id: int, channel_id: int) -> int:
    """Turn everything that waits in one channel into tickets; returns how many."""
    # Before looking: what is kept from now on nudges again.
    awaited.done(f"take:{channel_id}")
    return taking.take_waiting(organization_id, channel_id)


def nudge_taking(receipt: Receipt) -> None:
    """Let a worker take it in once the transaction is through; a lost nudge is swept.

    One nudge stands for all of a channel's calls until a worker has heard it.
    """
    organization_id, channel_id = receipt.organization_id, receipt.channel_id

    def tell() -> None:
        if awaited.first(f"take:{channel_id}"):
            take_waiting.delay(organization_id, channel_id)

    transaction.on_commit(tell, robust=True)


@shared_task(name="integrations.sweep_receipts", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_receipts() -> int:
    """Nudge every channel where something waits to be taken in; returns how many."""
    found = taking.due()
    for organization_id, channel_id in found:
        take_waiting.delay(organization_id, channel_id)
    return len(found)


@shared_task(  # type: ignore[untyped-decorator]
    name="integrations.poll_link", base=ScopelessTask, time_limit=300, soft_time_limit=280
)
def poll_link(organization_id: int, link_id: int) -> bool:
    """Bring one linked ticket into step; what fails stays due and is looked at again."""
    return engine.look_at(organization_id, link_id)


def nudge_link(link: ExternalLink) -> None:
    """Let a worker look at the link once the transaction is through."""
    organization_id, link_id = link.organization_id, link.pk
    transaction.on_commit(lambda: poll_link.delay(organization_id, link_id), robust=True)


@shared_task(  # type: ignore[untyped-decorator]
    name="integrations.take_context", base=ScopelessTask, time_limit=300, soft_time_limit=280
)
def take_context(organization_id: int, request_id: int) -> str:
    """Gather context for one request of another helpdesk, note it, write it back."""
    return enriching.enrich(organization_id, request_id)


def nudge_enriching(row: RemoteRequest) -> None:
    """Let a worker gather once the transaction is through; a lost nudge is swept."""
    organization_id, request_id = row.organization_id, row.pk
    transaction.on_commit(lambda: take_context.delay(organization_id, request_id), robust=True)


@shared_task(name="integrations.sweep_requests", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_requests() -> int:
    """Nudge every request whose context is to be gathered or written back."""
    found = enriching.due()
    for organization_id, request_id in found:
        take_context.delay(organization_id, request_id)
    return len(found)


@shared_task(  # type: ignore[untyped-decorator]
    name="integrations.deliver_call", base=ScopelessTask, time_limit=120, soft_time_limit=100
)
def deliver_call(organization_id: int, call_id: int) -> str:
    """Try one call of an outgoing webhook."""
    state = calling.send(organization_id, call_id)
    return state.value if state else "not due"


def nudge_call(call: WebhookCall) -> None:
    """Let a worker send it once the transaction is through; a lost nudge is swept."""
    organization_id, call_id = call.organization_id, call.pk
    transaction.on_commit(lambda: deliver_call.delay(organization_id, call_id), robust=True)


@shared_task(name="integrations.sweep_calls", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_calls() -> int:
    """Queue what no event announced and nudge every call that is due."""
    found = calling.sweep()
    for organization_id, call_id in found:
        deliver_call.delay(organization_id, call_id)
    return len(found)
