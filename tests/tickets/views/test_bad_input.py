"""What is wrong with a form stands at its field, has the focus, is announced; nothing is lost."""

from typing import Any

import pytest
from django.test import Client
from lxml import html

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.test_approvals import policy
from tests.tickets.test_ratings import solved, switch_on
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.knowledge import save_article


def refused(answer: Any, kept: str = "") -> html.HtmlElement:
    """What the focus is put on in the refused form. It must be described by its error."""
    assert answer.status_code in {200, 422}, answer.status_code
    page = html.fromstring(answer.content.decode())
    focused = page.xpath("//*[@autofocus]")
    assert len({one.get("name") for one in focused}) == 1
    field = focused[0]
    assert field.get("aria-invalid") == "true" or field.get("type") in {"radio", "checkbox"}
    holder = field if field.get("aria-describedby") else field.xpath("ancestor::fieldset")[0]
    described = holder.get("aria-describedby").split()[-1]
    assert page.xpath("//*[@id=$id]", id=described)[0].text_content().strip()
    assert page.xpath("//*[@role='alert']")
    assert kept in answer.content.decode()
    return field


@pytest.mark.parametrize(
    ("who", "path", "given", "first"),
    [
        ("alice", "/desk/new/", {"requester": "a@", "subject": "Keep me"}, "requester"),
        ("alice", "/desk/kb/new/", {"title": "", "body": "Keep me"}, "title"),
        (
            "alice",
            "/desk/status/new/",
            {"title": "", "kind": "incident", "text": "Keep me"},
            "title",
        ),
        ("alice", "/desk/v/open/save/", {"name": ""}, "name"),
        ("alice", "/desk/me/writing/", {"undo_seconds": "7"}, "undo_seconds"),
        ("admin", "/desk/ai/documents/", {"title": "Keep me"}, "file"),
        ("dana", "/new/", {"text": "Keep me"}, "subject"),
        ("", "/account/sign-up/", {"email": "Keep me"}, "email"),
        ("", "/account/recover/", {"email": "keep"}, "email"),
    ],
)
def test_a_form_says_what_to_correct_and_begins_there(
    cast: Cast, sign_in: SignIn, who: str, path: str, given: dict[str, str], first: str
) -> None:
    client = sign_in(getattr(cast, who)) if who else Client()
    kept = "Keep me" if "Keep me" in given.values() else ""
    assert refused(client.post(path, given), kept).get("name") == first


def test_a_wrong_password_keeps_the_address_and_the_reason_has_the_focus(cast: Cast) -> None:
    given = {"login": cast.alice.email, "password": "not this one"}
    page = html.fromstring(Client().post("/account/sign-in/", given).content.decode())
    (reason,) = page.xpath("//*[@autofocus]")
    assert (reason.get("role"), reason.get("tabindex")) == ("alert", "-1")
    assert page.xpath("//input[@name='login']")[0].get("value") == cast.alice.email


def test_the_small_forms_beside_a_ticket(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, other = cast.ticket(), cast.ticket("VPN again")
    alice, at = sign_in(cast.alice), f"/desk/t/{ticket.number}"

    def post(path: str, **given: str) -> Any:
        return alice.post(f"{at}/{path}/", given, headers=htmx())

    wrong = refused(post("time", do="add", minutes="0", note="Keep me"), "Keep me")
    assert wrong.get("name") == "minutes"
    wrong = refused(post("checklist", do="add", text=" ", required="on"))
    assert wrong.get("name") == "text"
    assert wrong.xpath("ancestor::form//input[@name='required'][@checked]")
    assert refused(post("link", number="", q="Keep me"), "Keep me").get("name") == "q"
    merged = post("merge", into=str(other.number), subject="loser", urgency="sideways")
    chosen = html.fromstring(merged.content.decode()).xpath("//input[@checked]/@value")
    assert (merged.status_code, chosen[:1]) == (422, ["loser"])


@pytest.mark.parametrize("headers", [htmx(), {}], ids=["script", "none"])
def test_a_question_that_is_refused_is_not_lost(
    cast: Cast, sign_in: SignIn, headers: dict[str, str]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
        given = {"policy": policy(cast).pk, "question": " "}
    alice = sign_in(cast.alice)
    answer = alice.post(f"/desk/t/{number}/approvals/", given, headers=headers)
    assert refused(answer).get("name") == "question"
    given = {"policy": "0", "question": "Keep me"}
    answer = alice.post(f"/desk/t/{number}/approvals/", given, headers=headers)
    assert refused(answer, "Keep me").get("name") == "policy"
    # Whoever has no script finds the form on a page of its own.
    assert "What should be approved?" in alice.get(f"/desk/t/{number}/side/").content.decode()


@pytest.mark.parametrize("headers", [htmx(), {}], ids=["script", "none"])
@pytest.mark.parametrize("typed", ["2001-02-03T04:05", "soon"])
def test_a_time_of_ones_own_that_cannot_be_stays_in_its_field(
    cast: Cast, sign_in: SignIn, typed: str, headers: dict[str, str]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
    given = {"until": "own", "at": typed}
    answer = sign_in(cast.alice).post(f"/desk/t/{number}/snooze/", given, headers=headers)
    field = refused(answer)
    assert (answer.status_code, field.get("name"), field.get("value")) == (422, "at", typed)


def test_files_that_an_article_does_not_take(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        save_article(organization_id=cast.nordwerk.pk, title="VPN", body="x", author=cast.bob)
    answer = sign_in(cast.alice).post("/desk/kb/vpn/files/")
    assert (answer.status_code, refused(answer).get("name")) == (422, "files")


def test_the_portals_small_forms(cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    with organization_scope(cast.nordwerk.pk):
        open_one = cast.ticket()
        switch_on(cast.nordwerk)
        done = solved(cast)
        save_article(organization_id=cast.nordwerk.pk, title="VPN", body="x", author=cast.bob)
    assert refused(dana.post(f"/tickets/{open_one.number}/answer/")).get("name") == "text"
    rated = dana.post(f"/tickets/{done.number}/rate/", {"comment": "Keep me", "reasons": "fast"})
    assert refused(rated, "Keep me").get("name") == "score"
    assert html.fromstring(rated.content.decode()).xpath("//input[@value='fast'][@checked]")
    given = {"helped": "no", "reason": "no such", "comment": "Keep me"}
    said = dana.post("/kb/vpn/feedback/", given, headers=htmx())
    assert refused(said, "Keep me").get("name") == "reason"
    quiet = dana.post("/notifications/settings/", {"digest": "off", "quiet_from": "22:00"})
    assert refused(quiet, "22:00").get("name") == "quiet_from"
