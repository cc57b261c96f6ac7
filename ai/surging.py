"""The look for surges: in the ai-worker, over what came in lately, one organization at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from ai.actions.surges import Noticed, fade_surges, grow_surge, raise_surge
from ai.db import release
from ai.engine import surge as engine
from ai.engine.retrieve import ticket_text
from ai.engine.store import point_id
from ai.models import Surge, SurgeMember
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tickets.choices import Source
from tickets.models import Ticket

LOOK_BACK = timedelta(hours=engine.LOOK_BACK)
# What is usual is read off the weeks before.
HISTORY = timedelta(days=28)
MOST_HISTORY = 200
# An incident takes further tickets in for so long.
GROWS_FOR = timedelta(hours=24)
# A ticket of a surge: id, text, language.
Member = tuple[int, str, str]


def organizations_to_look_at(moment: datetime | None = None) -> list[int]:
    """Organizations where a ticket came in within the look back. Queries: 2."""
    since = (moment or now()) - LOOK_BACK
    with system_scope():
        rows = Ticket.objects.alive().filter(created_at__gte=since).order_by()
        return sorted(set(rows.values_list("organization_id", flat=True)))


def look(runtime: Runtime, organization_id: int, moment: datetime | None = None) -> list[int]:
    """Raise and grow surges of an organization; returns the ids of those that changed."""
    moment = moment or now()
    with organization_scope(organization_id):
        fade_surges(organization_id, moment)
        arrivals = _arrivals(organization_id, moment)
        open_surges = _open_surges(organization_id, moment)
    arrivals = _with_vectors(runtime, arrivals)
    changed = []
    for surge, members in open_surges:
        later = _belonging(runtime, members, arrivals)
        arrivals = [one for one in arrivals if one.ticket_id not in later]
        if later:
            with organization_scope(organization_id):
                changed += [surge.pk] if grow_surge(surge=surge, ticket_ids=later) else []
    for cluster in engine.find_clusters(arrivals):
        found = _raise(runtime, organization_id, cluster, moment)
        changed += [found.pk] if found else []
    return changed


def _arrivals(organization_id: int, moment: datetime) -> list[engine.Arrival]:
    """What came in lately and is in no surge yet, without vectors. Queries: 1."""
    taken = SurgeMember.objects.exclude(surge__state=Surge.State.FADED)
    rows = (
        Ticket.objects.alive()
        .filter(
            organization_id=organization_id,
            created_at__gte=moment - LOOK_BACK,
            created_at__lte=moment,
            merged_into=None,
            surge=None,
        )
        .exclude(source=Source.IMPORT)
        .exclude(pk__in=taken.values("ticket"))
        .order_by("-created_at")[: engine.MOST_ARRIVALS]
    )
    nothing = np.zeros(0, dtype=np.float32)
    return [
        engine.Arrival(
            ticket_id=pk,
            person_id=requester,
            age=(moment - created).total_seconds() / 3600,
            text=ticket_text(subject, description)[:4_000],
            vector=nothing,
            language=language,
        )
        for pk, requester, created, subject, description, language in rows.values_list(
            "pk", "requester_id", "created_at", "subject", "description", "language"
        )
    ]


def _with_vectors(runtime: Runtime, arrivals: Sequence[engine.Arrival]) -> list[engine.Arrival]:
    """Those that are in the index; the others are seen by the next look."""
    keys = {point_id("ticket", one.ticket_id): one for one in arrivals}
    stored = runtime.store.retrieve(list(keys)) if keys else {}
    return [replace(one, vector=stored[key].vector) for key, one in keys.items() if key in stored]


def _open_surges(organization_id: int, moment: datetime) -> list[tuple[Surge, list[Member]]]:
    """Surges that may grow, with their members. Queries: 1 + 1 each."""
    rows = Surge.objects.filter(
        organization_id=organization_id, last_at__gte=moment - GROWS_FOR
    ).exclude(state=Surge.State.FADED)
    # An incident that is over takes nothing in: what comes then is news.
    live = rows.exclude(ticket__resolved_at__isnull=False)
    found = []
    for surge in live:
        kept = surge.members.exclude(answer=SurgeMember.Answer.OTHER)
        values = kept.values_list(
            "ticket", "ticket__subject", "ticket__description", "ticket__language"
        )[:50]
        found.append((surge, [(pk, ticket_text(s, d)[:4_000], code) for pk, s, d, code in values]))
    return found


def _belonging(
    runtime: Runtime, members: Sequence[Member], arrivals: Sequence[engine.Arrival]
) -> list[int]:
    if not arrivals:
        return []
    stored = runtime.store.retrieve([point_id("ticket", pk) for pk, _, _ in members])
    if not stored:
        return []
    mean = np.stack([one.vector for one in stored.values()]).mean(axis=0)
    centre = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    texts = [text for _, text, _ in members]
    codes = [code for _, _, code in members]
    return [one.ticket_id for one in arrivals if engine.near(centre, texts, one, codes)]


def _raise(
    runtime: Runtime, organization_id: int, cluster: engine.Cluster, moment: datetime
) -> Surge | None:
    before, hours = _history(runtime, organization_id, cluster, moment)
    surprise = engine.surprise(cluster, before, hours)
    if surprise is None:
        return None
    _count, usual = surprise
    noticed = Noticed(
        ticket_ids=[one.ticket_id for one in cluster.arrivals],
        title_of=cluster.middle.ticket_id,
        words=cluster.words,
        usual=round(usual, 2),
    )
    with organization_scope(organization_id):
        return raise_surge(organization_id=organization_id, noticed=noticed)


def _history(
    runtime: Runtime, organization_id: int, cluster: engine.Cluster, moment: datetime
) -> tuple[int, float]:
    """How many such tickets came in the weeks before the look back, and hours of those weeks."""
    hits = runtime.store.search(
        "", cluster.centre, organizations=[organization_id], kinds=["ticket"], limit=MOST_HISTORY
    )
    alike = [hit.object_id for hit in hits if hit.dense >= cluster.floor]
    end = moment - LOOK_BACK
    with organization_scope(organization_id):
        rows = Ticket.objects.filter(organization_id=organization_id, created_at__lt=end)
        oldest = rows.order_by("created_at").values_list("created_at", flat=True).first()
        start = max(end - HISTORY, oldest or end)
        before = rows.filter(pk__in=alike, created_at__gte=start).count()
    release()
    return before, (end - start).total_seconds() / 3600
