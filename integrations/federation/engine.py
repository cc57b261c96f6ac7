"""Keeping the tickets of one channel in step: find what changed, then settle link by link.

Rows are the queue: `ExternalLink.due_at` says which link wants a look, a claim says who is at
it. Each step is committed before the next, so the work goes on where a killed process stopped:

    listed    the remote list was read        -> links are due, the position is kept
    claimed   one process is at a link        -> after STALE_CLAIM another one takes it
    read      the remote ticket was fetched   -> nothing written yet
    taken     items, fields, conflicts here   -> one transaction
    handed    item by item, then fields there -> each recorded before and after its call
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.channels import note_failure
from integrations.actions.importing import announce_import
from integrations.federation import kinds
from integrations.federation.agreeing import Rules
from integrations.federation.ahead import WINDOW, Reading, readers
from integrations.federation.claims import (
    LONGEST_WAIT,
    Claimed,
    claim,
    free_links,
    gave_way,
    let_be,
    let_go,
    postpone,
)
from integrations.federation.handover import Far, hand_over, make_ticket
from integrations.federation.importing import (
    Found,
    has_files,
    is_new_and_old,
    take_in_together,
)
from integrations.federation.options import first_day, flag, maps_of, owners_of, setting
from integrations.federation.port import (
    Connector,
    Head,
    RemoteTicket,
    RemoteTrouble,
    Surprise,
    What,
)
from integrations.federation.takeover import file_too_large, new_documents, take_over
from integrations.links import ExternalLink, LinkState
from integrations.models import Channel
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line

logger = structlog.get_logger(__name__)
OVERLAP: Final = timedelta(minutes=5)
RUN_SECONDS: Final = 450.0
CHUNK: Final = 200
# With fewer due links, readers ahead are not worth their sessions.
AHEAD_FROM: Final = 20
# Old tickets that are taken in with one transaction.
TOGETHER: Final = 20


@contextmanager
def far_side(channel: Channel) -> Iterator[Far]:
    """The channel's far side, its session closed in the end."""
    kind = kinds.load(channel.kind)
    remote = kind.connect(channel)
    rules = Rules(maps_of(channel, kind.maps), owners_of(channel, kind.owners))
    far = Far(remote, rules, flag(channel, "share_notes", True))
    try:
        yield far
    finally:
        remote.close()
        if far.old:
            with organization_scope(channel.organization_id):
                announce_import(channel, len(far.old))


def sync(channel: Channel) -> int:
    """Find and settle everything that is due; returns how many links were settled.

    Raises RemoteTrouble when the far side as a whole did not work; what is left stays due.
    """
    with far_side(channel) as far:
        try:
            discover(channel, far.remote)
        except Surprise as problem:
            logger.warning(
                "federation_list_not_read", channel=channel.pk, problem=str(problem),
                shape=problem.shape,
            )  # fmt: skip
            work(channel, far)  # what is known to be due needs no list
            raise RemoteTrouble(str(problem)) from problem
        return work(channel, far)


def test(channel: Channel) -> str:
    """Reach the far side; one sentence."""
    with far_side(channel) as far:
        return far.remote.test()


def discover(channel: Channel, remote: Connector) -> int:
    """Make links due for what changed over there, and for what was missed here."""
    found = 0
    if setting(channel, "take_in", "all") == "all" or _has_links(channel):
        cursor = str(channel.cursor.get("changed_at", ""))
        since = datetime.fromisoformat(cursor) - OVERLAP if cursor else first_day(channel)
        heads = remote.changed(since)
        for start in range(0, len(heads), CHUNK):
            found += _mark(channel, heads[start : start + CHUNK], first_time=not cursor)
        _keep_position(channel, heads, found)
    with organization_scope(channel.organization_id):
        # News of ours whose event was lost in a crash.
        links = ExternalLink.objects.filter(channel=channel, due_at=None)
        behind = Q(ticket__version__gt=F("local_version"), ticket__deleted_at=None)
        links.filter(behind).exclude(state=LinkState.GONE).update(due_at=now())
    return found


def _has_links(channel: Channel) -> bool:
    with organization_scope(channel.organization_id):
        return ExternalLink.objects.filter(channel=channel).exclude(remote_id="").exists()


