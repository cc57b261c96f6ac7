"""What came from the far side, written down here: one transaction for one ticket.

The link row is locked first, then the ticket. Everything that follows from one reading of the
remote ticket is committed together: its new items, the merged fields, conflicts, the agreement.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from integrations.federation.agreeing import Rules, Todo, agree
from integrations.federation.ours import (
    colleague,
    hand_of,
    requester_from,
    status_called,
    type_called,
)
from integrations.federation.port import RemoteItem, RemoteTicket, What
from integrations.federation.text import readable, short_name
from integrations.links import (
    ExternalItem,
    ExternalLink,
    ItemState,
)
from integrations.models import RemoteRequest
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.history import writing_history
from omnidesk.core.text import one_line
from tickets.actions.attach import NewFile
from tickets.actions.base import InvalidChange, locked
from tickets.actions.clocks import start_clocks
from tickets.actions.intake import Body, Opening, Triage, open_tickets
from tickets.actions.mirror import Said, mirror_file, mirror_message, mirror_state
from tickets.choices import Source
from tickets.models import Attachment, Category, Message, Ticket, TicketType

logger = structlog.get_logger(__name__)
SHORTEST_CUT: Final = 40  # characters: some systems cut file names this short
# Older than this, so that no sweep takes what is imported for news.
NEWEST: Final = timedelta(hours=2)


def take_over(
    link: ExternalLink, seen: RemoteTicket, files: Mapping[str, bytes | str], rules: Rules,
    *, quiet: bool,
) -> Todo:  # fmt: skip
    """Write down what was seen. The caller holds the organization's scope.

    `files` holds the bytes of new documents by remote id, or a sentence why there are none.
    `quiet`: an old ticket is taken in as it happened, nobody is told, no rule is asked; agreed
    times apply to one that is still open.
    """
    row = ExternalLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    row.channel = link.channel
    fresh = row.ticket_id is None
    earlier = _opened_by_a_call(row) if fresh else None
    quiet = quiet and earlier is None
    ticket = _take_in(row, seen, rules, quiet, earlier) if fresh else _ours(row)
    news = _bring_in(row, ticket, seen, files, quiet=quiet)
    if fresh:
        ticket = _set_first_state(row, ticket, seen, rules, quiet)
        if quiet and not ticket.is_settled:
            start_clocks([ticket])
    elif news:
        ticket = locked(ticket)
    ticket, todo = agree(row, ticket, seen, rules)
    note_seen(row, seen)
    todo.only_theirs = fresh and earlier is None
    row.local_version = ticket.version
    row.save()
    return todo


def _then(moment: datetime | None, quiet: bool) -> AbstractContextManager[None]:
    """What is written inside happened back then, where an old ticket is taken in."""
    if not quiet:
        return nullcontext()
    return writing_history(past(moment))


def past(moment: datetime | None) -> datetime:
    """When something old happened, as the log tells it."""
    latest = now() - NEWEST
    return min(moment, latest) if moment else latest


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


def _take_in(
    row: ExternalLink, seen: RemoteTicket, rules: Rules, quiet: bool, earlier: Ticket | None
) -> Ticket:
    if earlier is not None:
        row.ticket = earlier
        _leave_the_past(row, earlier)
        return locked(earlier)
    channel = row.channel
    category = (
        Category.objects.filter(
            organization_id=row.organization_id, name__iexact=seen.category
        ).first()
        if seen.category
        else None
    )
    kind = type_called(row.organization_id, ours_of(seen, rules, "type"))
    requester = requester_from(channel, seen.requester)
    with _then(seen.created_at, quiet):
        [message] = open_tickets(
            organization_id=row.organization_id,
            openings=[opening_of(row, seen, rules, requester, kind, category)],
            source=Source(channel.kind),
            actor=hand_of(channel),
            quiet=quiet,
        )
        ticket = message.ticket
    row.ticket = ticket
    return ticket


def opening_of(
    row: ExternalLink, seen: RemoteTicket, rules: Rules, requester: User,
    kind: TicketType | None, category: Category | None,
) -> Opening:  # fmt: skip
    """The ticket that theirs becomes here."""
    text, html = readable(seen.html) if seen.html else (seen.text.strip(), "")
    channel = row.channel
    return Opening(
        requester=requester,
        subject=one_line(seen.subject) or _("(No subject)"),
        body=Body(text=text or "–", html=html, external_id=external_id_of(row, "opening")),
        triage=Triage(
            urgency=ours_of(seen, rules, "urgency"),
            impact=ours_of(seen, rules, "impact"),
            type=kind,
            category=category or channel.default_category,
            team=channel.default_team,
            tags=list(seen.labels),
        ),
        at=seen.created_at,
    )


def external_id_of(row: ExternalLink, item: str) -> str:
    """What a message of the far side is known by."""
    return f"{row.channel.kind}:{row.channel_id}:{row.remote_id}:{item}"[:998]


def _set_first_state(
    row: ExternalLink, ticket: Ticket, seen: RemoteTicket, rules: Rules, quiet: bool
) -> Ticket:
    key = ours_of(seen, rules, "status")
    status = status_called(row.organization_id, key) if key else ticket.status
    with _then(seen.head.changed_at, quiet):
        return mirror_state(
            ticket=ticket,
            actor=hand_of(row.channel),
            status=status,
            priority=ours_of(seen, rules, "priority"),
            at=seen.head.changed_at,
        )


def ours_of(seen: RemoteTicket, rules: Rules, name: str) -> str:
    """Our word for a field of theirs, '' where there is none."""
    table, value = rules.maps.get(name), seen.fields.get(name)
    return (table.to_ours(value) or "") if table and value is not None else ""


def new_documents(link: ExternalLink, seen: RemoteTicket) -> list[RemoteItem]:
    """Documents whose bytes are needed: not known here, and not ours under another id.

    Queries: 1.
    """
    rows = list(link.items.select_related("attachment"))
    known, ours = {one.remote_id for one in rows}, _by_name(rows)
    return [
        one
        for one in seen.items
        if one.what is What.DOCUMENT
        and one.remote_id not in known
        and short_name(one.file_name, SHORTEST_CUT) not in ours
    ]


def _by_name(rows: Iterable[ExternalItem]) -> dict[str, ExternalItem]:
    """Files of ours that are over there without an id that we know, by their short names."""
    return {
        short_name(row.attachment.name, SHORTEST_CUT): row
        for row in rows
        if row.attachment and not row.remote_id
    }


def _bring_in(
    row: ExternalLink, ticket: Ticket, seen: RemoteTicket, files: Mapping[str, bytes | str],
    *, quiet: bool,
) -> bool:  # fmt: skip
    """Whether anything new came in. Queries: 1 where nothing did."""
    rows = list(row.items.select_related("attachment"))
    known = {one.remote_id for one in rows}
    # Without an id: we died before we heard it, or this system tells none.
    ours = {one.marker: one for one in rows if not one.remote_id and one.attachment is None}
    named = _by_name(rows)
    news = False
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
        else:
            with _then(item.at, quiet):
                if item.what is What.DOCUMENT:
                    _bring_in_file(row, ticket, item, files)
                else:
                    _item(row, item, message=_mirror(row, ticket, item, quiet))
            news = True
    return news


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


def _mirror(row: ExternalLink, ticket: Ticket, item: RemoteItem, quiet: bool) -> Message:
    author = ticket.requester if item.from_requester else colleague(row.channel, item.author)
    return mirror_message(
        ticket=ticket,
        actor=hand_of(row.channel),
        said=said_of(row, item, author),
        source=Source(row.channel.kind),
        quiet=quiet,
    )


def said_of(row: ExternalLink, item: RemoteItem, author: User | None) -> Said:
    """A message or solution, as our tickets keep it; `author` is who of ours wrote it."""
    text, html = readable(item.html) if item.html else (item.text.strip(), "")
    if item.what is What.SOLUTION:
        text = _("Solution:") + "\n\n" + text
        html = f"<p><strong>{_('Solution:')}</strong></p>{html}" if html else ""
    return Said(
        text=text,
        html=html,
        public=item.public,
        from_requester=item.from_requester,
        author=author,
        signed_by="" if author else item.author.name or item.author.email,
        external_id=external_id_of(row, item.remote_id),
        at=item.at,
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


def note_seen(row: ExternalLink, seen: RemoteTicket) -> None:
    """On the row, which is not saved: how the ticket is over there."""
    row.remote_version = row.seen_version = seen.head.version[:120]
    row.remote_changed_at = seen.head.changed_at
    row.display_id = (seen.display_id or row.remote_id)[:60]
    row.url = seen.url[:500]
