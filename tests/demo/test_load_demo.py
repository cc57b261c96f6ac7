"""`load_demo` fills an empty installation once, quietly, and is safe to run again."""

import io
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from django.contrib.auth import authenticate
from django.core import mail
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import TestCase, override_settings

from omnidesk.accounts.actions import create_organization
from omnidesk.accounts.models import Membership, Organization, Team, User
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.demo.content.people import AGENT_EMAIL, LEAD_EMAIL, REQUESTER_EMAIL
from tickets.access import access_ticket
from tickets.actions.macros import preview_macro
from tickets.automation.rulesets import compiled
from tickets.models import (
    Article,
    Attachment,
    Category,
    Change,
    Macro,
    Message,
    Rule,
    RuleEvent,
    Ticket,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, scope="module")
def own_media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def counts() -> dict[str, int]:
    with system_scope():
        models = (Organization, User, Membership, Team, Category, Article, Ticket, Message, Change)
        return {model.__name__: model._default_manager.count() for model in models}


class TestLoaded(TestCase):
    """What stands in an empty installation after one run."""

    said: ClassVar[str]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.said = run()

    def test_it_fills_an_empty_installation(self) -> None:
        said = self.said
        assert "300 tickets (55 open)" in said
        found = counts()
        assert found["Organization"] == 2
        assert found["Ticket"] == 300
        assert found["Article"] >= 28
        assert found["Message"] > 800
        assert found["Change"] > 1500

    def test_only_three_accounts_can_sign_in_with_the_printed_password(self) -> None:
        said = self.said
        match = re.search(r"Demo password: (\S+) \(shown only now\)", said)
        assert match
        for email in (AGENT_EMAIL, LEAD_EMAIL, REQUESTER_EMAIL):
            assert authenticate(None, email=email, username=email, password=match[1])
        others = User.objects.exclude(email__in=(AGENT_EMAIL, LEAD_EMAIL, REQUESTER_EMAIL))
        assert not any(user.has_usable_password() for user in others)

    def test_tickets_look_as_the_actions_would_have_left_them(self) -> None:
        with system_scope():
            for ticket in Ticket.objects.prefetch_related("messages").select_related("status"):
                said = list(ticket.messages.all())
                assert ticket.message_count == len(said)
                assert [m.is_opening for m in said] == [True] + [False] * (len(said) - 1)
                assert said[0].text == ticket.description
                assert ticket.created_at == said[0].created_at
                assert ticket.last_activity_at == said[-1].created_at
                assert ticket.status_category == ticket.status.category
                assert (ticket.resolved_at is None) is not ticket.is_settled
                assert (ticket.closed_at is not None) is (ticket.status.key == "closed")

    def test_untouched_tickets_are_left_for_the_ai_to_sort(self) -> None:
        with system_scope():
            untouched = Ticket.objects.filter(status__key="new")
            assert untouched.count() == 18
            assert not untouched.exclude(category=None, team=None, ai_state="pending").exists()
            assert not Ticket.objects.filter(closed_at__isnull=False, ai_state="pending").exists()

    def test_the_log_ends_with_the_status_of_the_ticket(self) -> None:
        with system_scope():
            for ticket in Ticket.objects.select_related("status").prefetch_related("changes"):
                rows = list(ticket.changes.all())
                assert rows[0].verb == "ticket.opened"
                assert [row.at for row in rows] == sorted(row.at for row in rows)
                moves = [row for row in rows if row.field == "status"]
                now = moves[-1].new if moves else "new"
                assert now == ticket.status.key, ticket.subject
                for earlier, later in itertools.pairwise(moves):
                    assert earlier.new == later.old
                assert sum(row.verb == "ticket.reopened" for row in rows) <= 2

    def test_reopened_tickets_say_so_in_their_log(self) -> None:
        with system_scope():
            tagged = Ticket.objects.filter(tags__name="reopened")
            assert tagged.count() == 8
            for ticket in tagged:
                reopened = ticket.changes.filter(verb="ticket.reopened", old="resolved")
                assert reopened.count() == 1, ticket.subject

    def test_files_are_stored_and_readable(self) -> None:
        with system_scope():
            files = list(Attachment.objects.all())
            assert len(files) >= 20
            for row in files:
                with default_storage.open(str(row.file.name)) as stored:
                    assert len(stored.read()) == row.size

    def test_people_see_their_own_organization_only(self) -> None:
        agent = User.objects.get(email="bastien.ollivier@atelier-lumen.example")
        with system_scope():
            lumen = Organization.objects.get(slug="lumen")
            own = Ticket.objects.filter(organization=lumen).first()
        assert own
        with organization_scope(lumen.pk, user_id=agent.pk):
            assert access_ticket(agent, own.number, need="work").pk == own.pk
            assert not Ticket.objects.exclude(organization=lumen).exists()

    def test_macros_in_four_languages_and_calm_rules_are_there(self) -> None:
        with system_scope():
            macros, agent = list(Macro.objects.order_by("pk")), User.objects.get(email=AGENT_EMAIL)
            ticket = Ticket.objects.with_row_relations().filter(organization__slug="nordwerk")[0]
            assert [macro.language for macro in macros] == ["en", "de", "fr", "es"] * 3
            for macro in macros:
                shown = preview_macro(macro=macro, ticket=ticket, user=agent)
                assert shown.problem == ""
                assert agent.display_name in shown.text
                assert "{" not in shown.text
            rules = list(Rule.objects.order_by("position"))
            assert [rule.is_active for rule in rules] == [True, True, False]
            assert [compiled(rule).problem for rule in rules] == ["", "", ""]
            assert not RuleEvent.objects.exists()


def test_a_second_run_adds_nothing_and_says_so() -> None:
    run()
    before = counts()
    assert "Nothing was added" in run()
    assert counts() == before


def test_it_leaves_a_real_desk_alone_unless_told_otherwise() -> None:
    with organization_scope(()):
        create_organization(name="Real", slug="real")
    assert "--anyway" in run()
    assert counts()["Ticket"] == 0
    run("--anyway")
    assert counts()["Ticket"] == 300


def test_the_password_may_be_set_and_is_not_shown_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIDESK_DEMO_PASSWORD", "a well kept secret")
    said = run()
    assert "a well kept secret" not in said
    assert User.objects.get(email=AGENT_EMAIL).check_password("a well kept secret")


def test_the_administrator_gets_into_the_demo_organization() -> None:
    admin = User.objects.create_superuser("admin@omnidesk.example", "x" * 14)
    run()
    with system_scope():
        membership = Membership.objects.get(user=admin)
        assert membership.role == "administrator"
        assert membership.organization.slug == "nordwerk"


def test_nothing_is_sent_and_nothing_announced(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        run()
    assert callbacks == []
    assert mail.outbox == []


def test_a_person_registered_before_is_kept() -> None:
    User.objects.create_user(REQUESTER_EMAIL, "an old password", name="Somebody Else")
    run()
    user = User.objects.get(email=REQUESTER_EMAIL)
    assert user.name == "Somebody Else"
    assert user.check_password("an old password")
