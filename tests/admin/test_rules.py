"""Rules in the administration: saved by the action, tried out, restored."""

import json

import pytest
from django.test import Client

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import PRIORITY_HIGH, asks, rule
from tickets.models import Rule, RuleVersion


@pytest.fixture
def root(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.admin)
    return client


def fields(cast: Cast, **more: object) -> dict[str, object]:
    return {
        "name": "VPN", "kind": "event", "triggers": "opened", "position": 1, "repeat_hours": 0,
        "organization": cast.nordwerk.pk, "condition": json.dumps(asks("subject", "contains", "v")),
        "actions": json.dumps([PRIORITY_HIGH]), "is_active": "on", **more,
    }  # fmt: skip


def test_a_rule_is_added_switched_on_and_kept_as_a_version(root: Client, cast: Cast) -> None:
    answer = root.post("/admin/tickets/rule/add/", fields(cast))
    assert answer.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        made = Rule.objects.get()
        assert (made.is_active, made.version, made.versions.count()) == (True, 1, 1)
        assert made.versions.get().author == cast.admin
    page = root.get(f"/admin/tickets/rule/{made.pk}/change/").content.decode()
    assert "Subject contains “v” → Set priority: High" in page


def test_what_cannot_work_is_said_at_its_field(root: Client, cast: Cast) -> None:
    wrong = fields(cast, condition=json.dumps(asks("colour", "is", "red")))
    page = root.post("/admin/tickets/rule/add/", wrong).content.decode()
    assert "There is no field “colour”." in page
    wrong = fields(cast, actions=json.dumps([{"do": "explode"}]))
    page = root.post("/admin/tickets/rule/add/", wrong).content.decode()
    assert "Action 1: There is no action “explode”." in page


def test_a_rule_is_tried_out_on_its_own_page(root: Client, cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = rule(cast, "VPN", asks("subject", "has_word", "vpn"), [PRIORITY_HIGH])
        ticket = cast.ticket()
        cast.ticket(subject="Printer")
    page = root.get(f"/admin/tickets/rule/{made.pk}/try/").content.decode()
    assert "it would have touched 1 of 2 tickets" in page
    assert f"/desk/t/{ticket.number}/" in page
    assert "Set priority: High" in page
    assert root.get("/admin/tickets/rule/999999/try/").status_code == 404


def test_an_earlier_version_is_restored(root: Client, cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "VPN", None, [PRIORITY_HIGH])
        version = RuleVersion.objects.get()
    root.post(
        "/admin/tickets/ruleversion/", {"action": "restore", "_selected_action": [version.pk]}
    )
    with organization_scope(cast.nordwerk.pk):
        assert Rule.objects.get().version == 2
