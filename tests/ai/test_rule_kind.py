"""Rules can have the AI sum a ticket up."""

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.rules.making import asks, rule, run, told
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import MessageKind

SUM = {"do": "ai_summary"}


def test_who_takes_a_ticket_over_finds_it_summed_up(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule(cast, "Hand over", asks("team", "changed"), [SUM], triggers=["changed"])
        ticket = cast.ticket(
            "VPN drops", "The VPN drops every ten minutes since the update this morning."
        )
        actor = Actor.person(cast.alice)
        reply(ticket=ticket, actor=actor, text="Which version of the client do you have?")
        edit_ticket(ticket=ticket, actor=actor, edit=Edit(team=cast.network))
        run(ticket)
        [line] = told(ticket)
        assert line.detail["did"] == ["Have the AI sum it up in a note"]
        [note] = ticket.messages.filter(kind=MessageKind.INTERNAL)
        assert "every ten minutes since the update" in note.text
        assert "Which version of the client do you have?" in note.text
        assert "Open questions" in note.text
