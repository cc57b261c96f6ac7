"""Backtests that try something beside the present answers: models, a rule, a service's prompt."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from werkzeug import Response

from ai import tasks
from ai.actions.backtests import start_backtest
from ai.backtesting import run
from ai.engine.classify import describe_prototypes
from ai.engine.training import train
from ai.models import AutomaticAnswer, Backtest, ModelCall, Policy, TrainedModel
from ai.runtime import Runtime
from ai.trials import MODEL, PROMPT, RULE, Trial, from_json
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import LINE, vpn_article
from tests.ai.claude_service import Service
from tests.ai.test_backtest import past
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.actions.base import InvalidChange

SONNET = "anthropic:claude-sonnet-5-5"


def with_article(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = vpn_article(cast)
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk])


def tried(cast: Cast, models: Runtime, trial: Trial) -> Backtest:
    with organization_scope(cast.nordwerk.pk):
        row = start_backtest(organization_id=cast.nordwerk.pk, user=cast.bob, most=10, trial=trial)
        assert from_json(row.trial) == trial
    run(models, cast.nordwerk.pk, row.pk)
    with organization_scope(cast.nordwerk.pk):
        assert not AutomaticAnswer.objects.exists()
        return Backtest.objects.get(pk=row.pk)


def test_a_rule_is_tried_beside_the_present_one(cast: Cast, models: Runtime) -> None:
    past(cast, 2)
    row = tried(cast, models, Trial(kind=RULE, solved=True))
    assert row.report["all"]["answered"] == 0, "solved tickets are never quoted by themselves"
    # The second came after the first was solved; the first may not know its own solution.
    assert row.report["tried"]["all"]["answered"] == 1
    assert "1400" in row.cases[0]["tried"]["text"]
    with_article(cast)
    strict = tried(cast, models, Trial(kind=RULE, floor=0.99))
    assert strict.report["all"]["answered"] == 2
    assert strict.report["tried"]["all"]["answered"] == 0
    assert strict.cases[0]["tried"]["reason"] == "too_far"


def test_a_stored_model_sorts_beside_the_one_in_use(cast: Cast, models: Runtime) -> None:
    vpn, other = str(cast.vpn.pk), str(cast.printing.pk)
    for version, words in ((1, {vpn: ["Paper jam"], other: ["VPN disconnects"]}),
                           (2, {vpn: ["VPN disconnects"], other: ["Paper jam"]})):  # fmt: skip
        content = train([], [], prototypes=describe_prototypes(models.batcher, words)).dumps()
        with organization_scope(cast.nordwerk.pk):
            TrainedModel.objects.create(
                organization=cast.nordwerk, kind="category", version=version, content=content,
                is_active=version == 2, trained_on=40,
            )  # fmt: skip
    past(cast, 2)
    row = tried(cast, models, Trial(kind=MODEL, models=(("category", 1),)))
    now, then = (
        {(one["field"], one["new"]): one for one in report["sorting"]}["category", True]
        for report in (row.report, row.report["tried"])
    )
    assert (now["tickets"], now["accuracy"]) == (2, 1.0)
    assert (then["tickets"], then["accuracy"]) == (2, 0.0)
    with organization_scope(cast.nordwerk.pk):
        assert TrainedModel.objects.get(is_active=True).version == 2


def test_a_prompt_is_tried_on_a_service(cast: Cast, models: Runtime, service: Service) -> None:
    with_article(cast)
    past(cast)
    sentence = {"text": LINE, "sources": [1]}
    answer = json.dumps({"answerable": True, "sentences": [sentence]})
    service.reply = lambda body: service.message(answer)
    row = tried(cast, models, Trial(kind=PROMPT, route=SONNET, prompt="Be brief. Cite sources."))
    [sent] = service.requests
    assert "Be brief. Cite sources." in json.dumps(sent["system"])
    assert sent["model"] == "claude-sonnet-5-5"
    assert cast.dana.name.split()[0] not in json.dumps(sent["messages"])
    assert row.report["cost_usd"] == 0
    assert row.report["tried"]["cost_usd"] > 0
    assert row.report["tried"]["all"]["answered"] == 1
    assert row.cases[0]["tried"]["text"] == f"{LINE} [1]"
    with organization_scope(cast.nordwerk.pk):
        assert ModelCall.objects.count() == 1


def test_a_service_that_fails_leaves_the_present_answers(
    cast: Cast, models: Runtime, service: Service
) -> None:
    with_article(cast)
    past(cast)

    def broken(body: object) -> Response:
        return service.error(529, "overloaded_error")

    service.reply = broken
    row = tried(cast, models, Trial(kind=PROMPT, route=SONNET))
    assert row.state == "done"
    assert row.report["all"]["answered"] == 1
    assert row.cases[0]["tried"]["reason"] == "failed"


@pytest.mark.parametrize(
    ("trial", "why"),
    [
        (Trial(kind="luck"), "Choose one"),
        (Trial(kind=MODEL, models=(("category", 9),)), "kept"),
        (Trial(kind=RULE), "what the rule is"),
        (Trial(kind=RULE, floor=float("nan")), "between"),
        (Trial(kind=PROMPT, route="oracle:1"), "none of"),
        (Trial(kind=PROMPT, route=SONNET), "set up"),
    ],
)
def test_what_cannot_be_tried_is_refused(cast: Cast, trial: Trial, why: str) -> None:
    with organization_scope(cast.nordwerk.pk), pytest.raises(InvalidChange, match=why):
        start_backtest(organization_id=cast.nordwerk.pk, user=None, most=5, trial=trial)


def test_a_policy_that_lets_nothing_leave_holds(cast: Cast, service: Service) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external="never")
        trial = Trial(kind=PROMPT, route=SONNET)
        with pytest.raises(InvalidChange, match="no text leave"):
            start_backtest(organization_id=cast.nordwerk.pk, user=None, most=5, trial=trial)


def test_the_page_starts_and_shows_a_trial(cast: Cast, service: Service) -> None:
    bob: Client = signed_in(cast.bob)
    page = bob.get(reverse("ai:backtests")).content.decode()
    assert "You draft answers for the agents" in page
    given = {"organization": cast.nordwerk.pk, "most": "5", "trial": RULE, "near": "0,7"}
    bob.post(reverse("ai:backtest_start"), given)
    # Another one waits for its turn.
    bob.post(reverse("ai:backtest_start"), {**given, "near": "0.8"})
    figures = {"tickets": 1, "answered": 1, "coverage": 1.0, "judged": 1, "precision": 1.0,
               "bound": 0.2}  # fmt: skip
    report = {
        "tickets": 1, "seconds": 1.0, "milliseconds": 9, "cost_usd": 0.0, "all": figures,
        "drafts": figures, "floors": [], "categories": {},
        "sorting": [{"field": "category", "new": True, "accuracy": 1.0, **figures}],
    }  # fmt: skip
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        row = {"ticket": ticket.pk, "text": "", "confidence": 0.0, "sources": []}
        other = {"text": f"{LINE} [1]", "language": "en", "sources": [], "outcome": "same"}
        found = Backtest.objects.get()
        assert found.trial == {"kind": RULE, "floor": 0.7, "solved": False}
        Backtest.objects.update(
            state="done", report={**report, "tried": report}, cases=[{**row, "tried": other}]
        )
    page = bob.get(reverse("ai:backtest", args=[found.pk])).content.decode()
    assert "likeness from 0.7" in page
    assert LINE in page
    assert "tickets new to the models" in page


def test_the_command_wants_one_thing_at_a_time(cast: Cast) -> None:
    with pytest.raises(CommandError, match="one thing at a time"):
        call_command("backtest", "--near", "0.6", "--service", SONNET)
    with pytest.raises(CommandError, match="category=3"):
        call_command("backtest", "--model", "category")
    with pytest.raises(CommandError, match="kept"):
        call_command("backtest", "--organization", cast.nordwerk.slug, "--model", "category=7")
