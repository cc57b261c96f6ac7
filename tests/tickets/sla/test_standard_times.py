"""Organizations older than agreed times get the standard ones; what was configured stays."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import cast as typed

from django.apps import apps
from django.db.models import Model

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.sla_setup import drafted
from tickets.actions.sla_sweep import replan_some
from tickets.models import (
    BusinessCalendar,
    CalendarVersion,
    SlaClock,
    SlaPolicy,
    SlaReplan,
    SlaStep,
    SlaTarget,
)
from tickets.sla_plan import digest_of

give = typed(
    "Callable[[object, None], None]",
    import_module("tickets.migrations.0022_standard_times").give_standard_times,
)
TABLES: tuple[type[Model], ...] = (
    SlaReplan, SlaClock, SlaStep, SlaTarget, SlaPolicy, BusinessCalendar, CalendarVersion,
)  # fmt: skip


def both(cast: Cast) -> AbstractContextManager[None]:
    """A migration sees every organization."""
    return organization_scope({cast.nordwerk.pk, cast.lumen.pk})


def forget(*tables: type[Model]) -> None:
    for table in tables:
        table._default_manager.all().delete()


def targets(policy: SlaPolicy) -> set[tuple[object, ...]]:
    rows = policy.targets.values_list("priority", "first_response", "next_response", "resolution")
    return set(rows)


def test_an_old_organization_gets_what_a_new_one_has(cast: Cast) -> None:
    with both(cast):
        new = SlaPolicy.objects.get(organization=cast.nordwerk)
        expected = targets(new), drafted(new.calendar)
        ticket = cast.ticket()
        forget(*TABLES)
        give(apps, None)
        policy = SlaPolicy.objects.get(organization=cast.nordwerk)
        assert (targets(policy), drafted(policy.calendar)) == expected
        version = policy.calendar.version
        assert version is not None
        assert version.digest == digest_of(drafted(policy.calendar))
        # Open tickets follow, from now on.
        assert replan_some(organization_id=cast.nordwerk.pk)
        kinds = set(SlaClock.objects.filter(ticket=ticket).values_list("metric", flat=True))
        assert kinds == {"first_response", "resolution"}


def test_a_second_run_changes_nothing(cast: Cast) -> None:
    with both(cast):
        forget(*TABLES)
        give(apps, None)
        before = list(SlaPolicy.objects.values_list("pk", "updated_at"))
        give(apps, None)
        assert list(SlaPolicy.objects.values_list("pk", "updated_at")) == before


def test_who_took_the_policy_away_keeps_it_away(cast: Cast) -> None:
    """The calendar that is left says that somebody decided."""
    with both(cast):
        forget(SlaReplan, SlaStep, SlaTarget, SlaPolicy)
        give(apps, None)
        assert not SlaPolicy.objects.exists()


def test_a_policy_that_is_switched_off_stays_off(cast: Cast) -> None:
    with both(cast):
        SlaPolicy.objects.update(is_active=False, name="Ours")
        give(apps, None)
        rows = SlaPolicy.objects.order_by().values_list("name", "is_active").distinct()
        assert list(rows) == [("Ours", False)]
