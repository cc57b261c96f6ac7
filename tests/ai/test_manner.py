"""An organization's manner of writing, from the administration to drafts, answers and prompts."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from ai import answers, indexing
from ai.asking import for_requester, question_of
from ai.automatic_words import answer_text
from ai.manners import manner_of
from ai.models import ModelCall, Policy, Suggestion
from ai.runtime import Runtime
from ai.writing import asked_rewriting
from omnidesk.accounts.models import Membership
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import vpn_article, waiting
from tests.ai.claude_service import Service
from tests.ai.test_answering import BODY, QUESTION, asked, generated, write
from tests.ai.test_enrich import Read
from tests.cast import Cast
from tickets.models import Ticket

GUIDANCE = "We say “ticket”, never “case”."


@pytest.fixture
def policy(cast: Cast) -> Policy:
    with organization_scope(cast.nordwerk.pk):
        return Policy.objects.create(
            organization=cast.nordwerk, external="always", tone="friendly", address="informal",
            length="short", guidance=GUIDANCE,
        )  # fmt: skip


def sent(service: Service) -> str:
    return str(service.requests[-1]["messages"][0]["content"])


def test_a_drafted_answer_s_prompt_carries_the_organization_s_manner(
    cast: Cast, models: Runtime, policy: Policy, service: Service
) -> None:
    write(cast, models, "Reset the VPN token", BODY, is_public=True)
    service.reply = lambda _body: service.message(
        generated(("The token of the VPN client is reset in the self-service portal.", [1]))
    )
    found = question_of(
        organization_id=cast.nordwerk.pk, text=QUESTION, purpose="draft", language="en",
        **for_requester(cast.nordwerk.pk),
    )  # fmt: skip
    assert answers.answer(found)["model"].startswith("claude")
    head = sent(service).split("<source_1>")[0]
    for words in ("warm and friendly", "du, tu, tú", "at most four sentences", GUIDANCE):
        assert words in head
    # The system prompt is the same for everybody, so that it stays in the service's cache.
    system = str(service.requests[-1]["system"])
    assert GUIDANCE not in system
    assert "house style concerns wording alone" in system
    # An agent's own question is answered as usual.
    asked(cast)
    assert GUIDANCE not in sent(service)
    asked(cast, desk=False)
    assert GUIDANCE in sent(service)


def test_a_rewriting_follows_the_form_of_address(
    cast: Cast, policy: Policy, service: Service
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        wanted = asked_rewriting(cast.alice, ticket, "Please restart it.", "clearer")
    service.reply = lambda _body: service.message(json.dumps({"text": "Restart it."}))
    assert answers.write(wanted)["text"] == "Restart it."
    assert "informal (du, tu, tú)" in sent(service)
    assert GUIDANCE in sent(service)
    with organization_scope(cast.nordwerk.pk):
        assert ModelCall.objects.filter(operation="rewrite", status="ok").exists()


def test_the_local_draft_greets_in_the_organization_s_manner(
    cast: Cast, models: Runtime, read: Read, policy: Policy
) -> None:
    with organization_scope(cast.nordwerk.pk):
        article = vpn_article(cast)
        Policy.objects.update(external="never")
    indexing.index_articles(models, cast.nordwerk.pk, [article.pk])
    with organization_scope(cast.nordwerk.pk):
        english, german = cast.ticket(), cast.ticket(subject="Maus", text="Die Maus ist defekt.")
    for ticket in (english, german):
        read(ticket)
    assert draft_of(english).startswith("Hi Dana,\n")
    assert "MTU" in draft_of(english)
    assert draft_of(german).startswith("Hallo Dana,\n\nvielen Dank für deine Nachricht.")
    assert draft_of(german).endswith("Viele Grüße")


def draft_of(ticket: Ticket) -> str:
    with organization_scope(ticket.organization_id):
        return Suggestion.objects.get(ticket=ticket, field="draft").value


def test_an_automatic_answer_is_written_in_it_too(cast: Cast, policy: Policy) -> None:
    with organization_scope(cast.nordwerk.pk):
        answer = waiting(cast, vpn_article(cast), language="de")
        informal = answer_text(answer)
        Policy.objects.update(address="formal", tone="plain")
        formal = answer_text(answer)
    assert "Hat es geholfen? Sag es uns hier" in informal
    assert "Viele Grüße" in informal
    assert "Sagen Sie es uns hier" in formal
    assert "Sie " not in informal.replace("MTU", "")


def test_another_organization_writes_as_usual(cast: Cast, policy: Policy) -> None:
    with organization_scope(cast.lumen.pk):
        assert manner_of(cast.nordwerk.pk).tone == "plain", "row security hides the policy"
        assert manner_of(cast.lumen.pk).guidance == ""


def test_words_that_would_have_to_be_masked_never_leave(cast: Cast, policy: Policy) -> None:
    policy.guidance = "Sign with our line +49 40 5550 1234."
    assert policy.manner.guidance == ""


def test_an_administrator_finds_it_beside_the_policy(cast: Cast, policy: Policy) -> None:
    with organization_scope(cast.nordwerk.pk):
        Membership.objects.filter(user=cast.bob).update(role="administrator")
    boss = Client()
    boss.force_login(cast.bob)
    url = reverse("admin:ai_policy_change", args=[policy.pk])
    page = boss.get(url).content.decode()
    assert "How drafts and answers are written" in page
    assert "Informal (du, tu, tú)" in page
    values = {"external": "unsure", "tone": "formal", "address": "formal", "length": "detailed"}
    refused = boss.post(url, {**values, "guidance": "Write to boss@nordwerk.example."})
    assert "these words are sent as they stand" in refused.content.decode()
    refused = boss.post(url, {**values, "guidance": "x" * 301})
    assert refused.status_code == 200
    assert boss.post(url, {**values, "guidance": "No jargon."}).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        manner = manner_of(cast.nordwerk.pk)
    assert (manner.tone, manner.length, manner.guidance) == ("formal", "detailed", "No jargon.")
