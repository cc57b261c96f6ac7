"""What came from the far side, written down here: one transaction for one ticket.

The link row is locked first, then the ticket. Everything that follows from one reading of the
remote ticket is committed together: its new items, the merged fields, conflicts, the agreement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from integrations.federation.merge import Agreed, Clash, FieldMap, Merged, Owner, merge
from integrations.federation.ours import (
    apply,
    colleague,
    hand_of,
    requester_from,
    status_called,
    type_called,
    values_of,
)
from integrations.federation.port import RemoteItem, RemoteTicket, What
from integrations.federation.text import readable, short_name
from integrations.links import (
    ExternalItem,
    ExternalLink,
    FieldConflict,
    ItemState,
    LinkState,
    Verdict,
)
from integrations.models import RemoteRequest
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.attach import NewFile
from tickets.actions.base import InvalidChange, locked
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.actions.mirror import Said, mirror_file, mirror_message, mirror_state
from tickets.choices import Source
from tickets.models import Attachment, Category, Message, Ticket

logger = structlog.get_logger(__name__)
SHORTEST_CUT: Final = 40  # characters: some systems cut file names this short


@dataclass(frozen=True, slots=True)
class Rules:
    """How fields translate on this channel, and who owns them."""

    maps: Mapping[str, FieldMap]
    owners: Mapping[str, Owner]


@dataclass(slots=True)
class Todo:
    """What has to be written over there: field -> (our word, their word)."""

    to_them: dict[str, tuple[str, str]] = field(default_factory=dict)


def take_over(
    link: ExternalLink, seen: RemoteTicket, files: Mapping[str, bytes | str], rules: Rules,
    *, quiet: bool,
) -> Todo:  # fmt: skip
    """Write down what was seen. The caller holds the organization's scope.

    `files` holds the bytes of new documents by remote id, or a sentence why there are none.
    `quiet`: an old ticket is taken in, nobody is told.
    """
    row = ExternalLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    row.channel = link.channel
    fresh = row.ticket_id is None
    ticket = _take_in(row, seen, rules, quiet) if fresh else _ours(row)
    _bring_in(row, ticket, seen, files, quiet=quiet)
    if fresh:
        _set_first_state(row, ticket, seen, rules)
    todo = _merge(row, ticket, seen, rules)
    _note_seen(row, seen)
    row.local_version = Ticket.objects.values_list("version", flat=True).get(pk=ticket.pk)
    row.save()
    return todo


def _ours(row: ExternalLink) -> Ticket:
    assert row.ticket is not None  # noqa: S101  for the type checker
    return locked(row.ticket)


def _opened_by_a_call(row: ExternalLink) -> Ticket | None:
    """The ticket that a call opened before this channel was kept in step."""
    rows = RemoteRequest.objects.filter(channel=row.channel, remote_id=row.remote_id)
    found = rows.select_related("ticket").first()
    return found.ticket if found else None


def _leave_the_past(row: ExternalLink, ticket: Ticket) -> None:
    """What was said here before the two tickets were kept in step is not handed over now."""
    messages = ticket.messages.filter(is_opening=False).exclude(external_items__link=row)
    ExternalItem.objects.bulk_create(
        ExternalItem(
            organization_id=row.organization_id,
            link=row,
            what=What.MESSAGE.value,
            message=message,
            state=ItemState.DONE,
        )
        for message in messages
    )


def _take_in(row: ExternalLink, seen: RemoteTicket, rules: Rules, quiet: bool) -> Ticket:
    earlier = _opened_by_a_call(row)
    if earlier is not None:
        row.ticket = earlier
        _leave_the_past(row, earlier)
        return locked(earlier)
    channel = row.channel
    text, html = readable(seen.html) if seen.html else (seen.text.strip(), "")
    ours = {
        name: rules.maps[name].to_ours(value)
        for name, value in seen.fields.items()
        if name in rules.maps
    }
    category = (
        Category.objects.filter(
            organization_id=row.organization_id, name__iexact=seen.category
        ).first()
        if seen.category
        else None
    )
    ticket = open_ticket(
        organization_id=row.organization_id,
        requester=requester_from(channel, seen.requester),
        subject=one_line(seen.subject) or _("(No subject)"),
        body=Body(text=text or "–", html=html, external_id=_external_id(row, "opening")),
        source=Source(channel.kind),
        actor=hand_of(channel),
        triage=Triage(
            urgency=ours.get("urgency") or "",
            impact=ours.get("impact") or "",
            type=type_called(row.organization_id, ours.get("type") or ""),
            category=category or channel.default_category,
            team=channel.default_team,
            tags=list(seen.labels),
        ),
        at=seen.created_at,
        quiet=quiet,
    )
    row.ticket = ticket
    return ticket


def _external_id(row: ExternalLink, item: str) -> str:
    return f"{row.channel.kind}:{row.channel_id}:{row.remote_id}:{item}"[:998]


def _set_first_state(row: ExternalLink, ticket: Ticket, seen: RemoteTicket, rules: Rules) -> None:
    def word(name: str) -> str:
        table, value = rules.maps.get(name), seen.fields.get(name)
        return (table.to_ours(value) or "") if table and value is not None else ""

    key = word("status")
    status = status_called(row.organization_id, key) if key else ticket.status
    mirror_state(
        ticket=ticket,
        actor=hand_of(row.channel),
        status=status,
        priority=word("priority"),
        at=seen.head.changed_at,
    )


def new_documents(link: ExternalLink, seen: RemoteTicket) -> list[RemoteItem]:
    """Documents whose bytes are needed: not known here, and not ours under another id."""
    known = set(link.items.values_list("remote_id", flat=True))
    ours = _sending_names(link)
    return [
        one
        for one in seen.items
        if one.what is What.DOCUMENT
        and one.remote_id not in known
        and short_name(one.file_name, SHORTEST_CUT) not in ours
    ]


def _sending_names(link: ExternalLink) -> dict[str, ExternalItem]:
    rows = link.items.filter(remote_id="", attachment__isnull=False)
    return {
        short_name(row.attachment.name, SHORTEST_CUT): row
        for row in rows.select_related("attachment")
        if row.attachment
    }


def _bring_in(
    row: ExternalLink, ticket: Ticket, seen: RemoteTicket, files: Mapping[str, bytes | str],
    *, quiet: bool,
) -> None:  # fmt: skip
    known = set(row.items.values_list("remote_id", flat=True))
    # Without an id: we died before we heard it, or this system tells none.
    pending = row.items.filter(remote_id="", attachment=None)
    ours = {one.marker: one for one in pending.select_related("message")}
    named = _sending_names(row)
    for item in sorted(seen.items, key=lambda one: (one.at is None, one.at or now())):
        if item.remote_id in known:
            continue
        known.add(item.remote_id)
        own = ours.pop(item.marker, None) if item.marker else None
        if item.what is What.DOCUMENT:
            own = named.pop(short_name(item.file_name, SHORTEST_CUT), None)
        if own is not None:
            own.remote_id, own.state, own.error = item.remote_id, ItemState.DONE, ""
            own.save(update_fields=["remote_id", "state", "error"])
        elif item.what is What.DOCUMENT:
            _bring_in_file(row, ticket, item, files)
        else:
            message = _mirror(row, ticket, item, seen, quiet)
            _item(row, item, message=message)


def _item(
    row: ExternalLink, item: RemoteItem, *, message: Message | None = None,
    attachment: Attachment | None = None, error: str = "",
) -> None:  # fmt: skip
    ExternalItem.objects.create(
        organization_id=row.organization_id,
        link=row,
        what=item.what.value,
        message=message,
        attachment=attachment,
        remote_id=item.remote_id,
        came_in=True,
        state=ItemState.FAILED if error else ItemState.DONE,
        error=one_line(error, 300),
    )


def _mirror(
    row: ExternalLink, ticket: Ticket, item: RemoteItem, seen: RemoteTicket, quiet: bool
) -> Message:
    text, html = readable(item.html) if item.html else (item.text.strip(), "")
    if item.what is What.SOLUTION:
        text = _("Solution:") + "\n\n" + text
        html = f"<p><strong>{_('Solution:')}</strong></p>{html}" if html else ""
    author = ticket.requester if item.from_requester else colleague(row.channel, item.author)
    signed = "" if author else item.author.name or item.author.email
    return mirror_message(
        ticket=ticket,
        actor=hand_of(row.channel),
        said=Said(
            text=text,
            html=html,
            public=item.public,
            from_requester=item.from_requester,
            author=author,
            signed_by=signed,
            external_id=_external_id(row, item.remote_id),
            at=item.at,
        ),
        source=Source(row.channel.kind),
        quiet=quiet,
    )


def _bring_in_file(
    row: ExternalLink, ticket: Ticket, item: RemoteItem, files: Mapping[str, bytes | str]
) -> None:
    content = files.get(item.remote_id)
    if content is None:
        return  # it appeared after the bytes were fetched: the next look brings it
    if isinstance(content, str):
        _item(row, item, error=content)
        return
    try:
        file = NewFile(item.file_name or "file", content)
        attachment = mirror_file(ticket=ticket, actor=hand_of(row.channel), file=file)
    except InvalidChange as problem:
        _item(row, item, error=str(problem))
    else:
        _item(row, item, attachment=attachment)


def file_too_large(item: RemoteItem) -> str:
    """A sentence for a document that is larger than we keep, '' for the others."""
    limit = settings.ATTACHMENT_MAX_BYTES
    if item.file_size is None or item.file_size <= limit:
        return ""
    return _("“%(name)s” has %(size).1f MB; a file may have at most %(limit)d MB.") % {
        "name": item.file_name[:80], "size": item.file_size / 2**20, "limit": limit // 2**20,
    }  # fmt: skip


def _merge(row: ExternalLink, ticket: Ticket, seen: RemoteTicket, rules: Rules) -> Todo:
    ticket = locked(ticket)
    base = {name: Agreed(*pair) for name, pair in row.base.items()}
    merged = merge(base, values_of(ticket), seen.fields, rules.maps, rules.owners)
    _apply(ticket, row, merged)
    _keep_conflicts(row, merged, rules.maps)
    for name, agreed in merged.agreed.items():
        row.base[name] = [agreed.ours, agreed.theirs]
    _note_state(row, merged, seen)
    ours = values_of(locked(ticket))
    return Todo({name: (ours[name], raw) for name, raw in merged.to_them.items()})


def _apply(ticket: Ticket, row: ExternalLink, merged: Merged) -> None:
    """Give our ticket what flows in; a value that does not fit here is unknown, not fatal."""
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
    ours = values_of(locked(ticket))
    for name, agreed in merged.agreed.items():
        merged.agreed[name] = Agreed(ours[name], agreed.theirs)


def _keep_conflicts(row: ExternalLink, merged: Merged, maps: Mapping[str, FieldMap]) -> None:
    still_open = {clash.name for clash in merged.clashes if not clash.kept}
    row.conflicts.filter(verdict=Verdict.OPEN).exclude(field__in=still_open).update(
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


def _note_state(row: ExternalLink, merged: Merged, seen: RemoteTicket) -> None:
    words = [*seen.surprises]
    for name, value in merged.unknown.items():
        words.append(
            _("Unknown value “%(value)s” of %(field)s.") % {"value": value[:60], "field": name}
        )
        logger.warning(
            "federation_unknown_value", link=row.pk, remote=row.remote_id, field=name, value=value
        )
    failed = row.items.filter(state=ItemState.FAILED).first()
    if failed is not None:
        words.append(failed.error)
    remark = ""
    if merged.unwritable:  # a difference that stays, not a delay
        fields = {"fields": ", ".join(merged.unwritable)}
        remark = _("Cannot be written there: %(fields)s.") % fields
    row.error = one_line(" ".join([*words, remark]), 300)
    if row.conflicts.filter(verdict=Verdict.OPEN).exists():
        row.state = LinkState.CONFLICT
    else:
        row.state = LinkState.BEHIND if words else LinkState.OK


def _note_seen(row: ExternalLink, seen: RemoteTicket) -> None:
    row.remote_version = row.seen_version = seen.head.version[:120]
    row.remote_changed_at = seen.head.changed_at
    row.display_id = (seen.display_id or row.remote_id)[:60]
    row.url = seen.url[:500]
