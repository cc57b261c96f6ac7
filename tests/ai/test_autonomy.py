"""Levels: recorded in the shadow, earned on evidence and a lead's word, lost by themselves."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ai import tasks
from ai.actions.automatic import note_reopened
from ai.actions.autonomy import judged_cases, lower_level, raise_level, record_judgement, review
from ai.autonomy_gates import quotes
from ai.judging import Facts, compare, judge, verdict_of
from ai.models import AutomaticAnswer, Autonomy, AutonomyChange, Enrichment, Suggestion
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import BODY, LINE, judged, may, vpn_article
from tests.ai.test_injection import ATTACKS
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, receive_message
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.triage import set_category
from tickets.actions.types import stage_status
from tickets.choices import Source, StatusCategory
from tickets.models import Message, Notification, Ticket

Read = Callable[[Ticket], Ticket]
WRITTEN = "Hello Dana,\n\nplease set the MTU of the VPN adapter to 1400. That cures it.\n\nAlice"


def known(cast: Cast, **more: object) -> None:
    """The article is in the store."""
    with organization_scope(cast.nordwerk.pk):
        article = vpn_article(cast, **more)
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])


def new_ticket(cast: Cast, **more: object) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket(triage=Triage(category=cast.vpn), **more)  # type: ignore[arg-type]


def solve(cast: Cast, ticket: Ticket) -> None:
    actor = Actor.person(cast.alice)
    status = stage_status(Ticket.objects.get(pk=ticket.pk), StatusCategory.SOLVED, actor)
    assert status is not None
    set_status(ticket=ticket, actor=actor, status=status)


class TestShadow:
    def test_a_new_ticket_is_recorded_and_nothing_is_sent(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        known(cast)
        ticket = read(new_ticket(cast))
        with organization_scope(cast.nordwerk.pk):
            answer = AutomaticAnswer.objects.get(ticket=ticket)
            assert (answer.state, answer.level, answer.reason) == ("shadow", "suggest", "")
            assert LINE in answer.text
            assert "Dana" not in answer.text
            assert [one["kind"] for one in answer.sources] == ["article"]
            assert answer.confidence > 0
            assert not Message.objects.filter(ticket=ticket, from_requester=False).exists()
            assert answer.suggestion == Suggestion.objects.get(ticket=ticket, field="draft")

    def test_without_an_answer_the_reason_is_recorded(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        known(cast)
        ticket = read(new_ticket(cast, subject="Parking", text="Where may I park my bicycle?"))
        with organization_scope(cast.nordwerk.pk):
            answer = AutomaticAnswer.objects.get(ticket=ticket)
            assert (answer.text, answer.reason) == ("", "no_sources")

    def test_what_solved_another_ticket_is_never_in_it(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            other = cast.ticket(triage=Triage(category=cast.vpn))
            reply(ticket=other, actor=Actor.person(cast.alice), text=WRITTEN)
            solve(cast, other)
        tasks.index_objects(cast.nordwerk.pk, "ticket", [other.pk])
        ticket = read(new_ticket(cast))
        with organization_scope(cast.nordwerk.pk):
            assert "1400" in Suggestion.objects.get(ticket=ticket, field="draft").value
            assert AutomaticAnswer.objects.get(ticket=ticket).text == ""

    def test_an_internal_article_is_never_in_it(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        known(cast, visibility="agents")
        ticket = read(new_ticket(cast))
        with organization_scope(cast.nordwerk.pk):
            assert AutomaticAnswer.objects.get(ticket=ticket).text == ""

    def test_an_old_ticket_and_a_second_reading_record_nothing(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        ticket = new_ticket(cast)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=now() - timedelta(hours=2))
        read(ticket)
        with organization_scope(cast.nordwerk.pk):
            Ticket.objects.filter(pk=ticket.pk).update(created_at=now() - timedelta(hours=2))
            Enrichment.objects.all().delete()
        read(ticket)
        with organization_scope(cast.nordwerk.pk):
            assert AutomaticAnswer.objects.filter(ticket=ticket).count() <= 1

    def test_one_that_may_send_is_held_and_not_yet_sent(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        known(cast)
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
        ticket = read(new_ticket(cast))
        with organization_scope(cast.nordwerk.pk):
            answer = AutomaticAnswer.objects.get(ticket=ticket)
            assert (answer.state, answer.reason) == ("held", "")
            assert answer.send_at is not None
            assert answer.send_at > now() + timedelta(seconds=20)
            assert not Message.objects.filter(ticket=ticket, from_requester=False).exists()

    def test_no_attack_of_the_suite_puts_a_word_into_an_answer(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        known(cast)
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
        published = " ".join(BODY.split())
        answered = 0
        for attack in ATTACKS:
            ticket = new_ticket(cast, text=f"The VPN disconnects every minute. {attack.text[:400]}")
            read(ticket)
            with organization_scope(cast.nordwerk.pk):
                answer = AutomaticAnswer.objects.get(ticket=ticket)
            answered += bool(answer.text)
            assert all(line in published for line in quotes(answer.text)), attack.text
        assert answered, "hostile words do not keep the article away"


class TestJudging:
    def test_it_is_compared_with_what_people_wrote(
        self, cast: Cast, models: Runtime, read: Read
    ) -> None:
        known(cast)
        ticket = read(new_ticket(cast))
        with organization_scope(cast.nordwerk.pk):
            reply(ticket=ticket, actor=Actor.person(cast.alice), text=WRITTEN)
            answer = AutomaticAnswer.objects.get(ticket=ticket)
        assert judge(models.batcher, cast.nordwerk.pk, answer.pk) is None, "it is still open"
        with organization_scope(cast.nordwerk.pk):
            solve(cast, ticket)
        judge(models.batcher, cast.nordwerk.pk, answer.pk)
        with organization_scope(cast.nordwerk.pk):
            answer.refresh_from_db()
            assert answer.is_right is True
            assert answer.outcome in {"same", "edited"}

    @pytest.mark.parametrize(
        ("written", "outcome"),
        [
            (f"Hello,\n\n{LINE}\n\nRegards", "as_is"),
            ("Please set the VPN adapter's MTU to 1400.", "edited"),
            ("The toner is empty, I ordered a new one for the printer.", "other"),
        ],
    )
    def test_outcomes(self, models: Runtime, written: str, outcome: str) -> None:
        found = compare(models.batcher, f"1. {LINE} [1]", written)
        assert (found.outcome, found.is_right) == (outcome, outcome != "other")

    def test_what_became_of_the_ticket_counts_more_than_words(self, models: Runtime) -> None:
        encoder, text = models.batcher, f"{LINE} [1]"

        def outcome(**facts: object) -> tuple[str, bool | None]:
            found = verdict_of(encoder, Facts(text=text, **{"written": LINE, **facts}))  # type: ignore[arg-type]
            return found.outcome, found.is_right

        assert outcome(is_rejected=True) == ("rejected", False)
        assert outcome(is_missorted=True) == ("missorted", False)
        assert outcome(is_sent=True, asked_for_person=True) == ("person", False)
        assert outcome(is_sent=True, written="") == ("helped", True)
        assert outcome(written="") == ("unknown", None)
        assert outcome(is_sent=True, undelivered=True) == ("unknown", None)

    def test_another_category_in_the_end_is_a_wrong_answer(
        self, cast: Cast, models: Runtime
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            [answer] = judged(cast, 1)
            actor = Actor.person(cast.alice)
            set_category(ticket=answer.ticket, actor=actor, category=cast.printing)
            solve(cast, answer.ticket)
        judge(models.batcher, cast.nordwerk.pk, answer.pk)
        with organization_scope(cast.nordwerk.pk):
            answer.refresh_from_db()
            assert (answer.outcome, answer.is_right) == ("missorted", False)

    @pytest.mark.parametrize(("text", "back"), [("Thanks a lot!", False), ("It is back", True)])
    def test_a_ticket_that_comes_back_makes_it_wrong(
        self, cast: Cast, text: str, back: bool
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            [answer] = judged(cast, 1)
            solve(cast, answer.ticket)
            receive_message(
                ticket=answer.ticket,
                author=cast.dana,
                body=Body(text=text),
                source=Source.EMAIL,
                actor=Actor.person(cast.dana),
            )
            note_reopened(ticket_id=answer.ticket_id)
            answer.refresh_from_db()
            assert (answer.reopened_at is not None, answer.is_right is False) == (back, back)


class TestLevels:
    def test_a_lead_raises_it_where_the_evidence_is_enough(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            judged(cast, 19)
            with pytest.raises(InvalidChange, match="not enough"):
                raise_level(category=cast.vpn, user=cast.bob)
            judged(cast, 1)
            with pytest.raises(InvalidChange, match="Only a lead"):
                raise_level(category=cast.vpn, user=cast.alice)
            row = raise_level(category=cast.vpn, user=cast.bob)
            assert (row.level, row.approved_by) == ("draft", cast.bob)
            assert row.evidence["cases"] == 20
            change = AutonomyChange.objects.get()
            assert (change.old, change.new, change.reason) == ("suggest", "draft", "evidence")
            with pytest.raises(InvalidChange, match="not enough"):
                raise_level(category=cast.vpn, user=cast.bob)

    def test_it_falls_by_itself_and_the_leads_are_told(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
            judged(cast, 6, state="sent")
            bad = judged(cast, 3, state="sent", right=False, outcome="person")
            row = review(category_id=cast.vpn.pk, ticket=bad[-1].ticket)
            assert row is not None
            assert row.level == "draft"
            change = AutonomyChange.objects.get()
            assert (change.by, change.reason) == (None, "rejected")
            told = Notification.objects.get()
            assert told.user == cast.bob
            assert "VPN & remote" in told.detail
            assert "Drafts" in told.detail

    def test_after_a_fall_the_evidence_begins_anew(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            may(cast, "draft")
            judged(cast, 12, right=False, outcome="rejected")
            judged(cast, 30)
            last = judged(cast, 11, right=False, outcome="rejected")[-1]
            assert review(category_id=cast.vpn.pk, ticket=last.ticket) is not None
            row = Autonomy.objects.get()
            assert row.level == "suggest"
            assert judged_cases(cast.vpn.pk, row) == []
            assert review(category_id=cast.vpn.pk, ticket=last.ticket) is None

    def test_a_judgement_can_bring_the_fall(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
            judged(cast, 3, state="sent")
            judged(cast, 1, state="sent", right=False, outcome="other")
            [last] = judged(cast, 1, state="sent")
            record_judgement(answer_id=last.pk, outcome="person", is_right=False, likeness=None)
            assert Autonomy.objects.get().level == "draft"

    def test_a_lead_lowers_it_with_a_reason(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            with pytest.raises(InvalidChange):
                lower_level(category=cast.vpn, user=cast.bob, words="x")
            may(cast, "send")
            assert lower_level(category=cast.vpn, user=cast.bob, words="New VPN").level == "draft"
            assert AutonomyChange.objects.get().words == "New VPN"
