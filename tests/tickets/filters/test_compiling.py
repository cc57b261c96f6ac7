"""A filter asked of the database finds exactly the tickets for which the condition holds."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.access import desk_tickets
from tickets.actions.base import Actor
from tickets.actions.triage import Edit, edit_ticket
from tickets.conditions import ConditionError, Facts, parse
from tickets.facts import facts_in_bulk
from tickets.fields import FieldKind
from tickets.filters.compiling import compiled
from tickets.filters.fields import FilterFields
from tickets.models import CustomField, Status, Ticket
from tickets.view_selectors import fields_for, reader_of

SEED = 20261127
SUBJECTS = ("VPN drops", "Printer jam on floor 2", "100 % disk_full", "Straße (gesperrt)", "vpn")


@pytest.fixture
def desk(cast: Cast) -> Cast:
    """Twenty-four tickets that differ in whatever can be asked; reproducible."""
    dice = random.Random(SEED)
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        CustomField.objects.create(
            organization=cast.nordwerk, key="floor", label={"en": "Floor"}, kind=FieldKind.NUMBER
        )
        CustomField.objects.create(
            organization=cast.nordwerk, key="rooms", label={"en": "Rooms"}, kind=FieldKind.CHOICES,
            options=[{"value": v, "label": {"en": v}} for v in ("north", "south")],
        )  # fmt: skip
        CustomField.objects.create(
            organization=cast.nordwerk, key="asset", label={"en": "Asset"}, kind=FieldKind.TEXT
        )
        statuses = list(Status.objects.filter(organization=cast.nordwerk))
        for number in range(24):
            _vary(cast, dice, statuses, number)
    return cast


def _vary(cast: Cast, dice: random.Random, statuses: list[Status], number: int) -> None:
    ticket = cast.ticket(dice.choice(SUBJECTS), "It hurts.")
    own: dict[str, Any] = {
        "floor": dice.choice((1, 2.5, 12)),
        "rooms": dice.choice((["north"], ["north", "south"])),
        "asset": dice.choice(("PC-17", "pc-17", "PC-18")),
    }
    chosen = {key: value for key, value in own.items() if dice.random() < 0.6}
    edit_ticket(
        ticket=ticket,
        actor=Actor.person(cast.alice),
        edit=Edit(
            category=dice.choice((None, cast.vpn, cast.printing)),
            team=dice.choice((None, cast.network)),
            assignee=dice.choice((None, cast.alice, cast.bob)),
            priority=dice.choice(("low", "medium", "high", "critical")),
            tags=dice.sample(["parent", "vip", "printer"], dice.randint(0, 2)),
            language=dice.choice(("", "de", "fr")),
            custom_fields=chosen,
        ),
    )
    status = dice.choice(statuses)
    verdict = dice.choice((
        {},
        {"category": {"value": "Printing", "band": "likely", "confidence": 0.8}},
        {"category": {"value": "VPN & remote", "band": "unsure", "confidence": 0.4}},
    ))  # fmt: skip
    Ticket.objects.filter(number=ticket.number).update(
        status=status,
        status_category=status.category,
        ai_verdict=verdict,
        created_at=now() - timedelta(days=number),
        next_due=dice.choice((None, now() + timedelta(hours=number - 6))),
    )


def found_and_held(cast: Cast, data: dict[str, Any]) -> tuple[list[int], list[int]]:
    """The subjects' numbers that the database finds, and those for which the condition holds."""
    fields = fields_for(cast.alice)
    condition = parse(data, fields.catalogue)
    tickets = desk_tickets(cast.alice)
    found = tickets.filter(compiled(condition, reader_of(cast.alice)))
    rows = list(tickets.with_row_relations())
    facts = facts_in_bulk(rows, needed=condition.fields)
    held = [row.number for row in rows if condition.holds(_more(facts[row.pk], row))]
    return sorted(found.values_list("number", flat=True)), sorted(held)


def _more(facts: Facts, row: Ticket) -> Facts:
    """What lists ask and rules do not."""
    verdict = row.ai_verdict.get("category") or {}
    values = {
        **facts.values,
        "created": row.created_at,
        "due": row.next_due,
        "requester": row.requester.name,
        "ai_band": verdict.get("band"),
    }
    return Facts(values, facts.before, facts.confidence)


