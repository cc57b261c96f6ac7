"""Changes on both sides: shown, decided by a person or an owner, never silently lost."""

import pytest

from integrations.actions.linking import decide_conflict
from integrations.links import FieldConflict, LinkState, Verdict
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.glpi import Glpi
from tests.federation.conftest import Bridge, build_bridge
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.triage import Edit, edit_ticket


def rename(bridge: Bridge, cast: Cast, subject: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        alice = Actor.person(cast.alice)
        edit_ticket(ticket=bridge.ticket(), actor=alice, edit=Edit(subject=subject))


def conflicts(cast: Cast) -> list[FieldConflict]:
    with organization_scope(cast.nordwerk.pk):
        return list(FieldConflict.objects.order_by("pk"))


@pytest.fixture
def clash(bridge: Bridge, glpi: Glpi, cast: Cast) -> FieldConflict:
    """Both sides renamed ticket 1."""
    glpi.open("First name")
    bridge.sync()
    rename(bridge, cast, "Our name")
    glpi.change(1, name="Their name")
    bridge.sync(2)
    [found] = conflicts(cast)
    return found


def test_both_values_stay_and_are_shown(bridge: Bridge, glpi: Glpi, clash: FieldConflict) -> None:
    assert (clash.ours, clash.theirs, clash.verdict) == ("Our name", "Their name", Verdict.OPEN)
    assert bridge.ticket().subject == "Our name"
    assert glpi.tickets[1]["name"] == "Their name"
    assert bridge.link().state == LinkState.CONFLICT


def test_use_mine_writes_ours_there(
    bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict
) -> None:
    with organization_scope(cast.nordwerk.pk):
        decide_conflict(conflict=clash, keep="ours", user_id=cast.alice.pk)
    bridge.sync(2)
    assert glpi.tickets[1]["name"] == bridge.ticket().subject == "Our name"
    assert bridge.link().state == LinkState.OK
    [row] = conflicts(cast)
    assert (row.verdict, row.decided_by_id) == (Verdict.OURS, cast.alice.pk)


def test_keep_theirs_takes_theirs_here(
    bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict
) -> None:
    with organization_scope(cast.nordwerk.pk):
        decide_conflict(conflict=clash, keep="theirs", user_id=cast.alice.pk)
    bridge.sync(2)
    assert glpi.tickets[1]["name"] == bridge.ticket().subject == "Their name"
    assert bridge.link().state == LinkState.OK


def test_a_change_after_the_decision_is_a_new_conflict(
    bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict
) -> None:
    glpi.change(1, name="Their newer name")
    with organization_scope(cast.nordwerk.pk):
        decide_conflict(conflict=clash, keep="ours", user_id=cast.alice.pk)
    bridge.sync()
    assert glpi.tickets[1]["name"] == "Their newer name"
    assert [one.verdict for one in conflicts(cast)] == [Verdict.OURS, Verdict.OPEN]


def test_a_conflict_is_decided_once(cast: Cast, clash: FieldConflict) -> None:
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidChange, match="Choose"):
            decide_conflict(conflict=clash, keep="both", user_id=cast.alice.pk)
        decide_conflict(conflict=clash, keep="ours", user_id=cast.alice.pk)
        with pytest.raises(InvalidChange, match="decided already"):
            decide_conflict(conflict=clash, keep="theirs", user_id=cast.alice.pk)


def test_a_conflict_vanishes_when_both_sides_agree_again(
    bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict
) -> None:
    glpi.change(1, name="Our name")
    bridge.sync()
    assert [one.verdict for one in conflicts(cast)] == [Verdict.VANISHED]
    assert bridge.link().state == LinkState.OK


@pytest.mark.parametrize(
    ("owner", "kept"), [("ours", "Our name"), ("theirs", "Their name"), ("apart", "")]
)
def test_an_owner_decides_and_the_loser_stays_on_record(
    cast: Cast, glpi: Glpi, owner: str, kept: str
) -> None:
    bridge = build_bridge(cast, glpi, owner_subject=owner)
    glpi.open("First name")
    bridge.sync()
    first = glpi.tickets[1]["name"]
    rename(bridge, cast, "Our name")
    glpi.change(1, name="Their name")
    bridge.sync(2)
    if owner == "apart":
        assert (bridge.ticket().subject, glpi.tickets[1]["name"]) == ("Our name", "Their name")
        assert conflicts(cast) == []
        return
    assert first
    assert bridge.ticket().subject == glpi.tickets[1]["name"] == kept
    [row] = conflicts(cast)
    assert (row.ours, row.theirs, row.verdict, row.by_rule) == (
        "Our name", "Their name", owner, True,
    )  # fmt: skip


def test_one_conflict_does_not_hold_up_the_rest(
    bridge: Bridge, glpi: Glpi, cast: Cast, clash: FieldConflict
) -> None:
    glpi.change(1, urgency=5)
    glpi.say(1, "<p>And one more thing</p>")
    bridge.sync()
    assert bridge.ticket().urgency == "critical"
    with organization_scope(cast.nordwerk.pk):
        assert bridge.ticket().messages.filter(text__contains="one more thing").exists()
