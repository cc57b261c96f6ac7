"""What both sides agree on: fields merged by their owners, conflicts kept, the link's state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.utils.translation import gettext as _

from integrations.federation.merge import Agreed, Clash, FieldMap, Merged, Owner, merge
from integrations.federation.ours import apply, values_of
from integrations.federation.port import RemoteTicket
from integrations.links import ExternalLink, FieldConflict, ItemState, LinkState, Verdict
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange, locked
from tickets.models import Ticket

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """How fields translate on this channel, and who owns them."""

    maps: Mapping[str, FieldMap]
    owners: Mapping[str, Owner]


@dataclass(slots=True)
class Todo:
    """What has to be written over there: field -> (our word, their word).

    only_theirs: our ticket was just made of theirs, so nothing said or attached here is missing
    over there.
    """

    to_them: dict[str, tuple[str, str]] = field(default_factory=dict)
    only_theirs: bool = False


def agree(
    row: ExternalLink, ticket: Ticket, seen: RemoteTicket, rules: Rules, *, first: bool = False
) -> tuple[Ticket, Todo]:
    """Bring the fields of both sides together; returns our ticket as it then is, and what is to be
    written over there. `ticket` is locked and fresh; the caller saves the row.

    `first`: the link is new, without conflicts and without items that were refused. Queries: 2
    where nothing changed on either side, 0 with `first`.
    """
    base = {name: Agreed(*pair) for name, pair in row.base.items()}
    merged = merge(base, values_of(ticket), seen.fields, rules.maps, rules.owners)
    ticket = _apply(ticket, row, merged)
    _keep_conflicts(row, merged, rules.maps, first=first)
    for name, agreed in merged.agreed.items():
        row.base[name] = [agreed.ours, agreed.theirs]
    _note_state(row, merged, seen, first=first)
    ours = values_of(ticket)
    return ticket, Todo({name: (ours[name], raw) for name, raw in merged.to_them.items()})


def _apply(ticket: Ticket, row: ExternalLink, merged: Merged) -> Ticket:
    """Give our locked ticket what flows in, and return it as it then is.

    A value that does not fit here is unknown, not fatal.
    """
    flows_in = bool(merged.to_us)
    for name, value in merged.to_us.items():
        try:
            apply(ticket, row.channel, {name: value})
        except InvalidChange as problem:
            logger.warning(
                "federation_value_refused", link=row.pk, field=name, value=value,
                problem=str(problem),
            )  # fmt: skip
            merged.unknown[name] = str(merged.agreed.pop(name).theirs)
    # What our side really has now: an own status may stand for the one that was named.
    if flows_in:
        ticket = locked(ticket)
    ours = values_of(ticket)
    for name, agreed in merged.agreed.items():
        merged.agreed[name] = Agreed(ours[name], agreed.theirs)
    return ticket


def _keep_conflicts(
    row: ExternalLink, merged: Merged, maps: Mapping[str, FieldMap], *, first: bool
) -> None:
    still_open = {clash.name for clash in merged.clashes if not clash.kept}
    earlier = row.conflicts.none() if first else row.conflicts
    earlier.filter(verdict=Verdict.OPEN).exclude(field__in=still_open).update(
        verdict=Verdict.VANISHED, decided_at=now()
    )
    for clash in merged.clashes:
        _keep_conflict(row, clash, maps[clash.name].to_ours(clash.theirs) or "")


def _keep_conflict(row: ExternalLink, clash: Clash, shown: str) -> None:
    values = {
        "ours": clash.ours[:300],
        "theirs": clash.theirs[:300],
        "theirs_shown": shown[:300],
    }
    here: dict[str, Any] = {
        "organization_id": row.organization_id,
        "link": row,
        "field": clash.name,
    }
    if not clash.kept:
        FieldConflict.objects.update_or_create(**here, verdict=Verdict.OPEN, defaults=values)
        return
    FieldConflict.objects.update_or_create(
        **here,
        verdict=clash.kept,
        by_rule=True,
        ours=values["ours"],
        theirs=values["theirs"],
        defaults={"theirs_shown": values["theirs_shown"], "decided_at": now()},
    )


def _note_state(row: ExternalLink, merged: Merged, seen: RemoteTicket, *, first: bool) -> None:
    words = [*seen.surprises]
    for name, value in merged.unknown.items():
        words.append(
            _("Unknown value “%(value)s” of %(field)s.") % {"value": value[:60], "field": name}
        )
        logger.warning(
            "federation_unknown_value", link=row.pk, remote=row.remote_id, field=name, value=value
        )
    failed = None if first else row.items.filter(state=ItemState.FAILED).first()
    if failed is not None:
        words.append(failed.error)
    remark = ""
    if merged.unwritable:  # a difference that stays, not a delay
        fields = {"fields": ", ".join(merged.unwritable)}
        remark = _("Cannot be written there: %(fields)s.") % fields
    row.error = one_line(" ".join([*words, remark]), 300)
    if any(not clash.kept for clash in merged.clashes):
        row.state = LinkState.CONFLICT
    else:
        row.state = LinkState.BEHIND if words else LinkState.OK
