"""Calendars and policies in the administration: what is refused, and that changes count."""

from typing import Any

import pytest
from django.test import Client

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.models import BusinessCalendar, CalendarDay, SlaPolicy, SlaReplan, WorkingSpan

CALENDAR = "/admin/tickets/businesscalendar/"
POLICY = "/admin/tickets/slapolicy/"


@pytest.fixture
def root(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.admin)
    return client


def rows(prefix: str, *given: dict[str, Any]) -> dict[str, Any]:
    """The inline forms of an administration page."""
    data = {f"{prefix}-TOTAL_FORMS": len(given), f"{prefix}-INITIAL_FORMS": 0}
    for number, row in enumerate(given):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def calendar(cast: Cast, *spans: dict[str, Any], days: Any = (), **changes: Any) -> dict[str, Any]:
    return {
        "organization": cast.nordwerk.pk, "name": "Shifts", "timezone": "Europe/Berlin",
        "country": "DE", "region": "BY",
        **changes, **rows("spans", *spans), **rows("days", *days),
    }  # fmt: skip


def span(weekday: int, opens: str, closes: str) -> dict[str, Any]:
    return {"weekday": weekday, "opens": opens, "closes": closes}


def policy(cast: Cast, *steps: dict[str, Any], targets: Any = None, **changes: Any) -> Any:
    with organization_scope(cast.nordwerk.pk):
        hours = BusinessCalendar.objects.get(organization=cast.nordwerk)
    targets = [{"priority": "medium", "resolution": 60}] if targets is None else targets
    return {
        "organization": cast.nordwerk.pk, "name": "Gold", "level": "customer", "position": 1,
        "is_active": "on", "conditions": "{}", "calendar": hours.pk, "pauses": "on",
        **changes, **rows("targets", *targets), **rows("steps", *steps),
    }  # fmt: skip


def refused(response: Any, words: str) -> None:
    assert response.status_code == 200
    assert words in response.content.decode()


def test_a_split_shift_with_special_days_is_published(cast: Cast, root: Client) -> None:
    days = [
        {"date": "2026-12-24", "name": "Christmas Eve", "every_year": "on"},
        {"date": "2026-12-31", "name": "Short day", "opens": "08:00", "closes": "12:00"},
    ]
    shifts = (span(0, "08:00", "12:00"), span(0, "13:00", "17:00"), span(5, "22:00", "00:00"))
    response = root.post(CALENDAR + "add/", calendar(cast, *shifts, days=days))
    assert response.status_code == 302, response.context["errors"]
    with organization_scope(cast.nordwerk.pk):
        made = BusinessCalendar.objects.get(name="Shifts")
        assert made.version is not None
        content = made.version.content
        assert CalendarDay.objects.filter(calendar=made).count() == 2
    assert content["week"][0] == [[480, 720], [780, 1020]]
    assert content["week"][5] == [[1320, 1440]]
    assert content["yearly"] == [[12, 24, []]]
    assert content["days"] == [["2026-12-31", [[480, 720]]]]


@pytest.mark.parametrize(
    ("spans", "changes", "words"),
    [
        ([], {}, "The calendar has no working hours."),
        ([(0, "08:00", "12:00"), (0, "11:00", "13:00")], {}, "overlap at 11:00–13:00"),
        ([(0, "12:00", "08:00")], {}, "must end after they begin: 12:00–08:00"),
        ([(0, "08:00", "12:00")], {"timezone": "Middle/Earth"}, "is not a known time zone"),
        ([(0, "08:00", "12:00")], {"country": "ZZ"}, "no public holidays for “ZZ BY”"),
        ([(0, "08:00", "12:00")], {"region": "XX"}, "no public holidays for “DE XX”"),
        ([(0, "08:00", "12:00")], {"country": ""}, "Choose the country of this region."),
    ],
)
def test_a_calendar_that_cannot_work_is_refused_in_words(
    cast: Cast, root: Client, spans: Any, changes: Any, words: str
) -> None:
    given = calendar(cast, *(span(*one) for one in spans), **changes)
    refused(root.post(CALENDAR + "add/", given), words)
    with organization_scope(cast.nordwerk.pk):
        assert not BusinessCalendar.objects.filter(name="Shifts").exists()


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ({"opens": "08:00"}, "Enter both hours, or none for a closed day."),
        ({"opens": "12:00", "closes": "08:00"}, "must end after they begin"),
    ],
)
def test_a_special_day_has_both_hours_or_none(
    cast: Cast, root: Client, day: dict[str, Any], words: str
) -> None:
    given = calendar(cast, span(0, "08:00", "12:00"), days=[{"date": "2026-12-31", **day}])
    refused(root.post(CALENDAR + "add/", given), words)


