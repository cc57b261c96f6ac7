"""Lists, boards and search among many tickets, beside the bare cost of the same questions.

`BENCH_LISTS` says how many tickets (100,000); they are written by SQL, without the AI reading them.
"""

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from ai.engine.embed import Embedder
from ai.engine.store import point_id
from ai.engine.store_edge import EdgeStore
from ai.engine.types import Point
from tests.benchmarks.desk import AGENT, Installation
from tests.benchmarks.figures import Figures, Sample, stopwatch, timed

pytestmark = pytest.mark.bench
MANY = int(os.environ.get("BENCH_LISTS", "100000"))
WORDS = ("printer", "vpn drops", "password locked", "docking station", "toner", "calendar")
# Copies of what is there, spread over a year, one in ten of them open.
FILL = """
INSERT INTO tickets_ticket (organization_id, subject, description, status_id, status_category,
    category_id, urgency, impact, priority, requester_id, assignee_id, team_id, source, language,
    custom_fields, version, message_count, last_activity_at, created_at, updated_at, ai_state,
    ai_verdict, import_key, type_id, nudges_sent)
SELECT s.organization_id, s.subject, s.description,
    CASE WHEN n %% 10 = 0 THEN o.id ELSE c.id END,
    CASE WHEN n %% 10 = 0 THEN 'open' ELSE 'closed' END,
    s.category_id, s.urgency, s.impact, s.priority, s.requester_id, s.assignee_id, s.team_id,
    s.source, s.language, '{}', 1, 1, now() - n * interval '5 minutes',
    now() - n * interval '5 minutes', now(), 'off', '{}', '', s.type_id, 0
FROM generate_series(1, %s) n
JOIN LATERAL (SELECT *, row_number() OVER (ORDER BY id) AS row, count(*) OVER () AS rows
              FROM tickets_ticket WHERE organization_id = %s AND id <= %s) s
    ON s.row = n %% s.rows + 1
JOIN tickets_status o ON o.organization_id = s.organization_id AND o.key = 'open'
JOIN tickets_status c ON c.organization_id = s.organization_id AND c.key = 'closed'
"""


# The search alone, through the gate and row security, in a process of the installation.
SEARCH = """
import json, time
from django.db import connection
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tickets.access import desk_tickets
from tickets.search_selectors import typed_tickets
user = User.objects.get(email=%r)
with organization_scope((), user_id=user.pk):
    home = user.visible_organization_ids()
words, seconds, bare, found = %r, [], [], 0
with organization_scope(home, user_id=user.pk):
    asked = [typed_tickets(desk_tickets(user), each)[:6].query.sql_with_params() for each in words]
    for number in range(21):
        with connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute(*asked[number %% 6])
            cursor.fetchall()
            bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        found += len(typed_tickets(desk_tickets(user), words[number %% 6])[:6])
        seconds.append(time.perf_counter() - began)
assert found > 60, found
print(json.dumps([bare[3:], seconds[3:]]))
"""


def repeat(path: str) -> Callable[[int], str]:
    """The same address for every call."""
    return lambda _number: path


def fill(connection: "psycopg.Connection[Any]", slug: str, many: int) -> int:
    """Copy an organization's tickets until there are `many`; its id."""
    row = connection.execute(
        "SELECT o.id, count(*), max(t.id) FROM accounts_organization o JOIN tickets_ticket t"
        " ON t.organization_id = o.id WHERE o.slug = %s GROUP BY o.id",
        [slug],
    ).fetchone()
    assert row is not None
    organization, there, newest = row
    connection.execute(FILL, [max(many - there, 0), organization, newest])
    # A table that lived for a year has been vacuumed; what was written at once has not.
    connection.execute("VACUUM ANALYZE tickets_ticket")
    return int(organization)


