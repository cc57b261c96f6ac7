"""Event rules: what they do, in which order, and that they end."""

from collections.abc import Callable

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import PRIORITY_HIGH, asks, rule, run, tag, told
from tickets.actions.acting import FAILED, MOST_PER_HOUR, STOPPED
from tickets.actions.base import Actor
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import delete_ticket, set_status
from tickets.actions.reply import add_note, reply
from tickets.actions.triage import Edit, edit_ticket, set_priority
from tickets.choices import ActorKind, MessageKind, Source
from tickets.models import Change, Message, Rule, RuleEvent, Status, Ticket

VPN = asks("subject", "has_word", "vpn")


def tags(ticket: Ticket) -> set[str]:
    return set(ticket.tags.values_list("name", flat=True))


def test_a_rule_acts_on_a_new_ticket_and_the_log_says_why(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = rule(cast, "Urgent VPN", VPN, [PRIORITY_HIGH, tag("Network")], triggers=["opened"])
        ticket = cast.ticket()
        assert run(ticket) == 3  # its opening, and the two changes of the rule itself
        ticket.refresh_from_db()
        (line,) = told(ticket)
        assert (ticket.priority, tags(ticket)) == ("high", {"network"})
    assert (line.actor_kind, line.actor_label) == (ActorKind.RULE, "Urgent VPN")
    assert line.detail == {
        "rule": made.pk,
        "version": 1,
        "event": "opened",
        "chain": [],
        "why": ["Subject contains the word “vpn”"],
        "did": ["Set priority: High", "Add tags: network"],
    }


def test_a_rule_that_does_not_hold_leaves_no_trace(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Printers", asks("subject", "contains", "printer"), [PRIORITY_HIGH])
        ticket = cast.ticket()
        run(ticket)
        assert told(ticket) == []
        assert not RuleEvent.objects.exists()


def test_without_rules_nothing_is_queued(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        off = rule(cast, "Off", None, [PRIORITY_HIGH])
        off.is_active = False
        off.save()
        cast.ticket()
        assert not RuleEvent.objects.exists()


def test_each_thing_that_happens_is_its_own_trigger(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for trigger in Rule.Trigger.values:
            rule(cast, trigger, None, [tag(f"saw-{trigger}")], triggers=[trigger])
        ticket = cast.ticket()
        desk = Actor.person(cast.alice)
        seen = []
        run(ticket)
        seen.append(tags(ticket))
        happenings: list[Callable[[], object]] = [
            lambda: receive_message(
                ticket=ticket,
                author=cast.dana,
                body=Body(text="Still"),
                source=Source.PORTAL,
                actor=Actor.person(cast.dana),
            ),
            lambda: reply(ticket=ticket, actor=desk, text="Try again"),
            lambda: add_note(ticket=ticket, actor=desk, text="Odd"),
        ]
        for happen in happenings:
            edit_ticket(ticket=ticket, actor=desk, edit=Edit(tags=[]))
            RuleEvent.objects.all().delete()
            happen()
            run(ticket)
            seen.append(tags(ticket))
    # Adding a tag changes a field, so "changed" follows from every other one.
    assert seen == [
        {"saw-opened", "saw-changed"},
        {"saw-message", "saw-changed"},
        {"saw-replied", "saw-changed"},
        {"saw-noted", "saw-changed"},
    ]


def test_a_rule_may_ask_what_a_value_was_before(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Raised", asks("priority", "changed_from", "medium"), [tag("raised")])
        ticket = cast.ticket()
        run(ticket)
        assert tags(ticket) == set()
        set_priority(ticket=ticket, actor=Actor.person(cast.alice), priority="critical")
        run(ticket)
        assert tags(ticket) == {"raised"}


def test_rules_are_asked_in_order_on_what_the_earlier_ones_left(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Second", asks("priority", "is", "high"), [tag("b")], position=2,
             triggers=["opened"], stops=True)  # fmt: skip
        rule(cast, "Third", None, [tag("c")], position=3, triggers=["opened"])
        rule(cast, "First", None, [PRIORITY_HIGH], position=1, triggers=["opened"])
        ticket = cast.ticket()
        run(ticket)
        assert tags(ticket) == {"b"}
        assert [line.actor_label for line in told(ticket)] == ["First", "Second"]


def test_a_rule_never_makes_itself_act_again(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Note on every change", None, [{"do": "note", "text": "Changed"}])
        ticket = cast.ticket()
        assert run(ticket) == 2
        assert Message.objects.filter(kind=MessageKind.INTERNAL).count() == 1


def test_two_rules_that_answer_each_other_come_to_rest(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Up", asks("priority", "is_not", "high"), [PRIORITY_HIGH])
        rule(cast, "Down", asks("priority", "is", "high"), [
            {"do": "set_priority", "value": "low"}
        ])  # fmt: skip
        ticket = cast.ticket()
        run(ticket)
        names = [line.actor_label for line in told(ticket)]
    assert len(names) < 6
    assert not RuleEvent.objects.exists()


def test_a_long_chain_is_cut_with_a_visible_warning(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for step in range(8):
            rule(cast, f"Step {step}", asks("tags", "contains", f"t{step}"), [tag(f"t{step + 1}")],
                 triggers=["changed"], position=10 - step)  # fmt: skip
        ticket = cast.ticket()
        edit_ticket(ticket=ticket, actor=Actor.person(cast.alice), edit=Edit(tags=["t0"]))
        run(ticket)
        assert tags(ticket) == {"t0", "t1", "t2", "t3", "t4", "t5"}
        (warning,) = told(ticket, STOPPED)
        problem = Rule.objects.get(name="Step 5").problem
    assert problem == warning.detail["problem"]
    assert problem.startswith("Rules made each other act 5 times in a row: Step 0, Step 1")


def test_a_loop_through_the_outside_is_braked(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        made = rule(cast, "Auto", None, [{"do": "reply", "text": "Hi"}], triggers=["message"])
        ticket = cast.ticket()
        for _ in range(MOST_PER_HOUR + 3):
            receive_message(
                ticket=ticket, author=None, body=Body(text="I am away"), source=Source.EMAIL,
                actor=Actor.machine(ActorKind.CHANNEL, "mail"),
            )  # fmt: skip
            run(ticket)
        made.refresh_from_db()
        assert len(told(ticket)) == MOST_PER_HOUR
        assert len(told(ticket, STOPPED)) == 1
    assert "too often" in made.problem


def test_a_failing_action_takes_back_the_whole_rule_and_says_so(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        gone = rule(cast, "Gone", None, [PRIORITY_HIGH, {"do": "assign_team",
                    "team": cast.network.pk}], triggers=["opened"])  # fmt: skip
        rule(cast, "Fine", None, [tag("fine")], triggers=["opened"], position=200)
        cast.network.is_active = False
        cast.network.save()
        ticket = cast.ticket()
        run(ticket)
        ticket.refresh_from_db()
        gone.refresh_from_db()
        (line,) = told(ticket, FAILED)
        assert (ticket.priority, tags(ticket)) == ("medium", {"fine"})
    assert line.detail["problem"] == gone.problem
    assert gone.problem == "The team to route to does not exist any more."


def test_a_stored_condition_on_a_field_that_is_gone_is_safe_and_visible(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        odd = rule(cast, "Odd", None, [PRIORITY_HIGH])
        odd.condition = {"all": [{"field": "custom.gone", "op": "is", "value": "x"}]}
        odd.save()
        rule(cast, "Fine", None, [tag("fine")], triggers=["opened"])
        ticket = cast.ticket()
        run(ticket)
        odd.refresh_from_db()
        ticket.refresh_from_db()
        assert (ticket.priority, tags(ticket)) == ("medium", {"fine"})
    assert odd.problem == "Condition 1: There is no field “custom.gone”."


def test_a_ticket_in_the_bin_is_left_alone(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "All", None, [PRIORITY_HIGH])
        ticket = cast.ticket()
        delete_ticket(ticket=ticket, actor=Actor.person(cast.bob))
        run(ticket)
        assert told(ticket) == []


def test_another_organizations_rules_are_not_asked(cast: Cast) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        rule(cast, "Nordwerk", None, [PRIORITY_HIGH])
        Rule.objects.update(organization=cast.lumen)
        ticket = cast.ticket()
        assert run(ticket) == 0


@pytest.mark.parametrize(
    ("action", "seen"),
    [
        ({"do": "set_urgency", "value": "critical"}, {"urgency": "critical", "priority": "high"}),
        ({"do": "set_impact", "value": "high"}, {"impact": "high"}),
        ({"do": "set_status", "status": "waiting"}, {"status_category": "pending"}),
        ({"do": "set_status", "status": "resolved"}, {"status_category": "solved"}),
        ({"do": "ai_again"}, {"ai_state": "pending"}),
        ({"do": "assign_nobody"}, {"assignee": None}),
    ],
)
def test_what_an_action_does(cast: Cast, action: dict[str, str], seen: dict[str, object]) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Do", None, [action], triggers=["opened"])
        ticket = cast.ticket()
        run(ticket)
        assert len(told(ticket)) == 1
        ticket = Ticket.objects.get(pk=ticket.pk)
    assert {name: getattr(ticket, name) for name in seen} == seen


def test_a_rule_sets_the_type_and_with_it_the_workflow(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Do", None, [{"do": "set_type", "type": "problem"}], triggers=["opened"])
        ticket = cast.ticket()
        run(ticket)
        assert told(ticket)[0].detail["did"] == ["Set type: Problem"]
        ticket = Ticket.objects.get(pk=ticket.pk)
        assert ticket.type is not None
        assert ticket.type.key == "problem"


def test_people_rows_and_texts_in_actions(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Everything", None, [
            {"do": "set_category", "category": cast.printing.pk},
            {"do": "assign_team", "team": cast.network.pk},
            {"do": "assign_person", "person": cast.alice.pk},
            tag("b", "a"),
            {"do": "remove_tags", "tags": ["b"]},
            {"do": "reply", "text": "Hello {first_name}, #{number}: {subject}"},
            {"do": "note", "text": "For {assignee} in {team}"},
            {"do": "create_linked", "subject": "Check {category}", "text": "From {number}",
             "team": cast.network.pk},
        ], triggers=["opened"])  # fmt: skip
        ticket = cast.ticket()
        run(ticket)
        ticket = Ticket.objects.get(pk=ticket.pk)
        said = list(ticket.messages.order_by("pk").values_list("kind", "text"))
        linked = Ticket.objects.exclude(pk=ticket.pk).get()
        assert (ticket.category, ticket.team, ticket.assignee) == (
            cast.printing, cast.network, cast.alice,
        )  # fmt: skip
        assert tags(ticket) == {"a"}
        assert (linked.subject, linked.team) == ("Check Printing", cast.network)
    assert said[1:3] == [
        ("public", f"Hello Dana, #{ticket.number}: VPN drops every few minutes"),
        ("internal", "For Alice Agent in Network & VPN"),
    ]
    assert len(said) == 3


def test_an_answer_that_also_moves_the_status_is_both(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Solved", asks("status", "changed_to", "resolved"), [tag("solved")],
             triggers=["changed"])  # fmt: skip
        ticket = cast.ticket()
        resolved = Status.objects.get(key="resolved")
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Done", status_after=resolved)
        run(ticket)
        assert tags(ticket) == {"solved"}
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=resolved)
        assert Change.objects.filter(ticket=ticket, verb="ticket.status_changed").count() == 1
