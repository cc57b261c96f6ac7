"""Asking for approval and what follows, exactly once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client

from omnidesk.accounts.actions import add_member, add_to_team
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from tests.cast import Cast, person
from tickets.actions.approve import (
    answer_approval,
    ask_approval,
    attend_approval,
    withdraw_approval,
)
from tickets.actions.base import Actor, InvalidChange
from tickets.approval_selectors import due_approvals, link_token, open_votes_of, read_token
from tickets.models import (
    AgentProfile,
    Approval,
    ApprovalPolicy,
    ApprovalStep,
    ApprovalVote,
    Change,
    Notification,
    Status,
    Ticket,
)
from tickets.notice_selectors import readable_notifications, told


def policy(cast: Cast, *steps: dict[str, Any], **fields: Any) -> ApprovalPolicy:
    """A definition of Nordwerk's; without steps it asks Bob."""
    home = cast.nordwerk
    row = ApprovalPolicy.objects.create(organization=home, name="Order", **fields)
    for number, step in enumerate(steps or ({"person": cast.bob},), 1):
        kind = "person" if "person" in step else "team" if "team" in step else "leads"
        values = {"approver_kind": kind, "position": number, **step}
        ApprovalStep.objects.create(organization=home, policy=row, **values)
    return row


def ask(cast: Cast, row: ApprovalPolicy | None = None, ticket: Ticket | None = None) -> Approval:
    return ask_approval(
        ticket=ticket or cast.ticket(),
        actor=Actor.person(cast.alice),
        policy=row or policy(cast),
        question="May I order a laptop?",
    )


def say(user: User, agrees: bool = True, comment: str = "") -> Approval:
    vote = open_votes_of(user).get()
    return answer_approval(vote=vote, person=user, agrees=agrees, comment=comment)


def again(approval: Approval) -> Approval:
    return Approval.objects.get(pk=approval.pk)


def asked(approval: Approval) -> list[str]:
    votes = approval.votes.filter(state="asked").select_related("person")
    return sorted(vote.person.name for vote in votes)


def verbs(approval: Approval) -> list[str]:
    rows = Change.objects.filter(ticket=approval.ticket_id, verb__contains="approval")
    return [verb.removeprefix("ticket.approval_") for verb in rows.values_list("verb", flat=True)]


def approver(cast: Cast, name: str, role: Role = Role.REQUESTER) -> User:
    user = person(f"{name.lower()}@nordwerk.example", name)
    add_member(organization=cast.nordwerk, user=user, role=role)
    return user