def test_lists_and_search(full_desk: Installation, figures: Figures) -> None:
    with full_desk.database() as connection, closing(full_desk.signed_in(AGENT)) as client:
        part = {"HX-Request": "true", "HX-Target": "palette-results"}
        figures.group("Search by meaning, the demo's own tickets and articles")
        [(points,)] = full_desk.ask("SELECT count(*) FROM tickets_ticket")
        meant = _encode_and_ask(int(points))
        figures.calls("bare encoding and vector query", meant)

        def near(number: int) -> None:
            words = f"{WORDS[number % len(WORDS)]} {number}"
            assert client.get(f"/desk/search/near/?q={words}", headers=part).status_code == 200

        figures.calls("meaning while typing (palette)", timed(near, 18), meant)
        organization = fill(connection, "nordwerk", MANY)
        # The copies are nobody's questions: what would index them for hours sleeps.
        for process in full_desk.processes("ai,index"):
            process.suspend()
        figures.group(f"Lists and search, {MANY:,} tickets")

        def page(address: Callable[[int], str], **headers: str) -> Callable[[int], object]:
            def call(number: int) -> None:
                answer = client.get(address(number), headers=headers)
                assert answer.status_code == 200, answer.url

            return call

        for name, path in (
            ("list, open tickets", "/desk/v/open/?layout=split"),
            ("table, all tickets", "/desk/v/all/?layout=table"),
            ("table, by requester", "/desk/v/all/?layout=table&sort=requester"),
            ("board, all tickets", "/desk/v/all/?layout=board"),
        ):
            figures.calls(name, timed(page(repeat(path)), 15))
        rows = {"HX-Request": "true", "HX-Target": "rows"}
        again = page(repeat("/desk/v/open/?layout=split"), **rows)
        figures.calls("rows of the open tickets, as they are refetched", timed(again, 15))
        changed = after_changes(full_desk, lambda: again(0))
        figures.calls("the same, each time after a ticket changed", changed)
        [(number,)] = full_desk.ask(
            "SELECT number FROM tickets_ticket WHERE message_count BETWEEN 3 AND 6"
            " AND organization_id = %s ORDER BY id LIMIT 1",
            organization,
        )
        ticket = page(repeat(f"/desk/t/{number}/"))
        figures.calls("ticket page", timed(ticket, 15), note="a conversation of three to six")

        def bare(number: int) -> None:
            words = WORDS[number % len(WORDS)]
            connection.execute(
                "SELECT id FROM tickets_ticket WHERE organization_id = %s AND deleted_at IS NULL"
                " AND search @@ plainto_tsquery('simple', %s)"
                " ORDER BY ts_rank(search, plainto_tsquery('simple', %s)) DESC LIMIT 6",
                [organization, words, words],
            ).fetchall()

        raw = timed(bare, 18)
        figures.calls("words: bare SQL, without row security", raw)
        said = full_desk.command("shell", "-v", "0", "-c", SEARCH % (AGENT, WORDS))
        own, searched = (Sample(tuple(row)) for row in json.loads(said.strip().splitlines()[-1]))
        figures.calls("words: the statement of the search alone", own)
        figures.calls("words: the search, with gate and row security", searched, own)
        typed = page(lambda n: f"/desk/search/?q={WORDS[n % len(WORDS)]}", **part)
        figures.calls("words while typing (palette)", timed(typed, 18), raw)


def after_changes(desk: Installation, call: Callable[[], object], times: int = 12) -> Sample:
    """The seconds of each call, a ticket's priority having changed before it."""
    seconds = []
    with closing(desk.program(AGENT)) as program:
        number = program.get("/api/v1/tickets/?page_size=1").json()["results"][0]["number"]
        for turn in range(times):
            given = {"priority": ("high", "low")[turn % 2]}
            answer = program.patch(f"/api/v1/tickets/{number}/", json=given)
            assert answer.status_code == 200, answer.text
            with stopwatch() as elapsed:
                call()
                seconds.append(elapsed())
    return Sample(tuple(seconds))


def _encode_and_ask(points: int) -> Sample:
    """The same model and store in this process, over as many points."""
    embedder = Embedder()
    dice = np.random.default_rng(7)
    texts = [f"{words} {number}" for number in range(4) for words in WORDS]
    with tempfile.TemporaryDirectory() as folder:
        store = EdgeStore(Path(folder) / "store", dimension=embedder.dimension)
        vectors = dice.standard_normal((points, embedder.dimension)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.upsert(
            [
                Point(point_id("ticket", number, 0), 1, "ticket", number, "", vector)
                for number, vector in enumerate(vectors)
            ]
        )

        def ask(number: int) -> None:
            text = texts[number % len(texts)]
            vector = embedder.encode([text])[0]
            store.search(text, vector, organizations=[1], kinds=["ticket"], limit=20)

        found = timed(ask, 18)
        store.close()
    return found
