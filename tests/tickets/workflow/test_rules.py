"""The pure rules of workflows, against a slow reference and on any data at all."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnidesk.accounts.roles import Role
from tickets.workflow import (
    REQUIRABLE,
    SETTLED,
    Flaw,
    Step,
    Workflow,
    missing,
    moves,
    problems,
)

KEYS = ("new", "work", "wait", "done", "shut", "ghost")
STAGES = ("open", "pending", "solved", "closed")
ROLES = tuple(Role.values)

keys = st.sampled_from(KEYS)
steps = st.builds(
    Step,
    source=st.none() | keys,
    target=keys,
    role=st.sampled_from([*ROLES, "king"]),
    requires=st.lists(st.sampled_from([*REQUIRABLE, "custom:cost", "colour"]), max_size=3).map(
        tuple
    ),
)
workflows = st.builds(
    Workflow,
    start=keys | st.just(""),
    stages=st.dictionaries(keys, st.sampled_from(STAGES), max_size=5),
    steps=st.lists(steps, max_size=12).map(tuple),
)


def reachable(workflow: Workflow, start: str) -> set[str]:
    """The slow way: walk until nothing new turns up."""
    found = {start}
    while True:
        more = {
            step.target
            for step in workflow.steps
            for here in found
            if step.source in (None, here)
        } | found  # fmt: skip
        if more == found:
            return found
        found = more


@given(workflows)
@settings(max_examples=400, deadline=None)
def test_a_sound_workflow_reaches_every_status_and_an_end_from_each(workflow: Workflow) -> None:
    if problems(workflow):
        return
    assert workflow.stages[workflow.start] == "open"
    assert SETTLED & set(workflow.stages.values())
    if workflow.is_free:
        return
    assert reachable(workflow, workflow.start) == set(workflow.stages)
    for key in workflow.stages:
        assert {workflow.stages[k] for k in reachable(workflow, key)} & SETTLED


@given(workflows)
@settings(max_examples=400, deadline=None)
def test_what_the_reference_finds_lost_or_stuck_is_refused(workflow: Workflow) -> None:
    flaws = {problem.flaw for problem in problems(workflow)}
    clean = not flaws & (set(Flaw) - {Flaw.UNREACHABLE, Flaw.NO_WAY_OUT})
    if not clean or workflow.is_free:
        return
    lost = set(workflow.stages) - reachable(workflow, workflow.start)
    stuck = [
        key
        for key in workflow.stages
        if not {workflow.stages[k] for k in reachable(workflow, key)} & SETTLED
    ]
    assert (Flaw.UNREACHABLE in flaws) == bool(lost)
    assert (Flaw.NO_WAY_OUT in flaws) == bool(stuck)


@given(workflows, keys, st.sampled_from(ROLES))
@settings(max_examples=400, deadline=None)
def test_no_data_at_all_holds_an_open_ticket_for_ever(
    workflow: Workflow, source: str, role: str
) -> None:
    offered = moves(workflow, source, role)
    assert source not in offered.steps
    assert set(offered.steps) <= set(workflow.stages)
    administrator = moves(workflow, source, Role.ADMINISTRATOR.value)
    if set(workflow.stages) - {source} and workflow.stages.get(source) not in SETTLED:
        assert administrator.steps


@given(workflows, keys)
@settings(max_examples=200, deadline=None)
def test_a_higher_role_may_all_that_a_lower_one_may(workflow: Workflow, source: str) -> None:
    allowed = [set(moves(workflow, source, role).steps) for role in ROLES]
    assert all(lower <= higher for lower, higher in pairwise(allowed))


@given(workflows)
def test_stored_and_read_back_it_is_the_same(workflow: Workflow) -> None:
    assert Workflow.from_data(workflow.as_data()) == workflow


@given(steps, st.dictionaries(st.sampled_from([*REQUIRABLE, "custom:cost"]), st.booleans()))
def test_only_what_is_empty_and_known_is_missing(step: Step, present: dict[str, bool]) -> None:
    lacking = missing(step, present)
    assert all(name in step.requires and not present.get(name) for name in lacking)
    assert "colour" not in lacking


def test_the_own_step_of_a_status_comes_before_the_one_from_anywhere() -> None:
    stages = {"new": "open", "done": "solved"}
    own = Step("new", "done", "agent", ("note",))
    for order in ((own, Step(None, "done", "lead")), (Step(None, "done", "lead"), own)):
        assert moves(Workflow("new", stages, order), "new", "agent").steps == {"done": own}


@pytest.mark.parametrize(
    ("workflow", "flaw"),
    [
        (Workflow(), Flaw.EMPTY),
        (Workflow("done", {"new": "open", "done": "solved"}), Flaw.NO_START),
        (Workflow("new", {"new": "open", "wait": "pending"}), Flaw.NO_WAY_OUT),
        (
            Workflow("new", {"new": "open", "done": "solved"}, (Step("new", "ghost"),)),
            Flaw.FOREIGN,
        ),
        (
            Workflow(
                "new", {"new": "open", "work": "open", "done": "solved"}, (Step("new", "done"),)
            ),
            Flaw.UNREACHABLE,
        ),
        (
            Workflow(
                "new",
                {"new": "open", "wait": "pending", "done": "solved"},
                (Step("new", "wait"), Step("new", "done")),
            ),
            Flaw.NO_WAY_OUT,
        ),
        (
            Workflow(
                "new",
                {"new": "open", "done": "solved"},
                (Step("new", "done", "agent", ("colour",)),),
            ),
            Flaw.UNKNOWN_FIELD,
        ),
    ],
)
def test_it_says_in_words_what_is_wrong(workflow: Workflow, flaw: Flaw) -> None:
    [first, *_rest] = problems(workflow)
    assert first.flaw == flaw
    assert first.words.endswith(".")