def questions(cast: Cast) -> st.SearchStrategy[dict[str, Any]]:
    def leaf(field: str, ops: tuple[str, ...], value: Any) -> st.SearchStrategy[dict[str, Any]]:
        return st.builds(
            lambda op, v: {"field": field, "op": op, "value": v}, st.sampled_from(ops), value
        )

    def listed(field: str, *values: Any) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(st.sampled_from(values), min_size=1, max_size=3)
        return st.one_of(
            leaf(field, ("one_of", "none_of"), several),
            leaf(field, ("is", "is_not"), st.sampled_from(values)),
        )

    def nothing(field: str) -> st.SearchStrategy[dict[str, Any]]:
        return st.sampled_from([{"field": field, "op": op} for op in ("empty", "not_empty")])

    texts = st.sampled_from(("vpn", "VPN", "%", "_", "(ges", "jam", "pc-17", "\\"))
    return st.one_of(
        listed("status", "new", "open", "resolved", "gone"),
        listed("status_category", "open", "pending", "solved"),
        listed("priority", "low", "high", "critical"),
        leaf("priority", ("greater", "less"), st.sampled_from(("low", "medium", "high"))),
        listed("team", cast.network.pk, 10**9),
        listed("assignee", cast.alice.pk, cast.bob.pk),
        listed("category", cast.vpn.pk, cast.printing.pk),
        listed("ai_band", "likely", "unsure"),
        listed("ai_category", "Printing", "VPN & remote"),
        listed("sla_state", "breached", "running", "none"),
        leaf("tags", ("one_of", "none_of"), st.just(["vip"])),
        leaf("subject", ("contains", "not_contains", "is", "is_not", "has_word", "matches"), texts),
        leaf("created", ("greater", "less"), st.sampled_from(("-3d", "today", "2026-01-01"))),
        leaf("due", ("greater", "less"), st.sampled_from(("+1h", "-2h", "tomorrow"))),
        leaf("custom.floor", ("greater", "less", "is", "is_not"), st.sampled_from((2, 2.5, 12))),
        leaf("custom.rooms", ("one_of", "none_of"), st.just(["south"])),
        leaf("custom.asset", ("contains", "not_contains", "is", "is_not"), texts),
        *map(nothing, ("team", "assignee", "tags", "language", "due", "custom.floor",
                       "custom.rooms", "custom.asset", "ai_band")),
    )  # fmt: skip


def test_the_database_finds_what_the_condition_holds_for(desk: Cast) -> None:
    tree = st.recursive(
        questions(desk),
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=5,
    )

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=tree)
    def compare(data: dict[str, Any]) -> None:
        found, held = found_and_held(desk, data)
        assert found == held, data

    with organization_scope(desk.nordwerk.pk, user_id=desk.alice.pk):
        compare()


def test_how_sure_the_ai_must_be_is_asked_as_well(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk, user_id=desk.alice.pk):
        sure = {"field": "ai_category", "op": "is", "value": "Printing", "confidence": 0.8}
        for data in (sure, {"not": sure}, {**sure, "confidence": 0.81}):
            found, held = found_and_held(desk, data)
            assert found == held, data


def test_me_and_my_teams_mean_who_asks(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk, user_id=desk.alice.pk):
        fields = fields_for(desk.alice)

        def numbers(user: Any, field: str, value: str) -> set[int]:
            condition = parse({"field": field, "op": "one_of", "value": [value]}, fields.catalogue)
            rows = desk_tickets(user).filter(compiled(condition, reader_of(user)))
            return set(rows.values_list("number", flat=True))

        def having(**wanted: Any) -> set[int]:
            return set(Ticket.objects.filter(**wanted).values_list("number", flat=True))

        assert numbers(desk.alice, "assignee", "me") == having(assignee=desk.alice) != set()
        assert numbers(desk.bob, "assignee", "me") == having(assignee=desk.bob) != set()
        assert numbers(desk.alice, "team", "mine") == having(team=desk.network) != set()
        assert numbers(desk.bob, "team", "mine") == set()


def test_words_are_found_in_subject_and_text_and_a_number_is_the_ticket(desk: Cast) -> None:
    with organization_scope(desk.nordwerk.pk, user_id=desk.alice.pk):
        fields = fields_for(desk.alice)
        ticket = desk.ticket("Badge reader", "Door 3 stays shut.")

        def numbers(op: str, value: str) -> list[int]:
            condition = parse({"field": "text", "op": op, "value": value}, fields.catalogue)
            rows = desk_tickets(desk.alice).filter(compiled(condition, reader_of(desk.alice)))
            return list(rows.values_list("number", flat=True))

        assert numbers("contains", "badge shut") == [ticket.number]
        assert numbers("contains", str(ticket.number)) == [ticket.number]
        assert ticket.number not in numbers("not_contains", "badge")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"field": "nonsense", "op": "is", "value": 1}, "no field"),
        ({"field": "created", "op": "less", "value": "soon"}, "Enter a date"),
        ({"field": "created", "op": "less", "value": "2026-02-31"}, "Enter a date"),
        ({"field": "assignee", "op": "is", "value": "you"}, "from the list"),
        ({"field": "team", "op": "is", "value": "me"}, "from the list"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(cast: Cast, data: Any, words: str) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        fields: FilterFields = fields_for(cast.alice)
        with pytest.raises(ConditionError, match=words):
            parse(data, fields.catalogue)


def test_a_question_that_lists_cannot_ask_is_refused(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk, user_id=cast.alice.pk):
        data = {"field": "text", "op": "is", "value": "x"}
        condition = parse(data, fields_for(cast.alice).catalogue)
        with pytest.raises(ConditionError, match="cannot be asked"):
            compiled(condition, reader_of(cast.alice))
