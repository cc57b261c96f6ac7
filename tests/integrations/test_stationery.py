"""A mailbox's answers look as its templates say, in text and in HTML."""

import pytest

from integrations.actions import accept_inbound, queue_delivery
from integrations.actions.channels import change_channel
from integrations.base import OutboundMessage
from integrations.channels.email.parse import parse
from integrations.models import Channel, Delivery
from integrations.outgoing import compose_answer
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tickets.actions.base import Actor
from tickets.actions.reply import reply


def answered(cast: Cast, channel: Channel, **given: str) -> OutboundMessage:
    """What leaves by a mailbox with these settings."""
    raw = mail("Dead.", **{"from": "D <b>na <dana@nordwerk.example>", "subject": "Printer {team}"})
    with organization_scope(cast.nordwerk.pk):
        change_channel(channel=channel, given=given)
        ticket = accept_inbound(channel, parse(raw), raw).ticket
        assert ticket is not None
        message = reply(ticket=ticket, actor=Actor.person(cast.alice), text="Try **tray** {number}")
        row = queue_delivery(message.pk)
        assert row is not None
        rows = Delivery.objects.select_related("channel", "message__ticket__requester")
        return compose_answer(rows.get(pk=row.pk))


def test_templates_stand_around_the_answer(cast: Cast, channel: Channel) -> None:
    cast.dana.name = "Dana <i>R</i>"
    cast.dana.save()
    sent = answered(
        cast,
        channel,
        letter_subject="{subject} ({desk})",
        letter_text="Dear {requester},\n\n{answer}\n\n{agent}\n{link}",
        letter_html="<table><tr><td>{requester}</td></tr></table>{answer}<p>{agent}</p>",
    )
    number = sent.ticket_number
    assert sent.subject == f"Printer {{team}} (Nordwerk) [#{number}]"
    # What people wrote is not read again for names.
    assert sent.text.startswith("Dear Dana <i>R</i>,\n\nTry **tray** {number}\n\nAlice")
    assert sent.text.endswith(f"/tickets/{number}/")
    assert "<td>Dana &lt;i&gt;R&lt;/i&gt;</td>" in sent.html
    assert "Try <strong>tray</strong> {number}" in sent.html


def test_without_templates_answers_look_as_usual(cast: Cast, channel: Channel) -> None:
    sent = answered(cast, channel)
    assert sent.subject.startswith("Re: Printer {team} [#")
    assert f"Ticket {sent.ticket_number} · answer this mail or open" in sent.text


def test_a_number_in_the_subject_stands_there_once(cast: Cast, channel: Channel) -> None:
    sent = answered(cast, channel, letter_subject="[#{number}] {subject}")
    assert sent.subject == f"[#{sent.ticket_number}] Printer {{team}}"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("letter_text", "Dear {requester}", "Say with {answer}"),
        ("letter_html", "<p>{answer}{price}</p>", "nothing to fill in for {price}"),
        ("letter_subject", "{answer}", "nothing to fill in for {answer}"),
    ],
)
def test_a_template_that_cannot_work_is_refused_in_words(
    cast: Cast, channel: Channel, name: str, value: str, words: str
) -> None:
    with organization_scope(cast.nordwerk.pk), pytest.raises(BadInput, match=words) as caught:
        change_channel(channel=channel, given={name: value})
    assert caught.value.field == name
