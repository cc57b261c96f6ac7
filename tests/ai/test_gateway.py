"""Services are asked in order, patiently but not for ever, within policy and budget."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from pytest_httpserver import HTTPServer
from werkzeug import Response

from ai import gateway
from ai.engine.llm import Choices, TriageAnswer
from ai.models import ModelCall, Policy
from ai.providers import forget_services
from ai.routes import BadRoute, Step, parse_prices, parse_route
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import Service
from tests.ai.openai_service import KEY, ChatService
from tests.cast import Cast

CHOICES = Choices(categories=("Hardware", "Access"), urgencies=())
Ask = Callable[[], TriageAnswer | None]


@pytest.fixture
def openai(httpserver: HTTPServer, settings: LazySettings, service: Service) -> ChatService:
    """A second service behind Claude."""
    found = ChatService()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(found)
    settings.OPENAI_API_KEY, settings.OPENAI_MODEL = KEY, "gpt-test"
    settings.OPENAI_BASE_URL = httpserver.url_for("/v1")
    settings.AI_TRIES, settings.AI_RETRY_SECONDS = 3, 0
    settings.AI_CALL_TIMEOUT = 2.0
    settings.AI_ROUTES = {"": "anthropic, openai"}
    return found


@pytest.fixture
def ask(cast: Cast) -> Ask:
    def now() -> TriageAnswer | None:
        question = gateway.Question(
            organization_id=cast.nordwerk.pk, purpose="triage", sent="the masked words"
        )
        return gateway.ask(question, lambda model: model.triage("My badge", CHOICES))

    return now


def ledger(cast: Cast) -> list[tuple[str, str, str]]:
    with organization_scope(cast.nordwerk.pk):
        return list(ModelCall.objects.order_by("pk").values_list("provider", "status", "error"))


def claude_sorts(service: Service) -> None:
    answer = {"category": "Access", "category_confidence": 0.9, "reason": "badge"}
    service.reply = lambda body: service.message(json.dumps(answer))


def test_the_first_service_that_answers_is_the_last_one_asked(
    cast: Cast, ask: Ask, service: Service, openai: ChatService
) -> None:
    claude_sorts(service)
    answer = ask()
    assert answer is not None
    assert answer.labels["category"].value == "Access"
    assert openai.requests == []
    assert ledger(cast) == [("anthropic", "ok", "")]


@pytest.mark.parametrize(
    ("status", "kind", "tries"),
    [(429, "rate_limit_error", 3), (500, "api_error", 3), (529, "overloaded_error", 3),
     (401, "authentication_error", 1), (404, "not_found_error", 1)],
)  # fmt: skip
def test_a_failing_service_is_tried_again_only_where_that_may_help_then_the_next_is_asked(
    cast: Cast, ask: Ask, service: Service, openai: ChatService, status: int, kind: str, tries: int
) -> None:
    service.reply = lambda body: service.error(status, kind)
    answer = ask()
    assert answer is not None
    assert answer.usage.model == "gpt-test"
    assert len(service.requests) == tries
    assert [row[:2] for row in ledger(cast)] == [
        *[("anthropic", "failed")] * tries, ("openai", "ok"),
    ]  # fmt: skip


def test_a_service_that_asks_for_a_long_pause_is_not_waited_for(
    cast: Cast, ask: Ask, service: Service, openai: ChatService
) -> None:
    def busy(_body: dict[str, Any]) -> Response:
        response = service.error(429, "rate_limit_error")
        response.headers["retry-after"] = "3600"
        return response

    service.reply = busy
    assert ask() is not None
    assert len(service.requests) == 1
    assert len(openai.requests) == 1


def test_a_short_pause_is_kept_and_the_same_service_asked_again(
    ask: Ask, openai: ChatService, settings: LazySettings
) -> None:
    settings.AI_ROUTES = {"": "openai"}
    # Zero would be waited without the header: only with it is the base of an hour not used.
    settings.AI_RETRY_SECONDS = 3600
    openai.replies = [
        lambda _body: openai.problem(429, "rate_limit_exceeded", **{"retry-after-ms": "1"}),
        openai.sort,
    ]
    assert ask() is not None
    assert len(openai.requests) == 2


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (lambda s: lambda body: s.message("not json"), "invalid", "no JSON"),
        (lambda s: lambda body: s.message('{"category": "Har', "length"), "refused", "cut off"),
        (lambda s: lambda body: s.sort(body, category="Payroll"), "invalid", "does not exist"),
        (lambda s: lambda body: s.message("", "content_filter"), "refused", "declined"),
        (lambda s: lambda body: Response("<html>proxy</html>", 200), "failed", "Something other"),
        (lambda s: lambda body: Response('{"choices": []}', 200,
                                         content_type="application/json"), "failed", "Something"),
        (lambda s: lambda body: s.problem(429, "insufficient_quota"), "failed", "used up"),
        (lambda s: lambda body: s.problem(400, "context_length_exceeded"), "failed", "too long"),
    ],
)  # fmt: skip
def test_an_unusable_answer_falls_back_to_this_installation(
    cast: Cast, ask: Ask, openai: ChatService, settings: LazySettings,
    reply: Callable[[ChatService], Callable[[dict[str, Any]], Response]], status: str, words: str,
) -> None:  # fmt: skip
    settings.AI_ROUTES = {"": "openai, local, anthropic"}
    settings.AI_TRIES = 1
    openai.replies = [reply(openai)]
    assert ask() is None
    [(provider, found, error)] = ledger(cast)
    assert (provider, found) == ("openai", status)
    assert words in error


def test_a_service_that_hangs_is_given_up(
    cast: Cast, ask: Ask, openai: ChatService, settings: LazySettings
) -> None:
    settings.AI_ROUTES, settings.AI_TRIES = {"": "openai"}, 1
    settings.AI_CALL_TIMEOUT = 0.2
    openai.replies = [openai.hang(0.6)]
    assert ask() is None
    assert ledger(cast) == [("openai", "failed", "OpenAI did not answer in time.")]


def test_a_local_model_that_thinks_aloud_and_counts_nothing_is_understood(
    cast: Cast, ask: Ask, openai: ChatService, httpserver: HTTPServer, settings: LazySettings
) -> None:
    settings.OLLAMA_BASE_URL, settings.OLLAMA_MODEL = httpserver.url_for("/v1"), "llama-test"
    settings.AI_ROUTES = {"": "anthropic", "triage": "ollama:other-test"}
    openai.key = "ollama"
    text = '```json\n{"category": "Access", "category_confidence": 0.6, "reason": "x"}\n```'
    openai.replies = [lambda _body: openai.message(f"<think>hm</think>{text}", bare=True)]
    answer = ask()
    assert answer is not None
    assert (answer.usage.model, answer.usage.input_tokens) == ("other-test", 0)
    with organization_scope(cast.nordwerk.pk):
        row = ModelCall.objects.get()
    assert json.loads(row.sent) == openai.requests[0], "the whole request, as it was sent"
    assert "<think>" in row.received
    assert row.answered == f"<think>hm</think>{text}"


def test_azure_is_asked_by_deployment_with_its_own_header(
    ask: Ask, httpserver: HTTPServer, settings: LazySettings, service: Service
) -> None:
    azure = ChatService(kind="azure", token_word="max_completion_tokens")
    httpserver.expect_request("/openai/deployments/desk/chat/completions").respond_with_handler(
        azure
    )
    settings.AZURE_OPENAI_API_KEY = KEY
    settings.AZURE_OPENAI_ENDPOINT = httpserver.url_for("/").rstrip("/")
    settings.AZURE_OPENAI_VERSION, settings.AZURE_OPENAI_DEPLOYMENT = "2024-10-21", "desk"
    settings.AI_ROUTES = {"": "azure"}
    forget_services()
    answer = ask()
    assert answer is not None
    assert azure.requests[0]["model"] == "desk"


def test_a_service_that_keeps_failing_rests_and_is_not_counted(
    cast: Cast, ask: Ask, service: Service, openai: ChatService
) -> None:
    service.reply = lambda body: service.error(500, "api_error")
    for _ in range(4):
        assert ask() is not None
    assert len(service.requests) == 5, "five failures in a row, then a rest"
    assert len(openai.requests) == 4


def test_a_spent_budget_ends_at_this_installation_and_begins_anew_next_day(
    cast: Cast, ask: Ask, openai: ChatService, settings: LazySettings
) -> None:
    settings.AI_ROUTES, settings.AI_PRICES = {"": "openai"}, "gpt-test=1000/1000"
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, daily_cost="0.90")
    assert ask() is not None
    assert ask() is None
    assert len(openai.requests) == 1
    with organization_scope(cast.nordwerk.pk):
        yesterday = gateway.start_of_day(cast.nordwerk.pk) - gateway.MOMENT
        ModelCall.objects.update(at=yesterday)
    assert ask() is not None


def test_tokens_are_a_budget_for_models_without_a_price(
    cast: Cast, ask: Ask, openai: ChatService, settings: LazySettings
) -> None:
    settings.AI_ROUTES = {"": "openai"}
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, daily_tokens=951)
    assert ask() is not None
    assert ask() is not None
    assert ask() is None


def test_one_organization_s_policy_is_not_another_s(
    cast: Cast, ask: Ask, openai: ChatService
) -> None:
    with organization_scope(cast.lumen.pk):
        Policy.objects.create(organization=cast.lumen, external="never")
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external="never")
    assert ask() is None
    assert openai.requests == []
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.all().delete()
    assert ask() is not None


def test_a_route_that_cannot_be_read_says_which_word() -> None:
    assert parse_route("anthropic:claude-x, local") == (
        Step("anthropic", "claude-x"),
        Step("local"),
    )
    with pytest.raises(BadRoute, match="skynet"):
        parse_route("anthropic, skynet")
    with pytest.raises(BadRoute, match="cheap"):
        parse_prices("gpt=cheap")
