"""What a requester wrote and did not send is there again, until it is sent or thrown away."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import html

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn
from tickets.models import KeptForm

WORDS = {"subject": "Mouse", "text": "It does not move.", "urgency": "high"}
TYPED = {**WORDS, "window": "1"}


def shown(client: Client, path: str) -> html.HtmlElement:
    return html.fromstring(client.get(path).content.decode())


def count(cast: Cast) -> int:
    with organization_scope(cast.nordwerk.pk):
        return KeptForm.objects.count()


def test_a_report_comes_back_in_another_browser_and_goes_with_sending(
    cast: Cast, sign_in: SignIn
) -> None:
    dana = sign_in(cast.dana)
    assert dana.post("/kept/new/", TYPED).json()["kept"] is True
    page = shown(sign_in(cast.dana), "/new/")
    assert page.xpath("//input[@name='subject']/@value") == ["Mouse"]
    assert page.xpath("//textarea[@name='text']")[0].text_content().strip() == TYPED["text"]
    assert page.xpath("//input[@name='urgency'][@checked]/@value") == ["high"]
    assert "Not sent yet, kept" in page.text_content()
    # Enter in a field presses the form's first button: that one sends.
    (first, *_) = page.xpath("//form[@id='problem-form']//button[@type='submit'][not(@form)]")
    assert first.text_content().strip() == "Send to IT"
    assert dana.post("/new/", TYPED).status_code == 302
    assert count(cast) == 0
    assert shown(dana, "/new/").xpath("//input[@name='subject']/@value") == []


def test_a_refused_form_shows_what_was_sent_and_what_was_kept_stays(
    cast: Cast, sign_in: SignIn
) -> None:
    dana = sign_in(cast.dana)
    dana.post("/kept/new/", TYPED)
    answer = dana.post("/new/", {"subject": "", "text": "Other words"})
    assert answer.status_code == 422
    assert b"Other words" in answer.content
    assert count(cast) == 1


def test_an_answer_is_kept_for_each_ticket(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        one, other = cast.ticket(), cast.ticket("Other")
    dana = sign_in(cast.dana)
    dana.post(f"/kept/answer-{one.number}/", {"text": "Still broken"})

    def written(number: int) -> str:
        return str(shown(dana, f"/tickets/{number}/").xpath("//textarea")[0].text or "").strip()

    assert (written(one.number), written(other.number)) == ("Still broken", "")
    dana.post(f"/tickets/{one.number}/answer/", {"text": "Still broken"})
    assert count(cast) == 0


def test_it_is_thrown_away_when_emptied_begun_anew_or_old(cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    for emptied in ({"subject": " ", "window": "1"}, {"do": "forget"}):
        dana.post("/kept/new/", TYPED)
        assert count(cast) == 1
        dana.post("/kept/new/", emptied)
        assert count(cast) == 0
    dana.post("/kept/new/", TYPED)
    with organization_scope(cast.nordwerk.pk):
        KeptForm.objects.update(saved_at=now() - timedelta(days=31))
    assert shown(dana, "/new/").xpath("//input[@name='subject']/@value") == []


def test_nobody_reads_anothers_words_and_no_secret_is_kept(cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.dana).post("/kept/new/", {**TYPED, "csrfmiddlewaretoken": "x", "token": "y"})
    with organization_scope(cast.nordwerk.pk):
        assert set(KeptForm.objects.get().values) == set(WORDS)
    assert "Mouse" not in shown(sign_in(cast.alice), "/new/").text_content()
    assert Client().post("/kept/new/", TYPED).status_code == 302


def test_a_second_window_is_told_and_nothing_is_written_over(cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)

    def save(text: str, window: str, known: str = "") -> dict[str, Any]:
        given = {"text": text, "window": window, "known": known}
        told: dict[str, Any] = dana.post("/kept/new/", given).json()
        return told

    first = save("One", "1")
    # The answer to its last save may never reach a window that is closed: it goes on.
    first = save("One and more", "1")
    other = save("Two", "2")
    assert other["clash"] == "This form was changed in another window."
    assert (other["known"], other["page"]) == (first["known"], "/new/")
    assert "One and more" in shown(dana, "/new/").xpath("//textarea")[0].text
    # "Keep mine" is to know of the other and to save.
    assert save("Two", "2", other["known"])["kept"] is True
    assert "clash" in save("One, again", "1", first["known"])
    dana.post("/new/", WORDS)
    assert save("Two, late", "2", other["known"])["clash"].startswith("This form was sent")
    assert save("", "2", other["known"]) == {"kept": False, "known": ""}
    assert count(cast) == 0
    # A time that is none is none.
    assert save("Anew", "2", "2026-99-99T00:00")["kept"] is True


def test_files_of_a_refused_form_are_named_to_be_chosen_again(cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
    for page in ("/new/", f"/tickets/{number}/answer/"):
        files = [SimpleUploadedFile("gateway.log", b"down"), SimpleUploadedFile("empty.txt", b"")]
        answer = dana.post(page, {"subject": "", "text": "", "attachments": files})
        assert answer.status_code == 422
        place = html.fromstring(answer.content.decode()).xpath("//*[@data-file-names]")[0]
        assert "Choose again: gateway.log" in place.text_content()
    assert "Choose again" not in dana.get("/new/").content.decode()


@pytest.mark.parametrize("form", ["answer-99999", "answer-x", "form-none", "form-", "else"])
def test_a_form_that_is_not_there_keeps_nothing(cast: Cast, sign_in: SignIn, form: str) -> None:
    assert sign_in(cast.dana).post(f"/kept/{form}/", TYPED).status_code == 404
    assert count(cast) == 0


def test_too_much_is_refused(cast: Cast, sign_in: SignIn) -> None:
    answer: Any = sign_in(cast.dana).post("/kept/new/", {"text": "x" * 260_000})
    assert answer.status_code == 422
    assert count(cast) == 0
