"""What a rule or policy names is gone: refused when it is saved, safe and visible when it runs."""

import pytest
from django.test import Client

from omnidesk.accounts.models import Team
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, run, tag, told
from tickets.actions.rules import switch_rule
from tickets.actions.sla_setup import ask_replan
from tickets.actions.time_rules import due
from tickets.conditions import catalogue
from tickets.models import CustomField, Macro, Rule, SlaClock, SlaPolicy
from tickets.sla_plan import kept_plan, planned

GONE = "There is no field “custom.room”."


def room(cast: Cast) -> CustomField:
    return CustomField.objects.create(
        organization=cast.nordwerk, key="room", kind="text", label={"en": "Room"}
    )


def test_a_rule_that_asks_a_field_that_is_gone_never_holds_and_says_so(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        field = room(cast)
        broken = rule(cast, "Room", {"not": asks("custom.room", "is", "4.12")}, [tag("room")],
                      position=1)  # fmt: skip
        timed = rule(cast, "Time", asks("custom.room", "empty"), [tag("old")], kind="time")
        rule(cast, "Other", None, [tag("other")], position=2)
        first = cast.ticket()
        run(first)
        assert broken.pk in {one.detail["rule"] for one in told(first)}
        field.delete()
        second = cast.ticket()
        run(second)
        # It would hold for everything, were it asked; the next one still acts.
        assert [one.detail["did"] for one in told(second)] == [["Add tags: other"]]
        assert due(cast.nordwerk.pk) == []
        for row in (broken, timed):
            row.refresh_from_db()
            assert GONE in row.problem
            with pytest.raises(BadInput, match="There is no field"):
                switch_rule(rule=row, on=True)


def test_its_warning_stands_in_the_list_and_its_condition_stays_readable(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        field = room(cast)
        broken = rule(cast, "Room", asks("custom.room", "is", "4.12"), [tag("room")])
        field.delete()
        run(cast.ticket())
    root = Client()
    root.force_login(cast.admin)
    assert GONE in root.get("/admin/tickets/rule/").content.decode()
    page = root.get(f"/admin/tickets/rule/{broken.pk}/change/").content.decode()
    assert "custom.room (not there any more)" in page
    assert GONE in root.get(f"/admin/tickets/rule/{broken.pk}/try/").content.decode()


def test_a_row_that_is_gone_is_said_before_anything_acts(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        team = Team.objects.create(organization=cast.nordwerk, name="Old", slug="old")
        actions = [{"do": "assign_team", "team": team.pk}]
        rule(cast, "Route", None, actions)
        Macro.objects.create(organization=cast.nordwerk, name="Route", actions=actions)
    root = Client()
    root.force_login(cast.admin)
    gone = f"It names something that does not exist here: {team.pk}."
    lists = ("/admin/tickets/rule/", "/admin/tickets/macro/")
    for page in lists:
        assert "In order" in root.get(page).content.decode()
    with organization_scope(cast.nordwerk.pk):
        team.delete()
    for page in lists:
        assert gone in root.get(page).content.decode()


def test_a_policy_that_asks_a_field_that_is_gone_covers_nothing_and_says_so(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        field = room(cast)
        SlaPolicy.objects.update(conditions={"not": asks("custom.room", "is", "4.12")})
        assert SlaClock.objects.filter(ticket=cast.ticket()).exists()
        field.delete()
        ask_replan(organization_id=cast.nordwerk.pk)
        assert not SlaClock.objects.filter(ticket=cast.ticket()).exists()
        row = SlaPolicy.objects.get(organization=cast.nordwerk)
        assert planned(row, catalogue(cast.nordwerk.pk)).problem.startswith("It covers no ticket")
        assert not kept_plan(cast.nordwerk.pk).policies[0].usable
        assert Rule.objects.count() == 0
