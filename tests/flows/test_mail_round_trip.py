"""A mail in, an answer out, the reply back on the same ticket."""

import email
from email.policy import default
from pathlib import Path

from pytest_django import Settings

from integrations import delivery
from integrations.actions import set_up_mail_channel
from integrations.receiving import mail_channels, receive
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tickets.access import access_ticket
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.choices import DeliveryState
from tickets.models import Ticket


def test_mail_in_answer_out_reply_back(live_cast: Cast, settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_URL = ""
    settings.OUTGOING_DIR = tmp_path
    with organization_scope(live_cast.nordwerk.pk):
        set_up_mail_channel(live_cast.nordwerk, "desk@nordwerk.example", name="Nordwerk IT")
    [channel] = mail_channels(["desk@nordwerk.example"])

    question = mail(
        "Der Drucker in Raum 12 druckt nur noch leere Seiten.\n\n-- \nDana",
        **{"from": "Dana Requester <dana@nordwerk.example>"},
        subject="Drucker druckt leere Seiten",
        message_id="<question@mail.nordwerk.example>",
    )
    receipt = receive(channel, question)
    assert receipt.ticket is not None

    with organization_scope(live_cast.nordwerk.pk, user_id=live_cast.alice.pk):
        ticket = access_ticket(live_cast.alice, receipt.ticket.number, need="work")
        assert ticket.language == "de"
        reply(ticket=ticket, actor=Actor.person(live_cast.alice), text="Bitte Toner schütteln.")
    # The event wrote the delivery row when the answer was committed.
    for organization_id, delivery_id in delivery.sweep():
        delivery.deliver(organization_id, delivery_id)

    [file] = tmp_path.glob("*.eml")
    sent = email.message_from_bytes(file.read_bytes(), policy=default)
    assert sent["To"] == "Dana Requester <dana@nordwerk.example>"
    assert sent["In-Reply-To"] == "<question@mail.nordwerk.example>"
    body = sent.get_body(("plain",))
    assert body is not None
    quoted = "\n".join(f"> {line}" for line in body.get_content().splitlines())

    answer = mail(
        f"Danke, jetzt geht es!\n\nAm 04.03.2025 um 09:12 schrieb Nordwerk IT:\n{quoted}\n",
        **{"from": "dana@nordwerk.example"},
        subject=f"Re: {sent['Subject']}",
        message_id="<answer@mail.nordwerk.example>",
        in_reply_to=str(sent["Message-ID"]),
    )
    assert receive(channel, answer).ticket == ticket
    assert receive(channel, answer).was_known

    with organization_scope(live_cast.nordwerk.pk):
        assert Ticket.objects.count() == 1
        texts = list(ticket.messages.values_list("text", "from_requester", "delivery_state"))
        assert texts == [
            ("Der Drucker in Raum 12 druckt nur noch leere Seiten.", True, DeliveryState.NONE),
            ("Bitte Toner schütteln.", False, DeliveryState.SENT),
            ("Danke, jetzt geht es!", True, DeliveryState.NONE),
        ]
        last = ticket.messages.last()
        assert last is not None
        assert "Bitte Toner schütteln" in last.quoted
