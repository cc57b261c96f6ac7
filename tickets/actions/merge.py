"""Merging two tickets into one, and taking them apart again."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.events import publish
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.catalog import default_status
from tickets.actions.lifecycle import move
from tickets.actions.links import hold_links
from tickets.actions.types import workflow_of
from tickets.choices import StatusCategory
from tickets.events import TicketsMerged
from tickets.linking import LinkKind
from tickets.models import Attachment, Merge, Message, Status, Ticket, TicketLink, TicketTag, Watch

# Field -> the attribute that is stored. For each, a person picks whose value stays.
FIELDS = {
    "subject": "subject",
    "requester": "requester_id",
    "category": "category_id",
    "urgency": "urgency",
    "impact": "impact",
    "priority": "priority",
    "team": "team_id",
    "assignee": "assignee_id",
    "language": "language",
}
MERGE_SIDES = ("winner", "loser")


@transaction.atomic
def merge_tickets(
    *, loser: Ticket, winner: Ticket, actor: Actor, fields: Mapping[str, str] | None = None
) -> Merge:
    """Pour `loser` into `winner`: conversation, files, tags and links move, the loser closes.

    Who follows the loser follows the winner from then on.

    `fields` says for each of `FIELDS` whether the winner's value stays ("winner", also the
    default) or the loser's is taken; what the winner has not, it takes from the loser. Whatever
    is written to the loser later lands on the winner. Raises `InvalidChange` for the same ticket,
    another organization's, or one that is merged already.
    """
    picks = dict(fields or {})
    _check_picks(picks)
    _check_pair(loser, winner)
    hold_links(winner.organization_id)
    rows = {row.pk: row for row in _locked_in_order(loser, winner)}
    loser, winner = rows[loser.pk], rows[winner.pk]
    _check_state(loser, winner)
    taken = _take_fields(winner, loser, picks)
    kept = {
        "fields": taken,
        "tags": _move_tags(winner, loser),
        "messages": _move_messages(winner, loser),
        "files": _move_files(winner, loser),
        "links": _move_links(winner, loser),
        "followers": _carry_followers(winner, loser),
        "opening": list(winner.messages.filter(is_opening=True).values_list("pk", flat=True)),
        "loser": {"status": loser.status_id, "message_count": loser.message_count},
    }
    _keep_one_opening(winner)
    merge = Merge.objects.create(
        organization_id=winner.organization_id, winner=winner, loser=loser, kept=kept,
        created_by=actor.user,
    )  # fmt: skip
    winner.message_count += loser.message_count
    loser.message_count = 0
    _close(loser, winner, merge, actor)
    detail = {"number": loser.number, "merge": merge.pk, "fields": sorted(taken)}
    record(winner, actor, FieldChange("ticket.merged", detail=detail))
    _announce(merge, undone=False)
    return merge


def _check_picks(picks: Mapping[str, str]) -> None:
    for name, side in picks.items():
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            words = _("“%(name)s” is not one of %(known)s.")
            raise InvalidChange(words % {"name": name, "known": known}, "fields")
        if side not in MERGE_SIDES:
            raise InvalidChange(_("Choose “winner” or “loser” for each field."), "fields")


def _check_pair(loser: Ticket, winner: Ticket) -> None:
    if loser.pk == winner.pk:
        raise InvalidChange(_("A ticket cannot be merged into itself."), "into")
    if loser.organization_id != winner.organization_id:
        raise InvalidChange(_("That ticket belongs to another organization."), "into")


def _locked_in_order(*tickets: Ticket) -> list[Ticket]:
    """Rows are locked by rising id, so two merges at once never wait for each other in a ring."""
    return [locked(ticket) for ticket in sorted(tickets, key=lambda one: one.pk)]


def _check_state(loser: Ticket, winner: Ticket) -> None:
    for ticket in (loser, winner):
        if ticket.merged_into_id is not None:
            target = Ticket.objects.get(pk=ticket.merged_into_id)
            words = _("%(number)d is merged into %(target)d already.")
            values = {"number": ticket.number, "target": target.number}
            raise InvalidChange(words % values, "into")
        if ticket.deleted_at is not None:
            words = _("%(number)d is in the bin.") % {"number": ticket.number}
            raise InvalidChange(words, "into")


def _take_fields(winner: Ticket, loser: Ticket, picks: Mapping[str, str]) -> dict[str, list[Any]]:
    """Attribute -> [before, after] for what the winner takes over."""
    taken: dict[str, list[Any]] = {}
    for name, attribute in FIELDS.items():
        before, offered = getattr(winner, attribute), getattr(loser, attribute)
        wants = picks.get(name) == "loser" or (name not in picks and before in (None, ""))
        if wants and offered != before and offered not in (None, ""):
            setattr(winner, attribute, offered)
            taken[attribute] = [before, offered]
    return taken


def _move_tags(winner: Ticket, loser: Ticket) -> list[int]:
    """Ids of the tags that the winner did not have before."""
    own = set(winner.ticket_tags.values_list("tag_id", flat=True))
    new = [t for t in loser.ticket_tags.values_list("tag_id", flat=True) if t not in own]
    TicketTag.objects.bulk_create(
        TicketTag(organization_id=winner.organization_id, ticket=winner, tag_id=tag) for tag in new
    )
    return new


def _carry_followers(winner: Ticket, loser: Ticket) -> list[int]:
    """Whoever follows the loser follows the winner too; ids of those who did not before."""
    own = set(winner.watches.values_list("user_id", flat=True))
    new = [pk for pk in loser.watches.values_list("user_id", flat=True) if pk not in own]
    Watch.objects.bulk_create(
        Watch(organization_id=winner.organization_id, ticket=winner, user_id=pk) for pk in new
    )
    return sorted(new)


def _move_messages(winner: Ticket, loser: Ticket) -> dict[str, list[int]]:
    moved = list(loser.messages.values_list("pk", "is_opening"))
    Message.objects.filter(ticket=loser).update(ticket=winner)
    return {
        "all": [pk for pk, _opening in moved],
        "opening": [pk for pk, opening in moved if opening],
    }


def _keep_one_opening(winner: Ticket) -> None:
    """Of two opening messages the earlier one opens the conversation."""
    first = winner.messages.filter(is_opening=True).order_by("created_at", "pk").first()
    if first is not None:
        winner.messages.filter(is_opening=True).exclude(pk=first.pk).update(is_opening=False)


def _move_files(winner: Ticket, loser: Ticket) -> list[int]:
    # A draft stays where it was written, and its files with it.
    files = Attachment.objects.filter(ticket=loser, draft=None)
    moved = list(files.values_list("pk", flat=True))
    files.update(ticket=winner)
    return moved


def _move_links(winner: Ticket, loser: Ticket) -> list[list[Any]]:
    """Links of the loser hold the winner now; [id, source before, target before, kind] each.

    A link that would hold the winner to itself, exist twice or give it a second parent ends.
    """
    moved = []
    for link in TicketLink.objects.filter(Q(source=loser) | Q(target=loser)).order_by("pk"):
        moved.append([link.pk, link.source_id, link.target_id, link.kind])
        source = winner.pk if link.source_id == loser.pk else link.source_id
        target = winner.pk if link.target_id == loser.pk else link.target_id
        if link.kind == LinkKind.RELATED and source > target:
            source, target = target, source
        if _may_stand(source, target, link.kind):
            TicketLink.objects.filter(pk=link.pk).update(source=source, target=target)
        else:
            link.delete()
    return moved


def _may_stand(source: int, target: int, kind: str) -> bool:
    if source == target:
        return False
    rows = TicketLink.objects.filter(kind=kind)
    if rows.filter(Q(source=source, target=target) | Q(source=target, target=source)).exists():
        return False
    return kind != LinkKind.PARENT or not rows.filter(target=target).exists()


def _close(loser: Ticket, winner: Ticket, merge: Merge, actor: Actor) -> None:
    """The loser closes whatever its workflow says: there is nothing left to do on it."""
    loser.merged_into = winner
    changes = move(loser, _closing_status(loser))
    detail = {"number": winner.number, "merge": merge.pk}
    record(loser, actor, FieldChange("ticket.merged_away", detail=detail), *changes)


def _closing_status(loser: Ticket) -> Status:
    closed = Status.objects.filter(
        organization_id=loser.organization_id,
        category=StatusCategory.CLOSED,
        key__in=list(workflow_of(loser).stages),
    )
    found = closed.order_by("-is_default", "position").first()
    return found or default_status(loser.organization_id, StatusCategory.CLOSED)


def _announce(merge: Merge, *, undone: bool) -> None:
    publish(
        TicketsMerged(
            organization_id=merge.organization_id,
            winner_id=merge.winner_id,
            loser_id=merge.loser_id,
            undone=undone,
        )
    )


@transaction.atomic
def undo_merge(*, merge: Merge, actor: Actor) -> Ticket:
    """Take a merge apart again; returns the ticket that comes back.

    Messages, files and links that moved go back; what was written to the winner since stays
    there, and a field that somebody changed since keeps its new value. Raises `InvalidChange`
    where it was undone already or one of the two was merged on.
    """
    hold_links(merge.organization_id)
    merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None:
        raise InvalidChange(_("This merge was undone already."))
    pair = Ticket.objects.filter(pk__in=[merge.winner_id, merge.loser_id])
    rows = {row.pk: row for row in _locked_in_order(*pair)}
    winner, loser = rows[merge.winner_id], rows[merge.loser_id]
    if winner.merged_into_id is not None:
        words = _("%(number)d was merged on. Undo that first.") % {"number": winner.number}
        raise InvalidChange(words)
    _give_back(merge, winner, loser)
    merge.undone_at = now()
    merge.save(update_fields=["undone_at"])
    loser.merged_into = None
    status = Status.objects.filter(pk=merge.kept["loser"]["status"]).first()
    changes = move(loser, status) if status else []
    detail = {"merge": merge.pk}
    for ticket, other, more in ((winner, loser, []), (loser, winner, changes)):
        told = FieldChange("ticket.merge_undone", detail={**detail, "number": other.number})
        record(ticket, actor, told, *more)
    _announce(merge, undone=True)
    return loser


def _give_back(merge: Merge, winner: Ticket, loser: Ticket) -> None:
    kept = merge.kept
    messages = Message.objects.filter(ticket=winner, pk__in=kept["messages"]["all"])
    moved = messages.update(ticket=loser)
    Message.objects.filter(pk__in=kept["messages"]["opening"]).update(is_opening=True)
    Message.objects.filter(pk__in=kept["opening"], ticket=winner).update(is_opening=True)
    Attachment.objects.filter(ticket=winner, pk__in=kept["files"]).update(ticket=loser)
    TicketTag.objects.filter(ticket=winner, tag__in=kept["tags"]).delete()
    # Merges of before had no followers to carry.
    Watch.objects.filter(ticket=winner, user__in=kept.get("followers", [])).delete()
    loser.message_count, winner.message_count = moved, max(0, winner.message_count - moved)
    for attribute, (before, after) in kept["fields"].items():
        if getattr(winner, attribute) == after:
            setattr(winner, attribute, before)
    for link, source, target, kind in kept["links"]:
        TicketLink.objects.filter(pk=link).delete()
        if _may_stand(source, target, kind):
            TicketLink.objects.create(
                organization_id=merge.organization_id, source_id=source, target_id=target, kind=kind
            )
