"""Who is at a link: claims, given back at the end, by whoever holds them."""

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.db.models import Case, F, Q, When

from integrations.links import ExternalLink, LinkState
from integrations.models import Channel
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line

logger = structlog.get_logger(__name__)
STALE_CLAIM: Final = timedelta(minutes=5)
FIRST_WAIT: Final = 30.0  # seconds; doubles at every try
LONGEST_WAIT: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A link and the name under which this process holds it."""

    link: ExternalLink
    token: str


def claim(channel: Channel, ids: Sequence[int]) -> list[Claimed]:
    """Those of these links that nobody is at, in this order; they are ours now. Queries: 2."""
    token = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    with organization_scope(channel.organization_id):
        rows = ExternalLink.objects.filter(free_links(), pk__in=ids, channel=channel)
        if not rows.update(claimed_at=now(), claimed_by=token):
            return []
        related = ("ticket__requester", "ticket__status", "ticket__type")
        links = ExternalLink.objects.select_related(*related).filter(claimed_by=token)
        found = {link.pk: link for link in links.filter(pk__in=ids)}
    for link in found.values():
        link.channel = channel
    return [Claimed(found[pk], token) for pk in ids if pk in found]


def free_links() -> Q:
    """Links that nobody is at."""
    return Q(claimed_at=None) | Q(claimed_at__lt=now() - STALE_CLAIM)


def let_go(channel: Channel, claims: Sequence[Claimed]) -> None:
    """Claimed, but its turn did not come: whoever comes next may have it. Queries: 1."""
    with organization_scope(channel.organization_id):
        rows = ExternalLink.objects.filter(
            pk__in=[one.link.pk for one in claims], claimed_by__in={one.token for one in claims}
        )
        rows.update(claimed_at=None, claimed_by="")


def let_be(claims: Sequence[Claimed]) -> None:
    """In step: not ours any more. The caller holds the scope. Queries: 1."""
    if not claims:
        return
    since = min(one.link.claimed_at for one in claims if one.link.claimed_at is not None)
    rows = ExternalLink.objects.filter(
        pk__in=[one.link.pk for one in claims], claimed_by__in={one.token for one in claims}
    )
    rows.update(
        # What became due while we were at it stays due.
        due_at=Case(When(due_at__gt=since, then=F("due_at"))),
        claimed_at=None,
        claimed_by="",
        tries=0,
        synced_at=now(),
    )


def gave_way(link: ExternalLink, marker: str) -> bool:
    """Whether the list found a ticket that we are making over there, before we heard its number.

    Then this link goes, and the one that carries the mark, committed before the ticket was made,
    finds it: our ticket never comes in as a second one.
    """
    with organization_scope(link.organization_id):
        making = ExternalLink.objects.filter(channel=link.channel, marker=marker, remote_id="")
        if not making.exclude(ticket=None).update(due_at=now()):
            return False
        ExternalLink.objects.filter(pk=link.pk, ticket=None).delete()
    return True


def postpone(link: ExternalLink, token: str, words: str, wait: float = 0) -> None:
    """It did not come into step: said on the link, and tried again later, rarer each time."""
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
