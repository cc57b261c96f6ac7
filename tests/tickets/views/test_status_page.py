"""The status page: what is told to whom, who follows, and mails that go out once."""

from typing import Any

import pytest
from django.core import mail

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.base import InvalidChange
from tickets.actions.status_page import (
    follow_notice,
    post_update,
    publish_notice,
    save_notice,
)
from tickets.models import StatusFollower, StatusNotice, Ticket
from tickets.status_tasks import mail_status, sweep_mails

FORM = {
    "kind": "incident",
    "title": "VPN drops after the update",
    "text": "Client **5.2.1** is the reason.",
    "advice": "Install 5.1.8.",
    "affected": "Hamburg, Lyon",
    "starts_at": "2026-11-27T09:50",
}


def notice_for(cast: Cast, *, published: bool = True, **more: Any) -> StatusNotice:
    values = {"title": "VPN drops", "text": "The connection drops.", **more}
    row = save_notice(organization_id=cast.nordwerk.pk, author=cast.alice, values=values)
    return publish_notice(notice=row, author=cast.alice) if published else row


def test_an_agent_writes_publishes_and_updates_and_a_requester_reads(
    cast: Cast, sign_in: SignIn
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    alice, dana = sign_in(cast.alice), sign_in(cast.dana)
    made = alice.post(f"/desk/status/new/?ticket={ticket.number}", FORM)
    page = made.headers["Location"]
    assert b"VPN drops after" not in dana.get("/status/").content
    assert b"Everything works" in dana.get("/status/").content
    alice.post(f"{page}act/", {"do": "publish"})
    shown = dana.get("/status/").content
    assert b"One service has a problem" in shown
    assert b"<strong>5.2.1</strong>" in shown
    assert str(ticket.number).encode() not in shown
    alice.post(f"{page}act/", {"do": "update", "stage": "testing", "text": "Lyon tests it."})
    assert b"Lyon tests it." in dana.get("/status/").content
    assert b"VPN drops after" in dana.get("/").content
    refused = alice.post(f"{page}act/", {"do": "update", "stage": "testing", "text": " "})
    assert refused.status_code == 422
    assert b"Write what is new." in refused.content
    alice.post(f"{page}act/", {"do": "update", "stage": "over", "text": ""})
    over = dana.get("/status/").content
    assert b"Everything works" in over
    assert b"VPN drops after" in over
    assert b"VPN drops after" not in sign_in(cast.charlie).get("/status/").content


def test_only_the_desk_writes_notices(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = notice_for(cast, published=False)
    assert sign_in(cast.charlie).get(f"/desk/status/{row.pk}/").status_code == 404
    assert sign_in(cast.dana).post("/desk/status/new/", FORM).status_code == 403
    assert sign_in(cast.dana).post(f"/status/{row.pk}/follow/").status_code == 404
    with organization_scope(cast.nordwerk.pk), pytest.raises(InvalidChange):
        save_notice(organization_id=cast.nordwerk.pk, author=cast.alice, values={"title": " "})


def test_a_known_problem_answers_while_typing_and_is_followed_there(
    cast: Cast, sign_in: SignIn
) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = notice_for(cast)
        notice_for(cast, title="VPN secret", published=False)
    client = sign_in(cast.dana)
    answer = client.get("/new/answers/?subject=vpn+again", headers=htmx("answers")).content
    assert b"Known problem" in answer
    assert b"secret" not in answer
    done = client.post(f"/status/{row.pk}/follow/", {"do": "follow"}, headers=htmx("x"))
    assert b"You get each update by e-mail." in done.content
    client.post(f"/status/{row.pk}/follow/", {"do": "follow"})
    with organization_scope(cast.nordwerk.pk):
        assert StatusFollower.objects.count() == 1
    client.post(f"/status/{row.pk}/follow/", {"do": "stop"})
    with organization_scope(cast.nordwerk.pk):
        assert StatusFollower.objects.count() == 0


def test_a_form_of_the_catalogue_has_answers_too(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.dana)
    assert b'hx-get="/new/answers/"' in client.get("/new/").content
    answer = client.get("/new/answers/?note=x&field_device=vpn", headers=htmx("answers"))
    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_each_update_is_mailed_once_to_who_follows(live_cast: Cast) -> None:
    cast = live_cast
    with organization_scope(cast.nordwerk.pk):
        row = notice_for(cast)
        follow_notice(notice=row, user=cast.dana)
        # What was told before somebody followed is no news for them.
        post_update(notice=row, author=cast.alice, stage="cause", text="It is the client.")
    mail.outbox.clear()
    with organization_scope(cast.nordwerk.pk):
        StatusFollower.objects.update(told_update=0)
    assert mail_status(cast.nordwerk.pk, row.pk) == 1
    assert mail_status(cast.nordwerk.pk, row.pk) == 0
    [letter] = mail.outbox
    assert letter.to == [cast.dana.email]
    assert letter.subject == "Cause found: VPN drops"
    assert "It is the client." in letter.body
    assert sweep_mails() == 0


def test_what_a_ticket_says_is_proposed_as_the_title(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket: Ticket = cast.ticket("Printer park down")
    page = sign_in(cast.alice).get(f"/desk/status/new/?ticket={ticket.number}")
    assert b"Printer park down" in page.content
