"""Replaying past tickets: what would be answered, never out of a ticket's own solution."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ai import tasks
from ai.actions.backtests import start_backtest
from ai.backtesting import report_of, run
from ai.models import AutomaticAnswer, Backtest, ModelCall, Suggestion
from ai.runtime import Runtime
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import LINE, vpn_article
from tests.ai.test_autonomy import WRITTEN, solve
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Triage
from tickets.actions.reply import reply
from tickets.models import Article, Ticket


def past(cast: Cast, count: int = 1, text: str = WRITTEN) -> list[Ticket]:
    found = []
    with organization_scope(cast.nordwerk.pk):
        for _ in range(count):
            ticket = cast.ticket(triage=Triage(category=cast.vpn))
            reply(ticket=ticket, actor=Actor.person(cast.alice), text=text)
            solve(cast, ticket)
            found.append(ticket)
    tasks.index_objects(cast.nordwerk.pk, "ticket", [ticket.pk for ticket in found])
    return found


def replay(cast: Cast, models: Runtime) -> Backtest:
    with organization_scope(cast.nordwerk.pk):
        row = start_backtest(organization_id=cast.nordwerk.pk, user=cast.bob, most=10)
    steps: list[tuple[int, int]] = []
    run(models, cast.nordwerk.pk, row.pk, lambda done, of: steps.append((done, of)))
    assert steps[-1][0] == steps[-1][1]
    with organization_scope(cast.nordwerk.pk):
        return Backtest.objects.get(pk=row.pk)


def test_an_article_answers_past_tickets_and_is_compared(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = vpn_article(cast)
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])
    past(cast, 2)
    row = replay(cast, models)
    assert row.state == "done"
    assert row.report["all"]["answered"] == 2
    assert row.report["all"]["precision"] == 1.0
    assert row.report["cost_usd"] == 0
    assert LINE in row.cases[0]["text"]
    with organization_scope(cast.nordwerk.pk):
        assert not AutomaticAnswer.objects.exists()
        assert not Suggestion.objects.exists()
        assert not ModelCall.objects.exists()


def test_a_tickets_own_solution_is_no_source(cast: Cast, models: Runtime) -> None:
    [ticket] = past(cast)
    with organization_scope(cast.nordwerk.pk):
        article = vpn_article(cast)
        Article.objects.filter(pk=article.pk).update(source=ticket)
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])
    row = replay(cast, models)
    assert row.report["all"]["answered"] == 0
    assert row.report["drafts"]["answered"] == 0


def test_what_was_solved_later_is_no_source_for_a_draft(cast: Cast, models: Runtime) -> None:
    past(cast, 2)
    row = replay(cast, models)
    # The second came after the first was solved and may quote it; the first may not.
    assert row.report["drafts"]["answered"] == 1


def test_one_run_at_a_time_and_a_bounded_number(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        first = start_backtest(organization_id=cast.nordwerk.pk, user=None, most=5)
        assert start_backtest(organization_id=cast.nordwerk.pk, user=None, most=9).pk == first.pk
        with pytest.raises(InvalidChange):
            start_backtest(organization_id=cast.nordwerk.pk, user=None, most=5_000)
        Backtest.objects.update(state="running")
        again = start_backtest(organization_id=cast.nordwerk.pk, user=None, most=5)
        assert again.pk != first.pk, "nobody works on the first any more"
        assert "ended before" in Backtest.objects.get(pk=first.pk).error


def test_a_report_without_tickets_has_figures(cast: Cast) -> None:
    assert report_of([], 0.0, 0.0)["all"]["coverage"] == 0.0


def test_the_commands(cast: Cast) -> None:
    with pytest.raises(CommandError, match="no organization"):
        call_command("backtest", organization="nobody")
    call_command("autonomy", "stop", reason="Drill", stdout=StringIO())
    call_command("autonomy", "go", stdout=StringIO())
    call_command("autonomy", stdout=StringIO())
