"""The status page: what is told to whom, who follows, and mails that go out once."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.incident_news import show_incident
from tickets.actions.links import link_tickets
from tickets.actions.status_page import (
    follow_notice,
    post_update,
    publish_notice,
    save_notice,
)
from tickets.linking import Relation
from tickets.models import Message, StatusFollower, StatusNotice, Ticket
from tickets.status_history import Span, history_of
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


def incident_of(cast: Cast) -> Ticket:
    """An incident with two tickets of Dana's; call inside a scope of Nordwerk."""
    parent = cast.ticket("VPN is down")
    for subject in ("No VPN", "VPN again"):
        link_tickets(
            ticket=parent, actor=Actor.person(cast.bob), other=cast.ticket(subject),
            relation=Relation.PARENT_OF,
        )  # fmt: skip
    return parent


def test_news_of_an_incident_is_written_once_and_mailed_once(cast: Cast, sign_in: SignIn) -> None:
    alice = sign_in(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        parent = incident_of(cast)
        notice = show_incident(ticket=parent, author=cast.alice)
        assert show_incident(ticket=parent, author=cast.bob) == notice
        for follower in (cast.dana, cast.bob):
            follow_notice(notice=notice, user=follower)
        part = Ticket.objects.get(subject="No VPN")
    page = alice.get(f"/desk/status/{notice.pk}/").content.decode()
    assert "Also answer 1 person" in page
    asker = sign_in(cast.dana).get(f"/tickets/{part.number}/").content.decode()
    assert "Part of a known problem" in asker
    assert f"/status/#notice-{notice.pk}" in asker
    form = {"do": "update", "stage": "fixing", "text": "At ten.", "answer": "on", "key": "k1"}
    alice.post(f"/desk/status/{notice.pk}/act/", form)
    assert alice.post(f"/desk/status/{notice.pk}/act/", form).status_code == 422
    with organization_scope(cast.nordwerk.pk):
        answers = Message.objects.filter(text="At ten.")
        assert [(m.kind, m.ticket.subject) for m in answers.order_by("ticket_id")] == [
            ("internal", "VPN is down"), ("public", "No VPN"),
        ]  # fmt: skip
        newest = notice.updates.order_by("-pk")[0]
        assert (newest.stage, newest.text) == ("fixing", "At ten.")
        # Dana reads it in her ticket; Bob, who has none, by mail.
        waiting = StatusFollower.objects.filter(notice=notice, told_update__lt=newest.pk)
        assert [row.user for row in waiting] == [cast.bob]
    quiet = {"do": "update", "stage": "testing", "text": "Soon."}
    alice.post(f"/desk/status/{notice.pk}/act/", quiet)
    with organization_scope(cast.nordwerk.pk):
        assert not Message.objects.filter(text="Soon.").exists()


def test_the_last_days_are_drawn_and_written(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        began = now() - timedelta(days=2)
        row = notice_for(cast, title="No mail", starts_at=began)
        post_update(notice=row, author=cast.alice, stage="over", text="")
        StatusNotice.objects.filter(pk=row.pk).update(ends_at=began + timedelta(minutes=1))
        notice_for(cast, published=False, title="Nobody knows", starts_at=began)
    page = sign_in(cast.dana).get("/status/").content.decode()
    assert page.count("days__bar--bad") in {1, 2}
    assert page.count('class="days__bar') == 90 + 1
    assert "No mail" in page
    assert "Nobody knows" not in page
    assert "of the last 90 days had no problem." in page
    other = sign_in(cast.charlie).get("/status/").content.decode()
    assert "days__bar--bad" not in other


def test_a_days_problems_count_once_each_minute() -> None:
    zone = ZoneInfo("Europe/Berlin")

    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 3, day, hour, tzinfo=zone)

    spans = [
        Span("Mail", at(28, 22), at(29, 6)),
        Span("VPN", at(29, 5), at(29, 8)),
        Span("VPN", at(29, 20), at(29, 21)),
        Span("Old", at(1, 1), at(1, 2)),
    ]
    history = history_of(spans, date(2026, 3, 30), zone, days=3)
    # The clock was put forward in the night of the 29th: until 8 these are 7 hours.
    assert [(day.date.day, day.seconds / 3600) for day in history.days] == [
        (28, 2), (29, 7 + 1), (30, 0),
    ]  # fmt: skip
    assert [day.titles for day in history.bad] == [["Mail", "VPN"], ["Mail"]]
    assert history.good == 1