def test_a_policy_is_saved_and_open_tickets_will_follow(cast: Cast, root: Client) -> None:
    step = {"percent": 80, "action": "notify", "audience": "leads"}
    condition = '{"field": "priority", "op": "is", "value": "high"}'
    response = root.post(POLICY + "add/", policy(cast, step, conditions=condition))
    assert response.status_code == 302, response.context["errors"]
    with organization_scope(cast.nordwerk.pk):
        gold = SlaPolicy.objects.get(name="Gold")
        assert gold.steps.get().organization_id == cast.nordwerk.pk
        assert SlaReplan.objects.get().after == 0
    listed = root.get(POLICY).content.decode()
    assert "High" in listed
    assert "All tickets" in listed


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"metric": "resolution"}, "Enter either a percentage or minutes."),
        ({"percent": 80, "minutes": 5}, "Enter either a percentage or minutes."),
        ({"percent": 100, "action": "assign_team"}, "Choose the team."),
        ({"percent": 100, "action": "assign_person"}, "Choose the person."),
        ({"percent": 100, "audience": "person"}, "Choose the person."),
        ({"percent": 100_000}, "less than or equal to 1000"),
    ],
)
def test_a_step_without_sense_is_refused_in_words(
    cast: Cast, root: Client, step: dict[str, Any], words: str
) -> None:
    given = policy(cast, {"action": "notify", "audience": "assignee", **step})
    refused(root.post(POLICY + "add/", given), words)


def test_a_step_names_nobody_who_left_or_is_no_agent(cast: Cast, root: Client) -> None:
    words = "is not an agent of this organization."
    step = {"percent": 100, "action": "assign_person", "audience": "assignee"}
    for person in (cast.dana, cast.charlie):
        given = policy(cast, {**step, "person": person.pk})
        refused(root.post(POLICY + "add/", given), words)
    given = policy(cast, {**step, "person": cast.alice.pk})
    assert root.post(POLICY + "add/", given).status_code == 302
    assert words not in root.get(POLICY).content.decode()
    cast.alice.is_active = False
    cast.alice.save()
    assert words in root.get(POLICY).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targets": []}, "Enter at least one time for one priority."),
        ({"targets": [{"priority": "high", "resolution": 0}]}, "greater than or equal to 1"),
        ({"targets": [{"priority": "high", "resolution": 10**9}]}, "less than or equal to 527040"),
        ({"conditions": '{"field": "gone", "op": "is", "value": 1}'}, "There is no field “gone”."),
        ({"conditions": "[1]"}, "A condition or a group is expected here."),
        ({"conditions": "{"}, "This is no JSON."),
        (
            {"conditions": '{"field": "sla_state", "op": "is", "value": "breached"}'},
            "it changes by itself",
        ),
        ({"conditions": '{"field": "priority", "op": "changed"}'}, "it changes by itself"),
    ],
)
def test_a_policy_without_sense_is_refused_in_words(
    cast: Cast, root: Client, changes: dict[str, Any], words: str
) -> None:
    refused(root.post(POLICY + "add/", policy(cast, **changes)), words)


def test_policies_and_calendars_lead_to_the_simulator(cast: Cast, root: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = SlaPolicy.objects.get(organization=cast.nordwerk)
        hours = BusinessCalendar.objects.get(organization=cast.nordwerk)
    address = "/desk/insights/simulations/?organization=nordwerk"
    page = root.get(f"{POLICY}{row.pk}/change/").content.decode()
    assert f'href="{address}&amp;policy={row.pk}"' in page
    assert f'href="{address}"' in root.get(f"{CALENDAR}{hours.pk}/change/").content.decode()
    answer = root.get(f"{address}&policy={row.pk}").content.decode()
    assert "Times of “Standard”" in answer


def test_a_broken_policy_says_so_in_the_list(cast: Cast, root: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        gone = {"field": "custom.gone", "op": "is", "value": "x"}
        SlaPolicy.objects.filter(organization=cast.nordwerk).update(conditions=gone)
    with organization_scope(cast.lumen.pk):
        BusinessCalendar.objects.update(version=None)
    listed = root.get(POLICY).content.decode()
    assert "It covers no ticket" in listed
    assert "count around the clock" in listed
    assert "count around the clock" in root.get(CALENDAR).content.decode()


def test_a_calendar_in_use_is_not_deleted(cast: Cast, root: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        used = BusinessCalendar.objects.get(organization=cast.nordwerk)
    root.post(f"{CALENDAR}{used.pk}/delete/", {"post": "yes"})
    with organization_scope(cast.nordwerk.pk):
        assert BusinessCalendar.objects.filter(pk=used.pk).exists()
        assert WorkingSpan.objects.filter(calendar=used).count() == 5