def _mark(channel: Channel, heads: list[Head], *, first_time: bool) -> int:
    moment = now()
    with organization_scope(channel.organization_id):
        rows = ExternalLink.objects.filter(
            channel=channel, remote_id__in=[head.remote_id for head in heads]
        )
        known = {row.remote_id: row for row in rows}
        changed = [
            head
            for head in heads
            if head.remote_id in known and known[head.remote_id].seen_version != head.version[:120]
        ]
        for head in changed:
            rows.filter(remote_id=head.remote_id).update(
                seen_version=head.version[:120], due_at=moment
            )
        new = [head for head in heads if head.remote_id not in known]
        if setting(channel, "take_in", "all") != "all":
            new = []
        ExternalLink.objects.bulk_create(
            (
                ExternalLink(
                    organization_id=channel.organization_id,
                    channel=channel,
                    remote_id=head.remote_id,
                    seen_version=head.version[:120],
                    remote_changed_at=head.changed_at,
                    is_old=first_time,
                    due_at=moment,
                )
                for head in new
            ),
            ignore_conflicts=True,
        )
    return len(changed) + len(new)


def _keep_position(channel: Channel, heads: list[Head], found: int) -> None:
    latest = max((head.changed_at for head in heads if head.changed_at), default=None)
    with organization_scope(channel.organization_id):
        row = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
        earlier = str(row.cursor.get("changed_at", ""))
        if latest and latest.isoformat() > earlier:
            row.cursor = {**row.cursor, "changed_at": latest.isoformat()}
        if not earlier:
            row.cursor = {**row.cursor, "first_count": found}
        row.save(update_fields=["cursor"])
    channel.cursor = row.cursor


def work(channel: Channel, far: Far, *, seconds: float = RUN_SECONDS) -> int:
    """Settle due links until none is left or the time is up; returns how many."""
    end = time.monotonic() + seconds
    settled = 0
    while time.monotonic() < end:
        ids = due_links(channel)
        if not ids:
            break
        if len(ids) >= AHEAD_FROM:
            settled += _work_ahead(channel, far, ids, end)
            continue
        for link_id in ids:
            settled += settle_link(channel, far, link_id)
            if time.monotonic() >= end:
                break
    return settled


@dataclass(slots=True)
class _Waiting:
    """A link that we hold, whose ticket is read or being read; `alone`: not with others."""

    claimed: Claimed
    reading: Reading | None
    alone: bool = False


def _work_ahead(channel: Channel, far: Far, ids: list[int], end: float) -> int:
    """The same with readers that run ahead; what is claimed and not reached is let go."""
    kind = kinds.load(channel.kind)
    settled, rest = 0, iter(ids)
    waiting: deque[_Waiting] = deque()
    with readers(lambda: kind.connect(channel), channel.organization.language) as ahead:
        try:
            while time.monotonic() < end:
                while len(waiting) <= WINDOW // 2 and (some := list(islice(rest, WINDOW // 2))):
                    for claimed in claim(channel, some):
                        known = claimed.link.remote_id
                        reading = ahead.read(known) if known else None
                        waiting.append(_Waiting(claimed, reading))
                if not waiting:
                    break
                settled += _settle_next(channel, far, waiting)
        except RemoteTrouble:
            let_go(channel, [one.claimed for one in waiting])
            raise
        let_go(channel, [one.claimed for one in waiting])
    return settled


def _settle_next(channel: Channel, far: Far, waiting: deque[_Waiting]) -> int:
    """Settle the first that waits, with those behind it that can be taken in together."""
    together: list[_Waiting] = []
    while waiting and len(together) < TOGETHER and _goes_with_others(waiting[0]):
        together.append(waiting.popleft())
    if not together:
        one = waiting.popleft()
        return int(_settled(one.claimed, far, one.reading))
    here, done = _take_together(channel, far, together)
    for one in reversed(together):
        if one.claimed.link.pk not in done:
            one.alone = True
            waiting.appendleft(one)
    far.old.extend(here)
    return len(done)


def _goes_with_others(one: _Waiting) -> bool:
    return not one.alone and one.reading is not None and is_new_and_old(one.claimed.link)


