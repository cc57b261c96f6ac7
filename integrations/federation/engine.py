"""Keeping the tickets of one channel in step: find what changed, then settle link by link.

Rows are the queue: `ExternalLink.due_at` says which link wants a look, a claim says who is at
it. Each step is committed before the next, so the work goes on where a killed process stopped:

    listed    the remote list was read        -> links are due, the position is kept
    claimed   one process is at a link        -> after STALE_CLAIM another one takes it
    read      the remote ticket was fetched   -> nothing written yet
    taken     items, fields, conflicts here   -> one transaction
    handed    item by item, then fields there -> each recorded before and after its call
"""

import os
import socket
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from django.db.models import Case, F, Q, When
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.channels import note_failure
from integrations.actions.importing import announce_import
from integrations.federation import kinds
from integrations.federation.agreeing import Rules
from integrations.federation.ahead import WINDOW, Reading, readers
from integrations.federation.handover import Far, hand_over, make_ticket
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
STALE_CLAIM: Final = timedelta(minutes=5)
OVERLAP: Final = timedelta(minutes=5)
FIRST_WAIT: Final = 30.0  # seconds; doubles at every try
LONGEST_WAIT: Final = 3600.0
RUN_SECONDS: Final = 450.0
CHUNK: Final = 200
# With fewer due links, readers ahead are not worth their sessions.
AHEAD_FROM: Final = 20


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


def _work_ahead(channel: Channel, far: Far, ids: list[int], end: float) -> int:
    """The same with readers that run ahead; what is claimed and not reached is let go."""
    kind = kinds.load(channel.kind)
    settled, rest = 0, iter(ids)
    waiting: deque[tuple[_Claimed, Reading | None]] = deque()
    with readers(lambda: kind.connect(channel), channel.organization.language) as ahead:
        try:
            while time.monotonic() < end:
                while len(waiting) <= WINDOW // 2 and (some := list(islice(rest, WINDOW // 2))):
                    for claimed in _claim(channel, some):
                        known = claimed.link.remote_id
                        waiting.append((claimed, ahead.read(known) if known else None))
                if not waiting:
                    break
                claimed, reading = waiting.popleft()
                settled += _settled(claimed, far, reading)
        except RemoteTrouble:
            _let_go(channel, [claimed for claimed, _reading in waiting])
            raise
        _let_go(channel, [claimed for claimed, _reading in waiting])
    return settled


def _let_go(channel: Channel, claims: Sequence["_Claimed"]) -> None:
    """Claimed, but its turn did not come: whoever comes next may have it."""
    with organization_scope(channel.organization_id):
        for claimed in claims:
            rows = ExternalLink.objects.filter(pk=claimed.link.pk, claimed_by=claimed.token)
            rows.update(claimed_at=None, claimed_by="")


def due_links(channel: Channel, limit: int = 100) -> list[int]:
    """Links that want a look now, the longest waiting first."""
    moment = now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=moment - STALE_CLAIM)
    with organization_scope(channel.organization_id):
        rows = ExternalLink.objects.filter(free, channel=channel, due_at__lte=moment)
        return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])


def settle_link(channel: Channel, far: Far, link_id: int) -> bool:
    """Bring one link into step. Returns whether it is; raises what concerns the whole channel."""
    return any(_settled(claimed, far) for claimed in _claim(channel, [link_id]))


def _settled(claimed: "_Claimed", far: Far, reading: Reading | None = None) -> bool:
    link, token = claimed.link, claimed.token
    channel = link.channel
    try:
        with translation.override(channel.organization.language):
            if _settle(claimed, far, reading):
                return True
    except RemoteTrouble as problem:
        _postpone(link, token, problem.message, problem.retry_after)
        if problem.everywhere:
            raise
        return False
    except Surprise as problem:
        logger.warning(
            "federation_record_skipped", channel=channel.pk, remote=link.remote_id,
            problem=one_line(str(problem), 500), shape=problem.shape,
        )  # fmt: skip
        _postpone(link, token, str(problem), LONGEST_WAIT)
        return False
    except Exception as problem:  # one odd record must not stop the rest
        logger.exception("federation_link_crashed", link=link.pk)
        _postpone(link, token, f"{type(problem).__name__}: {problem}")
        return False
    with organization_scope(link.organization_id):
        _let_be(claimed)
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


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A link and the name under which this process holds it."""

    link: ExternalLink
    token: str


def _claim(channel: Channel, ids: Sequence[int]) -> list[_Claimed]:
    """Those of these links that nobody is at, in this order; they are ours now. Queries: 2."""
    token = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    moment = now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=moment - STALE_CLAIM)
    with organization_scope(channel.organization_id):
        rows = ExternalLink.objects.filter(free, pk__in=ids, channel=channel)
        if not rows.update(claimed_at=moment, claimed_by=token):
            return []
        related = ("ticket__requester", "ticket__status", "ticket__type")
        links = ExternalLink.objects.select_related(*related).filter(claimed_by=token)
        found = {link.pk: link for link in links.filter(pk__in=ids)}
    for link in found.values():
        link.channel = channel
    return [_Claimed(found[pk], token) for pk in ids if pk in found]


def _settle(claimed: "_Claimed", far: Far, reading: Reading | None) -> bool:
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
    files = _load_files(link, seen, far)
    quiet = link.is_old and link.ticket_id is None
    with organization_scope(link.organization_id):
        todo = take_over(link, seen, files, far.rules, quiet=quiet)
        done = todo.only_theirs and not todo.to_them
        if done:
            _let_be(claimed)
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


def _let_be(claimed: "_Claimed") -> None:
    """In step: not ours any more. The caller holds the scope. Queries: 1."""
    link = claimed.link
    ExternalLink.objects.filter(pk=link.pk, claimed_by=claimed.token).update(
        # What became due while we were at it stays due.
        due_at=Case(When(due_at__gt=link.claimed_at, then=F("due_at"))),
        claimed_at=None,
        claimed_by="",
        tries=0,
        synced_at=now(),
    )


def _postpone(link: ExternalLink, token: str, words: str, wait: float = 0) -> None:
    wait = max(wait, min(FIRST_WAIT * 2.0 ** min(link.tries, 10), LONGEST_WAIT))
    with organization_scope(link.organization_id):
        rows = ExternalLink.objects.filter(pk=link.pk, claimed_by=token)
        rows.exclude(state__in=[LinkState.CONFLICT, LinkState.WAITING]).update(
            state=LinkState.BEHIND
        )
        rows.update(
            claimed_at=None,
            claimed_by="",
            tries=min(link.tries + 1, 1000),
            due_at=now() + timedelta(seconds=wait),
            error=one_line(words, 300),
        )
    logger.info("federation_postponed", link=link.pk, problem=words, wait=int(wait))
