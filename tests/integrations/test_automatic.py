"""Automatic answers in the outbox: the switch ends them there, machines get none."""

from ai.actions.switch import stop_all
from integrations.models import Channel, Step
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.smtp import OutsideServer
from tests.integrations.test_delivery import again, answer, ask, deliver
from tickets.automatic import automatic_doubt


def test_the_switch_ends_automatic_answers_that_wait(
    live_cast: Cast, live_channel: Channel, outside: OutsideServer
) -> None:
    ticket = ask(live_cast, live_channel)
    machine = answer(live_cast, ticket, machine=True)
    by_hand = answer(live_cast, ticket)
    stop_all(user=None, reason="")
    assert deliver(machine) is None
    assert again(machine).state == Step.FAILED
    assert "stopped" in again(machine).error
    assert deliver(by_hand) is Step.SENT, "a person's answer goes out"
    assert again(answer(live_cast, ticket, machine=True)).state == Step.FAILED


def test_a_machines_mail_speaks_against_an_automatic_answer(cast: Cast, channel: Channel) -> None:
    person = ask(cast, channel)
    machine = ask(cast, channel, auto_submitted="auto-generated", message_id="<2@a.example>")
    with organization_scope(cast.nordwerk.pk):
        assert automatic_doubt(person) == ""
        assert automatic_doubt(machine) == "machine"
