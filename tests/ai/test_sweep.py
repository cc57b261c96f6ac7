"""What the sweep finds: dropped work, unannounced tickets, a store that differs from the tables."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache

from ai import indexing, sweeping, tasks
from ai.actions import queue
from ai.gaps import index_form, orphaned_entries, stale_articles, stale_tickets
from ai.models import Enrichment, IndexEntry
from ai.models.enrichment import CLAIM_SECONDS, MOST_ATTEMPTS
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.catalog import default_status
from tickets.actions.intake import Body, receive_message
from tickets.actions.knowledge import save_article
from tickets.actions.lifecycle import delete_ticket, set_status
from tickets.actions.reply import reply
from tickets.choices import Source, StatusCategory
from tickets.models import Article, Message, Ticket

LONG_AGO = timedelta(minutes=30)


def aged(ticket: Ticket, by: timedelta = LONG_AGO) -> Ticket:
    """As if nothing had happened to it for a while, and the sweep had waited as long."""
    since = now() - by
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=since)
    cache.set(sweeping.preparing_key(ticket.organization_id), since.timestamp(), timeout=60)
    return ticket


def settle(cast: Cast, ticket: Ticket) -> Ticket:
    return set_status(
        ticket=ticket,
        actor=Actor.person(cast.alice),
        status=default_status(cast.nordwerk.pk, StatusCategory.SOLVED),
    )


def test_a_ticket_that_nobody_announced_gets_a_row(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = aged(cast.ticket())
    nudges = sweeping.readings_to_nudge()
    with organization_scope(cast.nordwerk.pk):
        row = Enrichment.objects.get(ticket=ticket)
        assert (row.trigger, row.message_id) == ("opened", ticket.messages.get().pk)
    assert nudges == [(cast.nordwerk.pk, row.pk)]


def test_a_ticket_that_just_came_is_left_to_its_own_event(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    assert sweeping.readings_to_nudge() == []


def test_tickets_of_an_import_wait_until_their_history_is_indexed(cast: Cast) -> None:
    """Read earlier they would get no neighbours and no sources; but they do not wait for ever."""
    with organization_scope(cast.nordwerk.pk):
        ticket = aged(cast.ticket(), timedelta(minutes=1))
    assert sweeping.readings_to_nudge() == []
    with organization_scope(cast.nordwerk.pk):
        IndexEntry.objects.create(
            organization=cast.nordwerk,
            kind="ticket",
            object_id=ticket.pk,
            form=index_form(),
            content_hash="x",
            indexed_at=now(),
        )
    assert len(sweeping.readings_to_nudge()) == 1


def test_an_old_time_on_an_imported_ticket_does_not_end_the_waiting(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = aged(cast.ticket(), timedelta(days=30))
    cache.delete(sweeping.preparing_key(cast.nordwerk.pk))
    assert sweeping.readings_to_nudge() == []
    with organization_scope(cast.nordwerk.pk):
        aged(ticket, timedelta(minutes=6))
    assert len(sweeping.readings_to_nudge()) == 1


def test_a_ticket_that_was_over_before_its_turn_is_not_read(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = aged(settle(cast, cast.ticket()))
    assert sweeping.readings_to_nudge() == []
    with organization_scope(cast.nordwerk.pk):
        ticket.refresh_from_db()
        assert ticket.ai_state == "off"


def test_a_lost_request_to_read_again_is_found(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = aged(cast.ticket())
        Enrichment.objects.create(
            organization=cast.nordwerk,
            ticket=ticket,
            message=ticket.messages.get(),
            trigger="opened",
            state="done",
        )
    sweeping.readings_to_nudge()
    with organization_scope(cast.nordwerk.pk):
        assert Enrichment.objects.get(ticket=ticket, state="pending").trigger == "reprocess"


def test_a_message_that_nobody_announced_gets_a_row(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        Ticket.objects.update(ai_state="done")
        message = receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="It is worse now."),
            source=Source.PORTAL,
            actor=Actor.person(cast.dana),
        )
        Message.objects.filter(pk=message.pk).update(created_at=now() - LONG_AGO)
    sweeping.readings_to_nudge()
    with organization_scope(cast.nordwerk.pk):
        assert Enrichment.objects.get(message=message).trigger == "message"


def test_a_row_whose_worker_died_waits_again(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = _claimed(cast)
    assert sweeping.readings_to_nudge() == [(cast.nordwerk.pk, row.pk)]
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
        assert (row.state, row.attempts, row.claimed_by) == ("pending", 1, "")


def test_a_row_that_kills_every_worker_is_given_up(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = _claimed(cast)
        Enrichment.objects.update(attempts=MOST_ATTEMPTS)
    assert sweeping.readings_to_nudge() == []
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
        assert row.state == "failed"
        assert Ticket.objects.get(pk=row.ticket_id).ai_state == "failed"


def test_a_row_that_waits_too_long_is_nudged_again(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = queue.enqueue(
            organization_id=cast.nordwerk.pk, ticket_id=cast.ticket().pk, trigger="opened"
        )
        assert sweeping.readings_to_nudge() == []
        Enrichment.objects.update(available_at=now() - LONG_AGO)
    assert sweeping.readings_to_nudge() == [(cast.nordwerk.pk, row.pk)]


def _claimed(cast: Cast) -> Enrichment:
    row = queue.enqueue(
        organization_id=cast.nordwerk.pk, ticket_id=cast.ticket().pk, trigger="opened"
    )
    assert queue.claim(row.pk)
    Enrichment.objects.update(claimed_at=now() - timedelta(seconds=CLAIM_SECONDS + 1))
    return row


def test_filling_brings_everything_into_the_store_once(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        for number in range(5):
            cast.ticket(subject=f"VPN drops {number}")
        _article(cast)
        assert stale_tickets(recent_only=True).count() == 5
    assert sweeping.organizations_to_index(recent_only=True) == [cast.nordwerk.pk]
    done = indexing.fill(models, cast.nordwerk.pk, recent_only=False, limit=100)
    assert done == 6
    assert models.store.count(organizations=[cast.nordwerk.pk], kinds=["ticket"]) == 5
    assert sweeping.organizations_to_index(recent_only=False) == []
    assert indexing.fill(models, cast.nordwerk.pk, recent_only=False, limit=100) == 0


def test_an_unchanged_ticket_is_not_embedded_again(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    assert indexing.index_tickets(models, cast.nordwerk.pk, [ticket.pk]) == 1
    assert indexing.index_tickets(models, cast.nordwerk.pk, [ticket.pk]) == 0


def test_a_shortened_article_leaves_no_old_passage(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = _article(cast, body="\n\n".join(f"# Part {n}\n\n{'word ' * 150}" for n in "abc"))
    indexing.index_articles(models, cast.nordwerk.pk, [article.pk])
    long = models.store.count(organizations=[cast.nordwerk.pk], kinds=["article"])
    with organization_scope(cast.nordwerk.pk):
        _article(cast, body="Restart the client.", article=article)
        assert stale_articles().exists()
    indexing.index_articles(models, cast.nordwerk.pk, [article.pk])
    short = models.store.count(organizations=[cast.nordwerk.pk], kinds=["article"])
    assert long > short == 2


def test_what_was_withdrawn_or_deleted_leaves_the_store(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, article = cast.ticket(), _article(cast)
    indexing.fill(models, cast.nordwerk.pk, recent_only=False, limit=10)
    with organization_scope(cast.nordwerk.pk):
        delete_ticket(ticket=ticket, actor=Actor.person(cast.bob))
        Article.objects.filter(pk=article.pk).update(state="archived")
        assert orphaned_entries().count() == 2
    assert cast.nordwerk.pk in sweeping.organizations_to_index(recent_only=False)
    indexing.fill(models, cast.nordwerk.pk, recent_only=False, limit=10)
    assert models.store.count(organizations=[cast.nordwerk.pk]) == 0
    with organization_scope(cast.nordwerk.pk):
        assert not IndexEntry.objects.exists()


def test_what_solved_a_ticket_is_kept_without_anybodys_name(cast: Cast, models: Runtime) -> None:
    text = "Hello Dana,\n\nI set the MTU of your VPN adapter to 1400.\n\nKind regards\nAlice Agent"
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        reply(ticket=ticket, actor=Actor.person(cast.alice), text=text)
        settle(cast, ticket)
    tasks.index_objects(cast.nordwerk.pk, "ticket", [ticket.pk])
    vector = models.batcher.encode(["VPN adapter MTU"])[0]
    hits = models.store.search(
        "VPN adapter MTU", vector, organizations=[cast.nordwerk.pk], kinds=["response"]
    )
    stored = str(hits[0].payload["text"])
    assert "MTU of your VPN adapter to 1400" in stored
    assert "Dana" not in stored
    assert "Alice" not in stored


def test_every_organization_is_swept(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.lumen.pk):
        _article(cast, organization_id=cast.lumen.pk)
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    assert sweeping.organizations_to_index(recent_only=True) == sorted(
        [cast.nordwerk.pk, cast.lumen.pk]
    )


def test_events_write_rows_and_nothing_more(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),  # type: ignore[attr-defined]
        organization_scope(cast.nordwerk.pk),
    ):
        ticket = cast.ticket()
    with system_scope():
        row = Enrichment.objects.get(ticket=ticket)
        assert (row.state, row.trigger) == ("pending", "opened")


def _article(cast: Cast, body: str = "Restart the VPN client.", **values: object) -> Article:
    options = {"organization_id": cast.nordwerk.pk, "title": "VPN", "author": None, **values}
    return save_article(body=body, **options)  # type: ignore[arg-type]


def test_nobody_waits_behind_another_organizations_large_import(
    cast: Cast, models: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for number in range(5):
            cast.ticket(subject=f"VPN drops {number}")
    with organization_scope(cast.lumen.pk):
        save_article(
            organization_id=cast.lumen.pk, title="Imprimante", body="Rallumez-la.", author=None
        )
    # The broker's place is taken by a list: what a worker would take next.
    queued: list[list[int]] = [[cast.nordwerk.pk, cast.lumen.pk]]
    monkeypatch.setattr(tasks, "FILL_BATCH", 2)
    monkeypatch.setattr(tasks.index_fill, "delay", lambda ids, **_: queued.append(list(ids)))
    turns = []
    while queued:
        organizations = queued.pop()
        turns.append(organizations[0])
        tasks.index_fill(organizations, recent_only=False)
    assert turns == [cast.nordwerk.pk, cast.lumen.pk, *[cast.nordwerk.pk] * 2]
    assert sweeping.organizations_to_index(recent_only=False) == []


def test_a_second_filling_leaves_the_field_to_the_first(cast: Cast, models: Runtime) -> None:
    with indexing._bulk:
        assert indexing.fill(models, cast.nordwerk.pk, recent_only=False, limit=10) is None
