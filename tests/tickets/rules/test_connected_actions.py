"""Actions that reach into the other parts of the desk: people, approvals, runbooks, checklists."""

import json
from typing import Any

import pytest

from omnidesk.accounts.actions import add_to_team
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, run, tag, told
from tests.tickets.test_approvals import policy
from tickets.actions.acting import FAILED, say
from tickets.actions.base import Actor
from tickets.actions.macros import apply_macro, preview_macro
from tickets.actions.rules import RuleContent, check_parts
from tickets.actions.rules import save_rule as save
from tickets.actions.triage import Edit, edit_ticket, set_priority
from tickets.actions.watch import follow
from tickets.automation.dry_run import try_out
from tickets.automation.options import options
from tickets.automation.registry import ActionError, all_kinds, parse_steps
from tickets.automation.rulesets import compiled
from tickets.link_selectors import linked_tickets
from tickets.models import (
    Approval,
    Change,
    ChecklistStep,
    ChecklistTemplate,
    Macro,
    Notification,
    Runbook,
    RunbookRun,
    Ticket,
)

VPN = asks("subject", "has_word", "vpn")
SWITCH = {"switch": "vpn", "position": "on"}


def tell(who: str = "assignee", text: str = "Look at {number}", **more: Any) -> dict[str, Any]:
    return {"do": "notify", "who": who, "text": text, **more}


def fired(cast: Cast, *actions: dict[str, Any], ticket: Ticket | None = None) -> Ticket:
    """A ticket on which a rule with these actions acted (or tried to)."""
    rule(cast, "Connected", VPN, list(actions), triggers=["opened"])
    ticket = cast.ticket()
    run(ticket)
    return ticket


def checklist(cast: Cast, *steps: str) -> ChecklistTemplate:
    made = ChecklistTemplate.objects.create(organization=cast.nordwerk, name="VPN check")
    for place, text in enumerate(steps or ("Ask for the place", "Restart the client")):
        ChecklistStep.objects.create(
            organization=cast.nordwerk, template=made, text=text, position=place
        )
    return made


def book(cast: Cast, **fields: Any) -> Runbook:
    values = {"name": "Switch", "action": "loopback", "for_machines": True} | fields
    return Runbook.objects.create(organization=cast.nordwerk, **values)


def notices(ticket: Ticket) -> list[tuple[str, str, int]]:
    rows = Notification.objects.filter(ticket=ticket, kind="rule").select_related("user")
    return sorted((row.user.email, row.detail, row.count) for row in rows)


def refusal(cast: Cast, action: dict[str, Any]) -> str:
    with organization_scope(cast.nordwerk.pk), pytest.raises(ActionError) as refused:
        check_parts(cast.nordwerk.pk, None, [action])
    return str(refused.value)


