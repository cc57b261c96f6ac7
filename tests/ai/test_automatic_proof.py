"""Whose mailbox is it? The code, and the page behind an answer's link."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

from ai.actions import automatic as actions
from ai.automatic_tasks import mail_code
from ai.automatic_words import link_of
from ai.models import AutomaticAnswer
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.automatic_cases import LINE, may, vpn_article, waiting
from tests.ai.test_automatic import said, sent
from tests.cast import Cast
from tickets.models import Article, Message, Ticket


class TestProof:
    def test_five_wrong_codes_end_it(self, cast: Cast) -> None:
        EmailAddress.objects.filter(user=cast.dana).update(verified=False)
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
            answer = waiting(cast, vpn_article(cast))
            actions.send_answer(answer_id=answer.pk)
            claimed = actions.claim_code(answer_id=answer.pk)
            assert claimed is not None
            row, code = claimed
            wrong = "000000" if code != "000000" else "111111"
            states = [actions.try_code(answer=row, code=wrong).state for _ in range(5)]
            assert states == ["asked"] * 4 + ["stopped"]
            assert actions.try_code(answer=row, code=code).state == "stopped"
            assert said(answer.ticket) == []

    def test_a_code_that_comes_too_late_opens_nothing(self, cast: Cast) -> None:
        EmailAddress.objects.filter(user=cast.dana).update(verified=False)
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
            answer = waiting(cast, vpn_article(cast))
            actions.send_answer(answer_id=answer.pk)
            claimed = actions.claim_code(answer_id=answer.pk)
            assert claimed is not None
            AutomaticAnswer.objects.filter(pk=answer.pk).update(send_at=now() - timedelta(hours=1))
            assert actions.try_code(answer=claimed[0], code=claimed[1]).reason == "expired"


class TestLink:
    def test_a_person_please(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            answer = sent(cast)
        client, path = Client(), link_of(answer).partition("/assistant")[2]
        assert "A person, please" in client.get(f"/assistant{path}").content.decode()
        for _ in range(2):
            page = client.post(f"/assistant{path}", {"wish": "person"})
            assert "A person answers you next" in page.content.decode()
        with organization_scope(cast.nordwerk.pk):
            answer.refresh_from_db()
            assert answer.person_asked_at is not None
            assert Message.objects.filter(ticket=answer.ticket, from_requester=True).count() == 2

    def test_it_helped(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            answer = sent(cast)
        client, path = Client(), link_of(answer).partition("/assistant")[2]
        client.post(f"/assistant{path}", {"wish": "helped"})
        with organization_scope(cast.nordwerk.pk):
            assert Ticket.objects.get(pk=answer.ticket_id).status_category == "solved"

    def test_the_page_shows_the_answer_only_after_the_code(self, cast: Cast) -> None:
        EmailAddress.objects.filter(user=cast.dana).update(verified=False)
        with organization_scope(cast.nordwerk.pk):
            may(cast, "send")
            answer = waiting(cast, vpn_article(cast))
            actions.send_answer(answer_id=answer.pk)
            claimed = actions.claim_code(answer_id=answer.pk)
            assert claimed is not None
        client, path = Client(), link_of(answer).partition("/assistant")[2]
        assert LINE not in client.get(f"/assistant{path}").content.decode()
        wrong = client.post(f"/assistant{path}", {"wish": "code", "code": "x"})
        assert wrong.status_code == 422
        assert LINE not in wrong.content.decode()
        right = client.post(f"/assistant{path}", {"wish": "code", "code": claimed[1]})
        assert LINE in right.content.decode()

    def test_a_recorded_answer_has_no_page(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            answer = waiting(cast, vpn_article(cast), state="shadow")
        path = link_of(answer).partition("/assistant")[2]
        assert Client().get(f"/assistant{path}").status_code == 404
        assert Client().get("/assistant/answer/nonsense/").status_code == 404


def test_an_address_that_nobody_confirmed_gets_one_mail_with_a_code_and_no_answer(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    EmailAddress.objects.filter(user=cast.dana).update(verified=False)
    with organization_scope(cast.nordwerk.pk):
        may(cast, "send")
        answer = waiting(cast, vpn_article(cast))
        found = actions.send_answer(answer_id=answer.pk)
        assert found is not None
        assert found.state == "asked"
    settings.EMAIL_BACKEND = "integrations.mailbackend.EmailUrlBackend"
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    assert not mail_code(cast.nordwerk.pk, answer.pk)
    settings.EMAIL_URL, settings.OUTGOING_DIR = "", tmp_path
    assert mail_code(cast.nordwerk.pk, answer.pk), "the server refused the first"
    assert not mail_code(cast.nordwerk.pk, answer.pk)
    [file] = [one for one in tmp_path.rglob("*") if one.is_file()]
    letter = message_from_bytes(file.read_bytes(), policy=default)
    body = letter.get_content()
    assert letter["To"] == cast.dana.email
    assert letter["Auto-Submitted"] == "auto-generated"
    assert LINE not in body
    code = re.search(r"^\d{6}$", body, re.MULTILINE)
    assert code is not None
    with organization_scope(cast.nordwerk.pk):
        answer.refresh_from_db()
        assert code.group() not in answer.code_hash
        wrong = "000000" if code.group() != "000000" else "111111"
        assert actions.try_code(answer=answer, code=wrong).state == "asked"
        assert said(answer.ticket) == []
        assert actions.try_code(answer=answer, code=f" {code.group()} ").state == "sent"
        assert len(said(answer.ticket)) == 1
        again = waiting(cast, Article.objects.get())
        found = actions.send_answer(answer_id=again.pk)
        assert found is not None
        assert found.state == "sent", "who proved it lately is not asked again"