def _take_together(
    channel: Channel, far: Far, together: Sequence[_Waiting]
) -> tuple[set[int], set[int]]:
    """See `take_in_together`; what could not be read, and all where something failed, is left."""
    found = []
    for one in together:
        # Its exception is raised, and told, when it is settled alone.
        if one.reading is None or one.reading.exception() is not None:
            continue
        seen = one.reading.result()
        # What carries a mark of ours may be a ticket that we are making there.
        if seen is not None and not has_files(seen) and not seen.marker:
            found.append(Found(one.claimed, seen))
    try:
        with (
            translation.override(channel.organization.language),
            organization_scope(channel.organization_id),
        ):
            return take_in_together(channel, found, far.rules)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # intended: the one that is at fault is found, and told of, when each is settled alone
        logger.warning("federation_taken_apart", channel=channel.pk, exc_info=True)
        for read in found:
            read.link.ticket = None
        return set(), set()


def due_links(channel: Channel, limit: int = 100) -> list[int]:
    """Links that want a look now, the longest waiting first."""
    with organization_scope(channel.organization_id):
        rows = ExternalLink.objects.filter(free_links(), channel=channel, due_at__lte=now())
        return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])


def settle_link(channel: Channel, far: Far, link_id: int) -> bool:
    """Bring one link into step. Returns whether it is; raises what concerns the whole channel."""
    return any(_settled(claimed, far) for claimed in claim(channel, [link_id]))


def _settled(claimed: Claimed, far: Far, reading: Reading | None = None) -> bool:
    link, token = claimed.link, claimed.token
    channel = link.channel
    try:
        with translation.override(channel.organization.language):
            if _settle(claimed, far, reading):
                return True
    except RemoteTrouble as problem:
        postpone(link, token, problem.message, problem.retry_after)
        if problem.everywhere:
            raise
        return False
    except Surprise as problem:
        logger.warning(
            "federation_record_skipped", channel=channel.pk, remote=link.remote_id,
            problem=one_line(str(problem), 500), shape=problem.shape,
        )  # fmt: skip
        postpone(link, token, str(problem), LONGEST_WAIT)
        return False
    except Exception as problem:  # one odd record must not stop the rest
        logger.exception("federation_link_crashed", link=link.pk)
        postpone(link, token, f"{type(problem).__name__}: {problem}")
        return False
    with organization_scope(link.organization_id):
        let_be([claimed])
    return True


def look_at(organization_id: int, link_id: int) -> bool:
    """Bring one link into step if it is due, its outcome noted on the channel."""
    with organization_scope(organization_id):
        rows = ExternalLink.objects.filter(pk=link_id, due_at__lte=now(), channel__is_active=True)
        link = rows.select_related("channel__organization").first()
    if link is None:
        return False
    try:
        with far_side(link.channel) as far:
            return settle_link(link.channel, far, link_id)
    except RemoteTrouble as problem:
        with organization_scope(organization_id):
            note_failure(link.channel, problem)
        return False


def _settle(claimed: Claimed, far: Far, reading: Reading | None) -> bool:
    """Returns whether the link was let go with the last thing that was written down."""
    link = claimed.link
    if link.ticket is not None and link.ticket.deleted_at is not None:
        return False  # in our bin: both sides stay as they are
    if not link.remote_id:
        make_ticket(link, far)
    seen = reading.result() if reading else far.remote.fetch(link.remote_id)
    if seen is None:
        with organization_scope(link.organization_id):
            words = _("This ticket is no longer on the other side.")
            ExternalLink.objects.filter(pk=link.pk).update(state=LinkState.GONE, error=words)
        return False
    if link.ticket_id is None and seen.marker and gave_way(link, seen.marker):
        return True
    files = _load_files(link, seen, far)
    quiet = link.is_old and link.ticket_id is None
    with organization_scope(link.organization_id):
        todo = take_over(link, seen, files, far.rules, quiet=quiet)
        done = todo.only_theirs and not todo.to_them
        if done:
            let_be([claimed])
        else:
            link.refresh_from_db(fields=["ticket", "base", "state", "error"])
    if quiet:
        far.old.append(link.pk)
    if not done:
        hand_over(link, todo, far)
    return done


def _load_files(link: ExternalLink, seen: RemoteTicket, far: Far) -> dict[str, bytes | str]:
    if not any(item.what is What.DOCUMENT for item in seen.items):
        return {}
    with organization_scope(link.organization_id):
        wanted = new_documents(link, seen)
    files: dict[str, bytes | str] = {}
    for item in wanted:
        too_large = file_too_large(item)
        if too_large:
            files[item.remote_id] = too_large
            continue
        try:
            files[item.remote_id] = far.remote.load(link.remote_id, item)
        except RemoteTrouble as problem:
            if not problem.permanent or problem.everywhere:
                raise
            files[item.remote_id] = problem.message
    return files