def test_a_rule_tells_one_agent_by_name(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = fired(cast, tell("person", person=cast.bob.pk))
        assert notices(ticket) == [(cast.bob.email, f"Look at {ticket.number}", 1)]
        assert told(ticket)[0].detail["did"] == [f"Tell {cast.bob}: Look at {{number}}"]


def test_a_rule_tells_a_team_its_own_or_a_named_one(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        add_to_team(team=cast.network, user=cast.bob)
        there = {user.email for user in cast.network.members.all()}
        ticket = fired(cast, {"do": "assign_team", "team": cast.network.pk}, tell("team"))
        assert {email for email, _, _ in notices(ticket)} == there
        other = fired(cast, tell("one_team", team=cast.network.pk))
        assert {email for email, _, _ in notices(other)} == there


def test_a_rule_tells_the_assignee_and_the_followers(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "A", asks("priority", "is", "high"), [tell()], triggers=["changed"])
        rule(cast, "B", asks("priority", "is", "high"), [tell("followers")], triggers=["changed"])
        ticket = cast.ticket()
        edit_ticket(ticket=ticket, actor=Actor.person(cast.bob), edit=Edit(assignee=cast.alice))
        follow(ticket=ticket, actor=Actor.person(cast.bob), user=cast.bob)
        run(ticket)
        set_priority(ticket=ticket, actor=Actor.person(cast.bob), priority="high")
        run(ticket)
        people = [email for email, _, _ in notices(ticket)]
    assert people == sorted([cast.alice.email, cast.bob.email])


def test_two_rules_that_tell_of_one_ticket_are_two_notices(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for text in ("First", "Second"):
            rule(cast, text, VPN, [tell("person", text, person=cast.bob.pk)], triggers=["opened"])
        ticket = cast.ticket()
        run(ticket)
        assert [detail for _, detail, _ in notices(ticket)] == ["First", "Second"]


def test_nobody_to_tell_is_said_and_stops_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = fired(cast, tell(), tag("seen"))
        assert told(ticket)[0].detail["did"][-1] == "Nobody was there to be told."
        assert set(ticket.tags.values_list("name", flat=True)) == {"seen"}


def test_a_requester_or_an_outsider_is_never_told(cast: Cast) -> None:
    for person in (cast.dana, cast.charlie):
        words = refusal(cast, tell("person", person=person.pk))
        assert words.startswith("Action 1: It names something that does not exist here")


def test_a_rule_asks_for_approval(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = policy(cast)
        action = {"do": "ask_approval", "policy": row.pk, "question": "May {first_name} have it?"}
        ticket = fired(cast, action)
        (asked,) = Approval.objects.filter(ticket=ticket)
        assert (asked.question, asked.asked_label) == ("May Dana have it?", "Connected")
        assert told(ticket)[0].detail["did"] == ["Ask for approval: Order"]
        row.is_active = False
        row.save()
        ticket = cast.ticket()
        run(ticket)
        (failed,) = told(ticket, FAILED)
    assert failed.detail["problem"] == "The approval to ask for does not exist any more."


def test_a_rule_proposes_a_runbook_and_a_person_starts_it(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        values = json.dumps({**SWITCH, "switch": "t{number}"})
        ticket = fired(cast, {"do": "propose_runbook", "runbook": book(cast).pk, "values": values})
        (made,) = RunbookRun.objects.filter(ticket=ticket)
    assert (made.state, made.values["switch"]) == ("proposed", f"t{ticket.number}")


REFUSED_VALUES = (
    ("[1]", "The values must be a JSON object."),
    ("{", "The values must be a JSON object."),
    ("[" * 5000, "The values must be a JSON object."),
    ('{"switch": "vpn"}', "position: This field is needed."),
    ('{"switch": "vpn", "position": "up"}', "position: "),
    ('{"switch": "vpn", "position": "on", "colour": "red"}', "colour: Unknown field."),
    ('{"switch": "{nonsense}", "position": "on"}', "There is nothing to fill in for"),
    ('{"colour": "{number}", "switch": "vpn", "position": "on"}', "colour: Unknown field."),
)


def test_values_that_a_runbook_does_not_take_are_refused_when_saved(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = book(cast)
    for values, words in REFUSED_VALUES:
        action = {"do": "propose_runbook", "runbook": made.pk, "values": values}
        assert f"Action 1: {words}" in refusal(cast, action)


def test_a_runbook_for_people_alone_is_not_offered_to_rules(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = book(cast, for_machines=False)
        assert options(cast.nordwerk.pk, "runbook") == []
    action = {"do": "propose_runbook", "runbook": made.pk, "values": json.dumps(SWITCH)}
    assert "does not exist here" in refusal(cast, action)


def test_a_rule_adds_a_checklist_once(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        action = {"do": "add_checklist", "checklist": checklist(cast).pk}
        rule(cast, "Again", VPN, [action], triggers=["opened"], position=200)
        ticket = fired(cast, action)
        assert [item.text for item in ticket.checklist.order_by("position")] == [
            "Ask for the place",
            "Restart the client",
        ]
        assert Change.objects.filter(ticket=ticket, verb="checklist.attached").count() == 1


@pytest.mark.parametrize(
    ("name", "param", "more"),
    [
        ("ask_approval", "policy", {"question": "May I?"}),
        ("propose_runbook", "runbook", {}),
        ("add_checklist", "checklist", {}),
        ("call_webhook", "webhook", {}),
        ("notify", "person", {"who": "person", "text": "Look"}),
        ("notify", "team", {"who": "one_team", "text": "Look"}),
    ],
)
def test_rows_that_do_not_exist_are_refused_when_saved(
    cast: Cast, name: str, param: str, more: dict[str, Any]
) -> None:
    for key in (None, 999_999, "x", 2**70, [1], {"a": 1}, True):
        assert refusal(cast, {"do": name, param: key, **more}).startswith("Action 1: ")


def test_another_organizations_rows_are_refused_when_saved(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row, steps = policy(cast), checklist(cast)
    with organization_scope(cast.lumen.pk):
        for action in (
            {"do": "ask_approval", "policy": row.pk, "question": "May I?"},
            {"do": "add_checklist", "checklist": steps.pk},
        ):
            with pytest.raises(ActionError, match="does not exist here"):
                check_parts(cast.lumen.pk, None, [action])


def test_an_action_that_fails_takes_what_came_before_it_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row, steps = policy(cast), checklist(cast)
        actions = [
            {"do": "add_checklist", "checklist": steps.pk},
            tell("person", person=cast.bob.pk),
            {"do": "ask_approval", "policy": row.pk, "question": "May I?"},
        ]
        rule(cast, "All or nothing", VPN, actions, triggers=["opened"])
        row.steps.all().delete()
        ticket = cast.ticket()
        run(ticket)
        assert len(told(ticket, FAILED)) == 1
        assert (ticket.checklist.count(), notices(ticket)) == (0, [])


def test_trying_a_rule_out_says_what_it_would_do_and_does_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        content = RuleContent(
            name="Only tried",
            condition=VPN,
            actions=[
                {"do": "add_checklist", "checklist": checklist(cast).pk},
                tell("person", person=cast.bob.pk),
                {"do": "ask_approval", "policy": policy(cast).pk, "question": "May I?"},
            ],
            triggers=["opened"],
        )
        made = save(organization_id=cast.nordwerk.pk, content=content, author=cast.bob)
        found = try_out(cast.nordwerk.pk, compiled(made), kind="event")
        assert found.does == (
            "Add checklist: VPN check",
            f"Tell {cast.bob}: Look at {{number}}",
            "Ask for approval: Order",
        )
        assert (found.count, notices(ticket), Approval.objects.count()) == (1, [], 0)


def test_a_macro_does_all_of_it_in_the_agents_name(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        actions = [
            tell("person", "Ask {agent}", person=cast.bob.pk),
            tell("person", "Not to me", person=cast.alice.pk),
            {"do": "add_checklist", "checklist": checklist(cast).pk},
        ]
        macro = Macro.objects.create(organization=cast.nordwerk, name="Ask", actions=actions)
        shown = preview_macro(macro=macro, ticket=ticket, user=cast.alice)
        assert [effect.icon for effect in shown.effects] == ["bell", "bell", "list"]
        apply_macro(macro=macro, ticket=ticket, user=cast.alice)
        assert notices(ticket) == [(cast.bob.email, f"Ask {cast.alice.display_name}", 1)]
        assert ticket.checklist.count() == 2


def test_a_macro_whose_action_cannot_be_done_does_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        row, ticket = policy(cast), cast.ticket()
        actions = [
            tell("person", person=cast.bob.pk),
            {"do": "ask_approval", "policy": row.pk, "question": "May I?"},
        ]
        macro = Macro.objects.create(organization=cast.nordwerk, name="Ask", actions=actions)
        row.steps.all().delete()
        with pytest.raises(BadInput):
            apply_macro(macro=macro, ticket=ticket, user=cast.alice)
        assert notices(ticket) == []


@pytest.mark.parametrize(
    ("relation", "there"),
    [(None, "related"), ("parent_of", "child_of"), ("caused_by_problem", "problem_of")],
)
def test_a_ticket_that_a_rule_opens_is_really_linked(
    cast: Cast, relation: str | None, there: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        action = {"do": "create_linked", "subject": "Follow {number}", "text": "See there"}
        ticket = fired(cast, {**action, "relation": relation} if relation else action)
        made = Ticket.objects.exclude(pk=ticket.pk).get()
        assert [(row.relation, row.ticket) for row in linked_tickets(made)] == [(there, ticket)]
        assert [row.ticket for row in linked_tickets(ticket)] == [made]
        run(made)
        assert Ticket.objects.count() == 2  # what a rule opened opens no third


def test_a_link_that_could_close_a_circle_is_not_offered(cast: Cast) -> None:
    action = {"do": "create_linked", "subject": "A", "text": "B", "relation": "child_of"}
    assert "“This ticket is” has a value that cannot be used." in refusal(cast, action)


def test_every_kind_of_action_has_words_and_an_icon_that_exists() -> None:
    with open("static/img/icons.svg", encoding="utf-8") as file:
        icons = file.read()
    for kind in all_kinds():
        assert str(kind.label)
        assert f'id="{kind.icon}"' in icons, kind.name


def test_a_person_who_is_not_asked_for_needs_no_name(cast: Cast) -> None:
    (step,) = parse_steps([tell("team")])
    with organization_scope(cast.nordwerk.pk):
        assert say([step], cast.nordwerk.pk) == ["Tell its team: Look at {number}"]