class TestAnswers:
    def test_one_yes_decides_and_moves_the_ticket(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
            approval = ask(cast, policy(cast, approved_status=solved))
            say(cast.bob, comment="Fine.")
            assert again(approval).state == "approved"
            assert Ticket.objects.get(pk=approval.ticket_id).status == solved
            assert verbs(approval) == ["asked", "answered", "decided"]
            detail = Change.objects.get(verb="ticket.approval_answered").detail
            assert (detail["comment"], detail["via"]) == ("Fine.", "page")

    def test_the_asker_hears_of_the_decision(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ask(cast)
            [row] = readable_notifications(cast.bob)
            assert told(row) == "Alice Agent asks for your approval: May I order a laptop?"
            say(cast.bob, agrees=False)
            [row] = readable_notifications(cast.alice)
            assert told(row) == "Decided: Order: Rejected"

    def test_an_approver_who_may_not_see_the_ticket_is_told_of_the_question(
        self, cast: Cast
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            manager = approver(cast, "Mara")
            ask(cast, policy(cast, {"person": manager}))
            assert [row.kind for row in readable_notifications(manager)] == ["approval"]

    def test_steps_follow_each_other(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            mara = approver(cast, "Mara")
            approval = ask(cast, policy(cast, {"person": cast.bob}, {"person": mara}))
            assert asked(approval) == ["Bob Lead"]
            say(cast.bob)
            assert (again(approval).state, asked(approval)) == ("waiting", ["Mara"])
            say(mara)
            assert again(approval).state == "approved"

    def test_equal_positions_are_asked_together_and_both_must_agree(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            mara = approver(cast, "Mara")
            steps = ({"person": cast.bob, "position": 1}, {"person": mara, "position": 1})
            approval = ask(cast, policy(cast, *steps))
            assert asked(approval) == ["Bob Lead", "Mara"]
            say(mara)
            assert again(approval).state == "waiting"
            say(cast.bob, agrees=False)
            assert again(approval).state == "rejected"

    def test_a_quorum_of_a_team(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            people = [approver(cast, name, Role.AGENT) for name in ("Kim", "Lee", "Max")]
            for one in people:
                add_to_team(team=cast.network, user=one)
            approval = ask(cast, policy(cast, {"team": cast.network, "quorum": 2}))
            # Alice is in the team as well, but she asks herself.
            assert asked(approval) == ["Kim", "Lee", "Max"]
            say(people[0], agrees=False)
            say(people[1])
            assert again(approval).state == "waiting"
            say(people[2])
            assert again(approval).state == "approved"

    def test_nobody_answers_twice_or_for_another(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ask(cast)
            vote = ApprovalVote.objects.get()
            with pytest.raises(InvalidChange, match="not asked"):
                answer_approval(vote=vote, person=cast.alice, agrees=True)
            answer_approval(vote=vote, person=cast.bob, agrees=True)
            with pytest.raises(InvalidChange, match="no longer needed"):
                answer_approval(vote=vote, person=cast.bob, agrees=False)

    def test_a_question_can_be_taken_back_once(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            approval = ask(cast)
            withdraw_approval(approval=approval, actor=Actor.person(cast.alice))
            assert again(approval).state == "withdrawn"
            assert asked(approval) == []
            with pytest.raises(InvalidChange, match="no longer needed"):
                withdraw_approval(approval=approval, actor=Actor.person(cast.alice))

    def test_two_answers_at_once_decide_once(self, live_cast: Cast) -> None:
        with organization_scope(live_cast.nordwerk.pk):
            mara = approver(live_cast, "Mara", Role.LEAD)
            approval = ask(live_cast, policy(live_cast, {}))
            assert asked(approval) == ["Bob Lead", "Mara"]
        start = threading.Barrier(2)

        def answer(user: User, agrees: bool) -> str:
            start.wait()
            try:
                with organization_scope(live_cast.nordwerk.pk):
                    vote = ApprovalVote.objects.get(person=user)
                    answer_approval(vote=vote, person=user, agrees=agrees)
                return "took"
            except InvalidChange:
                return "late"
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(answer, live_cast.bob, True), pool.submit(answer, mara, True)]
            results = sorted(job.result() for job in jobs)
        with organization_scope(live_cast.nordwerk.pk):
            assert results == ["late", "took"]
            assert verbs(approval) == ["asked", "answered", "decided"]


class TestWhoIsAsked:
    def test_nobody_approves_their_own_request(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            approval = ask(cast, policy(cast, {"person": cast.dana}))
            assert asked(approval) == ["Bob Lead"]
            assert approval.votes.get().instead_of == "Dana Requester"

    def test_for_who_is_away_the_stand_in_is_asked_then_the_delegate(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            mara = approver(cast, "Mara")
            row = policy(cast, {"person": cast.bob, "delegate": mara})
            away = AgentProfile.objects.create(
                organization=cast.nordwerk, user=cast.bob, state="away", stand_in=cast.admin
            )
            ada = cast.admin.name
            approval = ask(cast, row)
            assert asked(approval) == [ada]
            assert approval.votes.get().instead_of == "Bob Lead"
            assert "passed_on" in verbs(approval)
            # Nobody decides on what they asked for themselves, not for another either.
            ticket = cast.ticket()
            Ticket.objects.filter(pk=ticket.pk).update(requester=cast.admin)
            ticket.refresh_from_db()
            assert asked(ask(cast, row, ticket)) == ["Mara"]
            ApprovalStep.objects.update(delegate=None)
            AgentProfile.objects.update(stand_in=None)
            assert asked(ask(cast, row)) == ["Bob Lead"]
            away.state = "present"
            away.save()
            assert asked(ask(cast, row)) == ["Bob Lead"]

    def test_somebody_who_left_falls_visibly_to_the_delegate_then_the_leads(
        self, cast: Cast
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            mara, kim = approver(cast, "Mara"), approver(cast, "Kim")
            row = policy(cast, {"person": mara, "delegate": kim})
            Membership.objects.filter(user=mara).delete()
            approval = ask(cast, row)
            assert asked(approval) == ["Kim"]
            assert verbs(approval) == ["asked", "passed_on"]
            Membership.objects.filter(user=kim).delete()
            with system_scope():
                assert due_approvals() == [(cast.nordwerk.pk, approval.pk)]
            attend_approval(approval_id=approval.pk)
            assert asked(approval) == ["Bob Lead"]
            assert due_approvals() == []

    def test_a_step_that_leads_to_nobody_is_refused(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            Membership.objects.filter(user=cast.bob).delete()
            with pytest.raises(InvalidChange, match="leads to nobody"):
                ask(cast)
            assert not Approval.objects.exists()

    @pytest.mark.parametrize("question", ["", "   ", "\x00"])
    def test_an_empty_question_is_refused(self, cast: Cast, question: str) -> None:
        with organization_scope(cast.nordwerk.pk), pytest.raises(InvalidChange):
            ask_approval(
                ticket=cast.ticket(),
                actor=Actor.person(cast.alice),
                policy=policy(cast),
                question=question,
            )

    def test_the_same_is_not_asked_twice_nor_when_switched_off(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            approval = ask(cast)
            with pytest.raises(InvalidChange, match="asked already"):
                ask(cast, approval.policy, approval.ticket)
            approval.policy.is_active = False
            with pytest.raises(InvalidChange, match="switched off"):
                ask(cast, approval.policy)


class TestTime:
    @pytest.mark.parametrize(
        ("on_expiry", "state"), [("reject", "rejected"), ("approve", "approved")]
    )
    def test_silence_ends_as_the_definition_says_once(
        self, cast: Cast, on_expiry: str, state: str
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            approval = ask(cast, policy(cast, on_expiry=on_expiry))
            Approval.objects.update(due_at=now())
            for _ in range(2):
                attend_approval(approval_id=approval.pk)
            approval = again(approval)
            assert (approval.state, approval.reason) == (state, "Nobody decided in time.")
            assert verbs(approval).count("decided") == 1

    def test_a_reminder_comes_once(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            approval = ask(cast, policy(cast, remind_hours=24))
            assert due_approvals() == []
            Approval.objects.update(remind_at=now() - timedelta(seconds=1))
            for _ in range(2):
                attend_approval(approval_id=approval.pk)
            assert Notification.objects.get(user=cast.bob).count == 2


class TestLink:
    def page(self, cast: Cast) -> tuple[str, ApprovalVote]:
        with organization_scope(cast.nordwerk.pk):
            ask(cast)
            vote = ApprovalVote.objects.get()
            return f"/approve/{link_token(vote)}/", vote

    def test_a_get_changes_nothing_and_a_post_decides_once(
        self, cast: Cast, client: Client
    ) -> None:
        url, vote = self.page(cast)
        for _ in range(3):
            page = client.get(url)
            assert b"May I order a laptop?" in page.content
            assert page.headers["Referrer-Policy"] == "no-referrer"
        assert self.state(cast) == "waiting"
        answer = client.post(url, {"decision": "approve", "comment": "Go on"})
        assert b"You agreed" in answer.content
        assert self.state(cast) == "approved"
        assert client.post(url, {"decision": "reject"}).status_code == 422
        assert b"no longer needed" in client.get(url).content
        assert self.state(cast) == "approved"
        with organization_scope(cast.nordwerk.pk):
            assert ApprovalVote.objects.get(pk=vote.pk).via == "mail"

    def state(self, cast: Cast) -> str:
        with organization_scope(cast.nordwerk.pk):
            return Approval.objects.get().state

    def test_a_forged_or_changed_link_opens_nothing(self, cast: Cast, client: Client) -> None:
        url, vote = self.page(cast)
        forged = signing.dumps([vote.organization_id, vote.pk, vote.nonce], salt="other")
        other = signing.dumps([vote.organization_id, vote.pk, "x" * 32], salt="tickets.approval")
        for token in (forged, other, "x", url.split("/")[2][:-2] + "zz", "a:b:c"):
            for answer in (
                client.get(f"/approve/{token}/"),
                client.post(f"/approve/{token}/", {"decision": "approve"}),
            ):
                assert answer.status_code == 404
                assert b"laptop" not in answer.content
        assert self.state(cast) == "waiting"
        assert read_token("") is None

    @pytest.mark.parametrize("decision", ["", "yes", "APPROVE", "\x00"])
    def test_an_unclear_answer_decides_nothing(
        self, cast: Cast, client: Client, decision: str
    ) -> None:
        url, _vote = self.page(cast)
        answer = client.post(url, {"decision": decision})
        assert answer.status_code == 422
        assert b"Choose whether you agree." in answer.content
        assert self.state(cast) == "waiting"

    def test_somebody_who_left_cannot_use_the_link(self, cast: Cast, client: Client) -> None:
        url, _vote = self.page(cast)
        with organization_scope(cast.nordwerk.pk):
            Membership.objects.filter(user=cast.bob).delete()
        assert client.post(url, {"decision": "approve"}).status_code == 422
        assert self.state(cast) == "waiting"
