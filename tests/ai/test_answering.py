"""Questions are answered from what may be told, every sentence with its source, or not at all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from ai import answers, client, indexing, tasks
from ai.access import Audience
from ai.actions.chat import ask, start_conversation
from ai.asking import DESK_KINDS, PUBLIC_KINDS, for_requester, question_of
from ai.models import Conversation, ModelCall, Policy, Turn
from ai.runtime import Runtime
from omnidesk.accounts.models import User
from omnidesk.celery import app
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import Service
from tests.cast import Cast
from tickets.actions.knowledge import save_article
from tickets.models import Article

QUESTION = "How do I reset the token of the VPN client?"
BODY = (
    "# Resetting the VPN token\n\n"
    "The token of the VPN client is reset in the self-service portal.\n\n"
    "1. Open the self-service portal.\n2. Choose New token for the VPN client.\n"
    "3. Confirm by telephone.\n"
)


@pytest.fixture
def article(cast: Cast, models: Runtime) -> Article:
    return write(cast, models, "Reset the VPN token", BODY, is_public=True)


def write(cast: Cast, models: Runtime, title: str, body: str, *, is_public: bool) -> Article:
    with organization_scope(cast.nordwerk.pk):
        row = save_article(organization_id=cast.nordwerk.pk, title=title, body=body, author=None)
        Article.objects.filter(pk=row.pk).update(is_public=is_public, state="published")
    indexing.index_articles(models, cast.nordwerk.pk, [row.pk])
    return row


def asked(cast: Cast, text: str = QUESTION, *, desk: bool = True, **more: Any) -> dict[str, Any]:
    own = (cast.nordwerk.pk,)
    found = question_of(
        organization_id=cast.nordwerk.pk,
        audience=Audience(own) if desk else Audience((), own),
        text=text,
        kinds=DESK_KINDS if desk else PUBLIC_KINDS,
        language="en",
        **more,
    )
    return answers.answer(found)


def test_every_sentence_names_a_source_and_is_quoted_word_for_word(
    cast: Cast, article: Article
) -> None:
    answer = asked(cast)
    assert answer["answerable"]
    assert answer["model"] == "extractive"
    numbers = {one["number"] for one in answer["citations"]}
    assert all(set(one["citations"]) <= numbers and one["citations"] for one in answer["sentences"])
    assert all(one["text"] in BODY for one in answer["sentences"])
    assert [one["step"] for one in answer["sentences"] if one["step"]] == [1, 2, 3]
    assert (answer["citations"][0]["kind"], answer["citations"][0]["id"]) == ("article", article.pk)


def test_below_the_floor_it_says_that_it_does_not_know(cast: Cast, article: Article) -> None:
    answer = asked(cast, "Which wine goes well with roast lamb on Sunday?")
    assert not answer["answerable"]
    assert (answer["reason"], answer["sentences"]) == ("no_sources", [])


def test_a_short_question_leans_on_the_one_before_it(cast: Cast, article: Article) -> None:
    assert not asked(cast, "And by telephone?")["answerable"]
    assert asked(cast, "And by telephone?", earlier=QUESTION)["answerable"]


def test_what_the_portal_does_not_show_is_told_to_the_desk_alone(
    cast: Cast, models: Runtime
) -> None:
    write(cast, models, "Reset the VPN token", BODY, is_public=False)
    assert asked(cast)["answerable"]
    assert not asked(cast, desk=False)["answerable"]
    # Words that go to a requester are made of what requesters may read, whoever asks for them.
    found = question_of(organization_id=cast.nordwerk.pk, text=QUESTION,
                        **for_requester(cast.nordwerk.pk))  # fmt: skip
    assert not answers.answer(found)["answerable"]


def test_another_organization_s_knowledge_is_not_there(cast: Cast, article: Article) -> None:
    found = question_of(
        organization_id=cast.lumen.pk, audience=Audience((cast.lumen.pk,)), text=QUESTION,
        kinds=DESK_KINDS,
    )  # fmt: skip
    assert not answers.answer(found)["answerable"]


def generated(*sentences: tuple[str, list[int]]) -> str:
    rows = [{"text": text, "sources": numbers} for text, numbers in sentences]
    return json.dumps({"answerable": True, "sentences": rows})


@pytest.fixture
def claude(cast: Cast, service: Service, settings: LazySettings) -> Service:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external="always")
    return service


def test_a_generated_answer_keeps_only_what_its_sources_say(
    cast: Cast, article: Article, claude: Service
) -> None:
    claude.reply = lambda body: claude.message(
        generated(
            ("You reset the token of the VPN client in the self-service portal.", [1]),
            ("The canteen serves pasta on Fridays.", [1]),
        )
    )
    answer = asked(cast)
    assert [one["text"] for one in answer["sentences"]] == [
        "You reset the token of the VPN client in the self-service portal."
    ]
    assert answer["model"].startswith("claude")


@pytest.mark.parametrize(
    "reply",
    [
        generated(("The canteen serves pasta on Fridays.", [1])),
        generated(("Reset it at https://evil.example/login now.", [1])),
        generated(("Reset the token in the portal.", [99])),
        generated(("Reset the token in the portal.", [])),
        "no json at all",
    ],
)
def test_a_model_that_makes_things_up_is_replaced_by_quotations(
    cast: Cast, article: Article, claude: Service, reply: str
) -> None:
    claude.reply = lambda body: claude.message(reply)
    answer = asked(cast)
    assert (answer["answerable"], answer["model"]) == (True, "extractive")


def test_nothing_personal_leaves_with_question_or_sources_and_the_ledger_has_every_word(
    cast: Cast, models: Runtime, claude: Service
) -> None:
    write(cast, models, "Reset the VPN token", BODY + "\nAsk dana.private@mail.example.",
          is_public=True)  # fmt: skip
    claude.reply = lambda body: claude.message(
        generated(("The token of the VPN client is reset in the self-service portal.", [1]))
    )
    asked(cast, f"This is Dana Requester, +49 40 5550 1234. {QUESTION}", names=["Dana Requester"])
    sent = json.dumps(claude.requests[0], ensure_ascii=False)
    for secret in ("Dana", "5550", "dana.private"):
        assert secret not in sent
    with organization_scope(cast.nordwerk.pk):
        call = ModelCall.objects.get()
    assert (call.operation, call.asked) == ("chat", claude.requests[0]["messages"][0]["content"])


def test_a_policy_of_never_is_kept_in_the_chat(
    cast: Cast, article: Article, claude: Service
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.update(external="never")
    assert asked(cast)["model"] == "extractive"
    assert claude.requests == []


def test_a_question_that_nothing_here_is_near_never_leaves(
    cast: Cast, article: Article, claude: Service
) -> None:
    asked(cast, "Which wine goes well with roast lamb on Sunday?")
    assert claude.requests == []


# --- The API ------------------------------------------------------------------------------------


@pytest.fixture
def here() -> Iterator[None]:
    """The worker is this process: Celery runs a task where it is asked for."""
    client._rest.end()
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def client_of(user: User) -> Client:
    found = Client()
    found.force_login(user)
    return found


def post(person: User, path: str, **body: Any) -> Any:
    return client_of(person).post(f"/api/v1/{path}", body, content_type="application/json")


def test_the_chat_keeps_its_conversation_and_links_its_sources(
    cast: Cast, article: Article, here: None
) -> None:
    first = post(cast.dana, "rag/chat/", message=QUESTION).json()
    assert first["answerable"]
    assert first["citations"][0]["url"] == f"/kb/{article.slug}/"
    second = post(
        cast.dana, "rag/chat/", message="And by telephone?", conversation=first["conversation"]
    ).json()
    assert (second["conversation"], second["answerable"]) == (first["conversation"], True)
    foreign = post(cast.alice, "rag/chat/", message="Hi there", conversation=first["conversation"])
    assert foreign.status_code == 404
    with organization_scope(cast.nordwerk.pk):
        assert list(Turn.objects.values_list("state", flat=True)) == ["done", "done"]


def test_a_ticket_gets_steps_and_a_letter_and_a_requester_gets_neither(
    cast: Cast, article: Article, here: None
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject="VPN token", text=QUESTION)
    solution = post(cast.alice, "rag/solution/", ticket=ticket.number).json()
    assert [step["number"] for step in solution["steps"]][:3] == [1, 2, 3]
    assert all(step["citations"] for step in solution["steps"])
    letter = post(cast.alice, "ai/generate-response/", ticket=ticket.number).json()
    assert letter["text"].startswith("Hello Dana,")
    assert letter["citations"]
    for path in ("rag/solution/", "ai/generate-response/"):
        assert post(cast.dana, path, ticket=ticket.number).status_code == 403
        assert post(cast.charlie, path, ticket=ticket.number).status_code == 404
        assert post(cast.alice, path).status_code == 400


def test_passages_are_those_that_the_asker_may_open(
    cast: Cast, article: Article, models: Runtime, here: None
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject="VPN token", text=QUESTION)
    indexing.index_tickets(models, cast.nordwerk.pk, [ticket.pk])
    kinds = {row["kind"] for row in post(cast.alice, "rag/retrieve/", query=QUESTION).json()}
    assert kinds == {"ticket", "article"}
    told = post(cast.dana, "rag/retrieve/", query=QUESTION, kinds=["ticket", "article"]).json()
    assert {row["kind"] for row in told} == {"article"}
    assert post(cast.charlie, "rag/retrieve/", query=QUESTION).json() == []


def test_health_says_what_is_reachable(cast: Cast, models: Runtime, here: None) -> None:
    body = client_of(cast.alice).get("/api/v1/rag/health/").json()
    assert body["status"] == "ok"
    assert body["vector_store"]["kind"] == "qdrant-edge"
    assert body["services"] == dict.fromkeys(body["services"], False)


def test_the_worker_answers_a_waiting_question_once(cast: Cast, article: Article) -> None:
    with organization_scope(cast.nordwerk.pk):
        talk = start_conversation(
            organization_id=cast.nordwerk.pk, user=cast.dana, place=Conversation.Place.PORTAL
        )
        turn = ask(conversation=talk, question=QUESTION)
    tasks.chat(cast.nordwerk.pk, turn.pk)
    tasks.chat(cast.nordwerk.pk, turn.pk)
    with organization_scope(cast.nordwerk.pk):
        turn.refresh_from_db()
    assert (turn.state, turn.attempts, turn.answer["answerable"]) == ("done", 1, True)
