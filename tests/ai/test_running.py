"""A runbook that worked on similar tickets is proposed; a person lets it run."""

from typing import Any

from ai.actions.running import propose_runbook
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.test_runbooks import ON, book
from tickets.actions.base import Actor
from tickets.actions.lifecycle import set_status
from tickets.actions.runbook import decline_run, propose_run
from tickets.models import Runbook, RunbookRun, RunState, Status, Ticket

MAIL = {
    "inputs": {"address": "email"},
    "do": {"method": "POST", "url": "https://directory.example.org/users/{address}/unlock"},
}


def near(*tickets: Ticket) -> list[dict[str, Any]]:
    """As a reading names them."""
    return [{"kind": "ticket", "id": ticket.pk, "level": "near"} for ticket in tickets]


def helped(cast: Cast, runbook: Runbook, values: dict[str, Any], who: User | None = None) -> Ticket:
    """A ticket on which the runbook was run and checked; call inside a scope of Nordwerk."""
    ticket = cast.ticket()
    if who is not None:
        ticket.requester = who
        ticket.save(update_fields=["requester"])
    run = propose_run(ticket=ticket, actor=Actor.person(cast.alice), runbook=runbook, values=values)
    RunbookRun.objects.filter(pk=run.pk).update(state=RunState.DONE, ended_at=now())
    return ticket


def test_what_worked_on_similar_tickets_is_proposed_once_with_its_reason(cast: Cast) -> None:
    runbook = book(cast, for_machines=True)
    with organization_scope(cast.nordwerk.pk):
        first, second = (helped(cast, runbook, ON, who) for who in (cast.dana, cast.bob))
        other, ticket = cast.ticket(), cast.ticket()
        found = near(first, second, other)
        run = propose_runbook(ticket=ticket, similar=found, label="local")
        assert run is not None
        assert (run.state, run.values, run.proposed_kind) == (
            RunState.PROPOSED, ON | {"fails": ""}, "ai",
        )  # fmt: skip
        [why] = run.steps.filter(what="why")
        assert why.text == (
            f"It worked on 2 of 3 similar tickets: {first.number}, {second.number}."
        )
        assert propose_runbook(ticket=ticket, similar=found, label="local") is None
        decline_run(run=run, actor=Actor.person(cast.alice))
        assert propose_runbook(ticket=ticket, similar=found, label="local") is None


def test_little_evidence_or_a_runbook_for_people_proposes_nothing(cast: Cast) -> None:
    runbook = book(cast, for_machines=True)
    with organization_scope(cast.nordwerk.pk):
        one, two = (helped(cast, runbook, ON, who) for who in (cast.dana, cast.bob))
        others, ticket = [cast.ticket() for _ in range(3)], cast.ticket()

        def proposed(*tickets: Ticket) -> RunbookRun | None:
            return propose_runbook(ticket=ticket, similar=near(*tickets), label="local")

        assert proposed(one) is None
        assert proposed(one, others[0]) is None
        assert proposed(one, two, *others) is None
        RunbookRun.objects.filter(ticket=two).update(state=RunState.FAILED)
        assert proposed(one, two) is None
        RunbookRun.objects.filter(ticket=two).update(state=RunState.DONE)
        Runbook.objects.update(for_machines=False)
        assert proposed(one, two) is None
        Runbook.objects.update(for_machines=True)
        solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=solved)
        ticket.refresh_from_db()
        assert proposed(one, two) is None


def test_what_was_about_somebody_else_is_not_filled_in(cast: Cast) -> None:
    own = book(cast, name="Unlock", action="http", settings=MAIL, for_machines=True)
    with organization_scope(cast.nordwerk.pk):
        first = helped(cast, own, {"address": cast.dana.email}, cast.dana)
        second = helped(cast, own, {"address": cast.bob.email}, cast.bob)
        ticket = cast.ticket()
        run = propose_runbook(ticket=ticket, similar=near(first, second), label="local")
        assert run is not None
        assert run.values == {"address": ticket.requester.email}
        # One person's tickets prove nothing about another's value.
        RunbookRun.objects.all().delete()
        switch = book(cast, for_machines=True)
        pair = [helped(cast, switch, ON, cast.bob) for _ in range(2)]
        assert propose_runbook(ticket=ticket, similar=near(*pair), label="local") is None
        # Where the runs do not agree, a person has to fill it in.
        third = helped(cast, switch, {"switch": "wifi", "position": "on"}, cast.dana)
        assert propose_runbook(ticket=ticket, similar=near(pair[0], third), label="x") is None
