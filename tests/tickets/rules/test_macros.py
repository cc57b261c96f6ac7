"""Macros: the filled preview, applying, taking back, and who is offered what."""

from typing import Any

import pytest
from django.http import Http404

from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.macros import apply_macro, preview_macro, undo_macro
from tickets.actions.triage import set_priority
from tickets.macro_selectors import macro_for, offered_macros
from tickets.models import Change, Macro, MacroUse, Ticket

TEXT = "Hello {first_name}, about “{subject}”. {agent}, {desk}"


def macro(cast: Cast, name: str = "VPN", actions: Any = (), **more: Any) -> Macro:
    return Macro.objects.create(
        organization=more.pop("organization", cast.nordwerk),
        name=name,
        text=more.pop("text", TEXT),
        actions=list(actions),
        **more,
    )


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.with_row_relations().get(pk=ticket.pk)


def everything(cast: Cast) -> list[dict[str, Any]]:
    return [
        {"do": "set_status", "status": "waiting"},
        {"do": "set_urgency", "value": "critical"},
        {"do": "set_category", "category": cast.printing.pk},
        {"do": "assign_person", "person": cast.bob.pk},
        {"do": "add_tags", "tags": ["vpn"]},
        {"do": "note", "text": "Told {requester}"},
    ]


def test_a_preview_is_filled_in_and_does_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = again(cast.ticket(subject="{agent} fell over"))
        steps = [*everything(cast), {"do": "set_priority", "value": "medium"}]
        found = preview_macro(macro=macro(cast, actions=steps), ticket=ticket, user=cast.alice)
        assert again(ticket).version == 1
    # What the requester wrote is not read for further names.
    assert found.text == "Hello Dana, about “{agent} fell over”. Alice Agent, Nordwerk"
    # What would change nothing is left out: the priority is medium already.
    assert [effect.words for effect in found.effects] == [
        "Set status: Waiting for requester", "Set urgency: Critical", "Set category: Printing",
        "Assign to: Bob Lead", "Add tags: vpn", "Note: Told {requester}",
    ]  # fmt: skip


def test_applying_does_everything_and_undo_sets_the_fields_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(triage=Triage(category=cast.vpn, tags=["a"]))
        made = macro(cast, actions=everything(cast))
        use = apply_macro(macro=made, ticket=ticket, user=cast.alice)
        ticket = again(ticket)
        assert (ticket.status.key, ticket.priority) == ("waiting", "high")
        assert (ticket.category, ticket.assignee) == (cast.printing, cast.bob)
        assert sorted(t.name for t in ticket.tags.all()) == ["a", "vpn"]
        made.refresh_from_db()
        assert made.used_count == 1
        undone = undo_macro(use=use, user=cast.alice)
        assert undone == [
            "assignee", "category", "priority", "reason", "status", "tags", "urgency",
        ]  # fmt: skip
        ticket = again(ticket)
        assert (ticket.status.key, ticket.urgency, ticket.priority) == ("new", "medium", "medium")
        assert (ticket.category, ticket.assignee) == (cast.vpn, None)
        assert [t.name for t in ticket.tags.all()] == ["a"]
        # The note was read and stays; a second time does nothing.
        assert ticket.messages.filter(kind="internal").count() == 1
        assert undo_macro(use=use, user=cast.alice) == []


def test_undo_leaves_what_somebody_changed_meanwhile(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        steps = [{"do": "set_priority", "value": "high"}, {"do": "add_tags", "tags": ["x"]}]
        use = apply_macro(macro=macro(cast, actions=steps), ticket=ticket, user=cast.alice)
        set_priority(ticket=ticket, actor=Actor.person(cast.bob), priority="critical")
        assert undo_macro(use=use, user=cast.alice) == ["tags"]
        assert again(ticket).priority == "critical"


def test_a_macro_that_fails_half_way_does_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        steps = [
            {"do": "set_priority", "value": "high"},
            {"do": "assign_team", "team": cast.network.pk},
        ]
        made = macro(cast, actions=steps)
        cast.network.is_active = False
        cast.network.save()
        with pytest.raises(BadInput):
            apply_macro(macro=made, ticket=ticket, user=cast.alice)
        assert again(ticket).priority == "medium"
        assert not MacroUse.objects.exists()
        assert not Change.objects.filter(verb="ticket.macro_used").exists()
        problem = preview_macro(macro=made, ticket=again(ticket), user=cast.alice).problem
    assert problem == "This macro names something that does not exist any more."


def test_another_organizations_macro_cannot_be_used(cast: Cast) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        ticket = cast.ticket()
        theirs = macro(cast, organization=cast.lumen)
        with pytest.raises(BadInput, match="no such macro here"):
            apply_macro(macro=theirs, ticket=ticket, user=cast.alice)
        with pytest.raises(Http404):
            macro_for(cast.alice, ticket, theirs.pk)


def test_who_is_offered_what_in_which_order(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        Ticket.objects.filter(pk=ticket.pk).update(language="de")
        ticket = again(ticket)
        macro(cast, "Rare")
        macro(cast, "Often", used_count=9)
        macro(cast, "German", language="de")
        macro(cast, "French", language="fr", used_count=99)
        macro(cast, "Network", team=cast.network, used_count=3)
        macro(cast, "Bob’s", owner=cast.bob)
        macro(cast, "Off", is_active=False)
        names = [each.name for each in offered_macros(cast.alice, ticket)]
        assert names == ["German", "Often", "Network", "Rare", "French"]
        assert "Bob’s" in [each.name for each in offered_macros(cast.bob, ticket)]
        assert "Network" not in [each.name for each in offered_macros(cast.bob, ticket)]
        found = offered_macros(cast.alice, ticket, "rar hello\x00")
        assert [each.name for each in found] == ["Rare"]
