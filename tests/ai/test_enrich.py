"""Reading a ticket: what is found, kept, and kept exactly once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from ai import runtime as runtime_module
from ai import tasks
from ai.actions import queue
from ai.actions.verdict import apply_reading
from ai.engine.types import EngineError
from ai.models import Enrichment, IndexEntry, Suggestion
from ai.models.enrichment import MOST_ATTEMPTS
from ai.pipeline.case import load_case
from ai.pipeline.think import think
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Body, Triage, receive_message
from tickets.actions.knowledge import save_article
from tickets.actions.triage import request_reprocess, set_category
from tickets.choices import Source
from tickets.models import Change, Ticket

Read = Callable[[Ticket], Ticket]
GERMAN = "Seit heute früh trennt sich die VPN-Verbindung im Homeoffice alle paar Minuten."


def opened(cast: Cast, **values: object) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket(**values)  # type: ignore[arg-type]


def enrichment_of(ticket: Ticket, trigger: str = "opened") -> Enrichment:
    message = ticket.messages.order_by("-pk").first()
    return queue.enqueue(
        organization_id=ticket.organization_id,
        ticket_id=ticket.pk,
        trigger=trigger,
        message_id=message.pk if message and trigger != "reprocess" else None,
    )


def test_it_proposes_category_and_team_with_evidence(cast: Cast, read: Read) -> None:
    ticket = read(opened(cast))
    assert ticket.ai_state == "done"
    assert ticket.ai_verdict["category"]["value"] == "VPN & remote"
    assert ticket.ai_verdict["category"]["state"] == "proposed"
    assert ticket.ai_verdict["team"]["value"] == "Network & VPN"
    assert ticket.category is None, "the AI suggests and never decides"
    with organization_scope(cast.nordwerk.pk):
        category = Suggestion.objects.get(ticket=ticket, field="category")
        assert category.object_id == cast.vpn.pk
        assert {"kind": "word", "text": "VPN"} in category.evidence
        claims = Suggestion.objects.filter(ticket=ticket).exclude(field="draft")
        assert all(item.evidence for item in claims)


def test_before_there_is_a_history_it_never_claims_to_be_very_likely_right(
    cast: Cast, read: Read
) -> None:
    ticket = read(opened(cast))
    assert ticket.ai_verdict["category"]["band"] == "likely"


def test_it_notes_the_language(cast: Cast, read: Read) -> None:
    ticket = read(opened(cast, subject="VPN trennt sich", text=GERMAN))
    assert ticket.language == "de"


def test_it_suggests_nothing_over_what_was_given_at_intake(cast: Cast, read: Read) -> None:
    given = Triage(category=cast.printing, urgency="low")
    ticket = read(opened(cast, triage=given))
    assert set(ticket.ai_verdict["given"]) == {"category", "urgency"}
    with organization_scope(cast.nordwerk.pk):
        fields = set(Suggestion.objects.filter(ticket=ticket).values_list("field", flat=True))
    assert not fields & {"category", "urgency"}


def test_it_suggests_nothing_over_what_a_person_set_meanwhile(cast: Cast, read: Read) -> None:
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        set_category(ticket=ticket, actor=Actor.person(cast.alice), category=cast.printing)
    ticket = read(ticket)
    assert ticket.category_id == cast.printing.pk
    with organization_scope(cast.nordwerk.pk):
        assert not Suggestion.objects.filter(ticket=ticket, field="category").exists()


def test_an_urgent_wording_is_quoted(cast: Cast, read: Read) -> None:
    text = "The whole site is down, nobody can work. This is urgent, production stands still."
    ticket = read(opened(cast, subject="Network outage", text=text))
    assert ticket.ai_verdict["urgency"]["value"] in {"high", "critical"}
    with organization_scope(cast.nordwerk.pk):
        quoted = Suggestion.objects.get(ticket=ticket, field="urgency").evidence
    assert any(item["text"] in text for item in quoted)


def test_a_draft_quotes_an_article_by_number(cast: Cast, read: Read, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = save_article(
            organization_id=cast.nordwerk.pk,
            title="VPN disconnects every few minutes",
            body="The VPN client drops on home routers.\n\n1. Open the VPN client's settings.\n"
            "2. Set the MTU of the VPN adapter to 1400.\n3. Connect to the VPN again.",
            author=cast.bob,
        )
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])
    ticket = read(opened(cast))
    with organization_scope(cast.nordwerk.pk):
        draft = Suggestion.objects.get(ticket=ticket, field="draft")
    assert "MTU of the VPN adapter to 1400" in draft.value
    assert "[1]" in draft.value
    assert draft.evidence[0]["id"] == article.pk
    assert ticket.ai_verdict["draft"] is True


def test_steps_in_another_language_are_not_offered_as_a_draft(
    cast: Cast, read: Read, models: Runtime
) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = save_article(
            organization_id=cast.nordwerk.pk,
            title="VPN disconnects every few minutes",
            body="El VPN disconnects every few minutes: ajuste el MTU del adaptador VPN a 1400.",
            author=cast.bob,
            language="es",
        )
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])
    ticket = read(opened(cast))
    with organization_scope(cast.nordwerk.pk):
        draft = Suggestion.objects.get(ticket=ticket, field="draft")
        verdict = Enrichment.objects.get(ticket=ticket).verdict
    assert (draft.source, draft.evidence) == ("questions", [])
    assert "MTU" not in draft.value
    assert verdict["no_draft"] == "other_language"
    assert [source["title"] for source in ticket.ai_verdict["sources"]] == [article.title]


def test_an_internal_article_never_reaches_a_draft(cast: Cast, read: Read) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = save_article(
            organization_id=cast.nordwerk.pk,
            title="VPN disconnects every few minutes",
            body="Reset the gateway with the emergency account and restart the VPN service.",
            author=cast.bob,
        )
        article.is_public = False
        article.save()
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])
    ticket = read(opened(cast))
    with organization_scope(cast.nordwerk.pk):
        draft = Suggestion.objects.get(ticket=ticket, field="draft")
        verdict = Enrichment.objects.get(ticket=ticket).verdict
    assert (draft.source, draft.evidence) == ("questions", [])
    assert "emergency" not in draft.value
    assert verdict["no_draft"] == "no_sources"


def test_without_sources_a_short_message_is_asked_for_details(cast: Cast, read: Read) -> None:
    ticket = read(opened(cast))
    with organization_scope(cast.nordwerk.pk):
        assert Enrichment.objects.get(ticket=ticket).verdict["no_draft"] == "no_sources"
        draft = Suggestion.objects.get(ticket=ticket, field="draft")
    assert (draft.source, draft.language, draft.evidence) == ("questions", "en", [])
    assert draft.value.rstrip().endswith("Kind regards")


def test_without_sources_a_long_message_gets_no_draft_and_a_reason(cast: Cast, read: Read) -> None:
    ticket = read(opened(cast, text="The tunnel closes and I have tried the other adapter. " * 8))
    with organization_scope(cast.nordwerk.pk):
        assert Enrichment.objects.get(ticket=ticket).verdict["no_draft"] == "no_sources"
    assert ticket.ai_verdict["draft"] is False


def test_somebody_who_wrote_again_is_not_asked_the_same(cast: Cast, read: Read) -> None:
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="It happened again."),
            source=Source.PORTAL,
            actor=Actor.person(cast.dana),
        )
    read(ticket)
    with organization_scope(cast.nordwerk.pk):
        assert not Suggestion.objects.filter(ticket=ticket, field="draft").exists()


def test_a_row_is_read_once_however_often_it_is_nudged(cast: Cast, read: Read) -> None:
    ticket = read(opened(cast))
    read(ticket)
    read(ticket)
    with organization_scope(cast.nordwerk.pk):
        assert Enrichment.objects.get(ticket=ticket).attempts == 1
        assert Change.objects.filter(ticket=ticket, verb="ticket.ai_done").count() == 1


def test_a_worker_that_lost_its_claim_keeps_nothing(cast: Cast, models: Runtime) -> None:
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        row = enrichment_of(ticket)
        slow = queue.claim(row.pk)
        assert slow is not None
        reading = think(models, load_case(row.pk))
        row.refresh_from_db()
        assert queue.recover(row)
        fast = queue.claim(row.pk)
        assert fast is not None
        assert not apply_reading(claim=slow, ticket=ticket, reading=reading)
        assert not Suggestion.objects.filter(ticket=ticket).exists()
        assert apply_reading(claim=fast, ticket=ticket, reading=reading)
        assert not apply_reading(claim=fast, ticket=ticket, reading=reading)
        assert Suggestion.objects.filter(ticket=ticket, field="category").count() == 1


def test_a_reading_that_was_overtaken_changes_nothing(cast: Cast, models: Runtime) -> None:
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        first = enrichment_of(ticket)
        second = enrichment_of(ticket, "reprocess")
        claims = [queue.claim(row.pk) for row in (first, second)]
        reading = think(models, load_case(first.pk))
        assert claims[0] is not None
        assert claims[1] is not None
        assert apply_reading(claim=claims[1], ticket=ticket, reading=reading)
        assert apply_reading(claim=claims[0], ticket=ticket, reading=reading)
        first.refresh_from_db()
        assert first.verdict["overtaken"] is True
        assert set(Suggestion.objects.values_list("enrichment_id", flat=True)) == {second.pk}


def test_a_new_message_makes_the_old_suggestions_out_of_date(cast: Cast, read: Read) -> None:
    ticket = read(opened(cast))
    with organization_scope(cast.nordwerk.pk):
        receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="The VPN error on my screen is number 809."),
            source=Source.PORTAL,
            actor=Actor.person(cast.dana),
        )
    ticket = read(ticket)
    with organization_scope(cast.nordwerk.pk):
        states = Suggestion.objects.filter(ticket=ticket, field="category").order_by("pk")
        assert [row.state for row in states] == ["stale", "proposed"]


def test_asking_again_reads_again(
    cast: Cast, read: Read, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    ticket = read(opened(cast))
    with (
        django_capture_on_commit_callbacks(execute=True),  # type: ignore[attr-defined]
        organization_scope(cast.nordwerk.pk),
    ):
        request_reprocess(ticket=ticket, actor=Actor.person(cast.alice))
    with organization_scope(cast.nordwerk.pk):
        row = Enrichment.objects.get(ticket=ticket, trigger="reprocess")
        assert row.state == "pending"
    tasks.enrich(cast.nordwerk.pk, row.pk)
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=ticket.pk).ai_state == "done"


def test_a_failure_is_tried_again_later_and_given_up_after_the_last_attempt(cast: Cast) -> None:
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        row = enrichment_of(ticket)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            Enrichment.objects.update(available_at=now())
            claim = queue.claim(row.pk)
            assert claim is not None
            queue.fail(claim, ticket=ticket, error="The vector store failed.")
            row.refresh_from_db()
            assert row.attempts == attempt
            assert (row.state == "pending") == (attempt < MOST_ATTEMPTS)
            assert row.available_at > now() or row.state == "failed"
        assert row.error == "The vector store failed."
        ticket.refresh_from_db()
    assert ticket.ai_state == "failed"


def test_a_process_without_models_gives_the_ticket_back_untried(
    cast: Cast, models: Runtime
) -> None:
    """Another process holds the vector store: the ticket is not to blame."""
    holder = runtime_module._Holder()
    with pytest.raises(EngineError, match="in use by another process"):
        holder.get()
    ticket = opened(cast)
    with organization_scope(cast.nordwerk.pk):
        row = enrichment_of(ticket)
        claim = queue.claim(row.pk)
        assert claim is not None
        queue.give_back(claim, error="in use", seconds=30)
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("pending", 0)
        assert row.available_at > now() + timedelta(seconds=20)


def test_a_read_ticket_is_indexed(cast: Cast, read: Read, models: Runtime) -> None:
    ticket = read(opened(cast))
    with organization_scope(cast.nordwerk.pk):
        entry = IndexEntry.objects.get(object_id=ticket.pk)
    assert entry.chunks == 1
    assert models.store.count(organizations=[cast.nordwerk.pk]) == 1
    assert (django_settings.DATA_DIR / "qdrant").is_dir()
