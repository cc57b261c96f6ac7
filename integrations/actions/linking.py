"""Links between tickets here and elsewhere: passing on, deciding conflicts, trying again."""

from collections.abc import Mapping
from itertools import product

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.federation.kinds import KINDS
from integrations.links import (
    ExternalItem,
    ExternalLink,
    FieldConflict,
    ItemState,
    LinkState,
    Verdict,
)
from integrations.models import Channel
from omnidesk.core.clock import now
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.models import Ticket

# What the far side may care about; the AI's own notes on a ticket are not among it.
NEWS = frozenset(
    {
        "ticket.status_changed", "ticket.reopened", "ticket.urgency_changed",
        "ticket.impact_changed", "ticket.priority_changed", "ticket.renamed", "ticket.replied",
        "ticket.noted", "ticket.message_received", "ticket.file_attached", "ticket.restored",
    }
)  # fmt: skip


@transaction.atomic
def pass_on(*, ticket: Ticket, channel: Channel, actor: Actor) -> ExternalLink:
    """Have the ticket made on the channel's far side, once. Raises InvalidChange."""
    ticket = locked(ticket)
    if channel.kind not in KINDS or channel.organization_id != ticket.organization_id:
        raise InvalidChange(_("This channel does not take tickets of this organization."))
    if not channel.is_active:
        raise InvalidChange(_("“%(name)s” is paused. Resume it first.") % {"name": channel.name})
    link, created = ExternalLink.objects.get_or_create(
        channel=channel,
        ticket=ticket,
        defaults={"organization_id": ticket.organization_id, "due_at": now()},
    )
    if not created:
        raise InvalidChange(_("This ticket is linked with %(name)s.") % {"name": channel.name})
    record(ticket, actor, FieldChange("ticket.passed_on", new=channel.name))
    return link


@transaction.atomic
def mark_news(*, ticket_id: int, version: int) -> list[tuple[int, int]]:
    """Make the ticket's links due unless they have seen this version: our own writing is no news.

    Returns (organization, link) of those that are due now.
    """
    links = ExternalLink.objects.filter(ticket_id=ticket_id, local_version__lt=version)
    links = links.exclude(state=LinkState.GONE)
    if not links.update(due_at=now()):
        return []
    rows = ExternalLink.objects.filter(ticket_id=ticket_id, channel__is_active=True)
    return list(rows.values_list("organization_id", "pk"))


@transaction.atomic
def decide_conflict(*, conflict: FieldConflict, keep: str, user_id: int | None) -> ExternalLink:
    """Settle a conflict: `ours` is written over there, `theirs` is taken here; both at next sync.

    If the other side changed once more meanwhile, it becomes a conflict again. Raises
    InvalidChange where it is decided already.
    """
    if keep not in {Verdict.OURS.value, Verdict.THEIRS.value}:
        raise InvalidChange(_("Choose one of the two values."))
    link = ExternalLink.objects.select_for_update(of=("self",)).get(pk=conflict.link_id)
    row = FieldConflict.objects.select_for_update(of=("self",)).get(pk=conflict.pk)
    if row.verdict != Verdict.OPEN:
        raise InvalidChange(_("This conflict is decided already."))
    row.verdict, row.decided_by_id, row.decided_at = keep, user_id, now()
    row.save(update_fields=["verdict", "decided_by", "decided_at"])
    # As if the losing side had never changed it.
    link.base[row.field] = [None, row.theirs] if keep == Verdict.OURS.value else [row.ours, None]
    link.due_at = now()
    if not link.conflicts.filter(verdict=Verdict.OPEN).exists():
        link.state = LinkState.BEHIND
    link.save(update_fields=["base", "due_at", "state", "updated_at"])
    return link


@transaction.atomic
def try_again(*, link: ExternalLink) -> ExternalLink:
    """Look at a link now, and hand over once more what was refused."""
    ExternalItem.objects.filter(link=link, state=ItemState.FAILED, came_in=False).update(
        state=ItemState.SENDING, error=""
    )
    # A file that could not be fetched is fetched again.
    ExternalItem.objects.filter(link=link, state=ItemState.FAILED, came_in=True).delete()
    ExternalLink.objects.filter(pk=link.pk).update(due_at=now(), tries=0)
    return link


@transaction.atomic
def pass_on_new(organization_id: int, *, sources: Mapping[int, str]) -> list[tuple[int, int]]:
    """Link new tickets (by their source) with every channel that wants all.

    Returns (organization, link). Queries: 1 where no channel wants them.
    """
    channels = Channel.objects.working().filter(organization_id=organization_id, kind__in=KINDS)
    wanting = [one for one in channels if one.settings.get("pass_on") == "all"]
    own = [pk for pk, source in sources.items() if source not in KINDS]
    if not wanting or not own:
        return []
    tickets = list(Ticket.objects.alive().filter(pk__in=own).order_by("pk"))
    made = []
    for channel, ticket in product(wanting, tickets):
        link, created = ExternalLink.objects.get_or_create(
            channel=channel,
            ticket=ticket,
            defaults={"organization_id": ticket.organization_id, "due_at": now()},
        )
        if created:
            made.append((link.organization_id, link.pk))
    return made


@transaction.atomic
def hint(*, channel: Channel, remote_id: str) -> ExternalLink | None:
    """The far side says that this ticket changed: its link is due, and made where there is none.

    Returns None where the channel takes only tickets that were passed on from here. What really
    changed is read over there; whoever else hears of remote tickets should come by here, so
    that each of them is one ticket.
    """
    rows = ExternalLink.objects.filter(channel=channel, remote_id=remote_id)
    if not rows.update(due_at=now()):
        if channel.settings.get("take_in", "all") != "all":
            return None
        ExternalLink.objects.bulk_create(
            [
                ExternalLink(
                    organization_id=channel.organization_id,
                    channel=channel,
                    remote_id=remote_id,
                    due_at=now(),
                )
            ],
            ignore_conflicts=True,
        )
    return rows.first()
