"""A rule calls an outgoing webhook: one signed call, once, after everything else."""

import pytest

from integrations.actions.hooks import queue_for_rule
from integrations.hooks import WebhookCall, WebhookEndpoint
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, run, told
from tickets.actions.acting import FAILED
from tickets.actions.rules import check_parts
from tickets.automation.registry import ActionError

VPN = asks("subject", "has_word", "vpn")


def endpoint(cast: Cast, **fields: object) -> WebhookEndpoint:
    values = {"name": "Monitoring", "url": "https://hooks.example.org/", "events": []} | fields
    return WebhookEndpoint.objects.create(organization=cast.nordwerk, **values)


def test_a_rule_queues_one_call_that_names_it(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        action = {"do": "call_webhook", "webhook": endpoint(cast).pk}
        rule(cast, "Outage", VPN, [action], triggers=["opened"])
        ticket = cast.ticket()
        assert run(ticket) == 1
        assert run(ticket) == 0
        (call,) = WebhookCall.objects.all()
        assert told(ticket)[0].detail["did"] == ["Call webhook: Monitoring"]
    assert call.body["data"]["by"] == {"kind": "rule", "name": "Outage"}
    assert call.body["data"]["ticket"]["number"] == ticket.number


def test_a_rule_that_fails_calls_nobody(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = endpoint(cast)
        actions = [
            {"do": "call_webhook", "webhook": made.pk},
            {"do": "set_status", "status": "closed"},
            {"do": "set_status", "status": "waiting"},
        ]
        other = endpoint(cast, name="Second")
        actions.append({"do": "call_webhook", "webhook": other.pk})
        rule(cast, "Outage", VPN, actions, triggers=["opened"])
        other.delete()
        ticket = cast.ticket()
        run(ticket)
        assert len(told(ticket, FAILED)) == 1
        assert not WebhookCall.objects.exists()


def test_a_webhook_of_another_organization_is_refused(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = endpoint(cast)
    with organization_scope(cast.lumen.pk), pytest.raises(ActionError, match="does not exist"):
        check_parts(cast.lumen.pk, None, [{"do": "call_webhook", "webhook": made.pk}])


def test_a_paused_endpoint_keeps_the_call_until_it_is_resumed(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        call = queue_for_rule(endpoint(cast, is_active=False), cast.ticket(), by="Outage")
        assert call.state == "queued"
