"""Events are told after commit, to everybody, and only from actions."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import FrozenInstanceError, dataclass

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from omnidesk.accounts.models import Organization
from omnidesk.core import events
from omnidesk.core.events import Event, on, on_batch, publish
from omnidesk.core.tenancy import current_organizations, organization_scope


@dataclass(frozen=True, kw_only=True, slots=True)
class LampLit(Event):
    """An event of this test."""

    lamp_id: int


@pytest.fixture
def heard() -> Iterator[list[LampLit]]:
    heard: list[LampLit] = []

    @on(LampLit)
    def fail(event: LampLit) -> None:
        raise RuntimeError("a deaf listener")

    @on(LampLit)
    def listen(event: LampLit) -> None:
        heard.append(event)

    yield heard
    del events._handlers[LampLit]


@pytest.mark.django_db(transaction=True)
def test_an_event_is_told_after_commit_even_if_another_listener_fails(
    heard: list[LampLit],
) -> None:
    with transaction.atomic():
        publish(LampLit(organization_id=1, lamp_id=7))
        assert heard == []
    assert heard == [LampLit(organization_id=1, lamp_id=7)]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_never_told(heard: list[LampLit]) -> None:
    with transaction.atomic():
        publish(LampLit(organization_id=1, lamp_id=7))
        transaction.set_rollback(True)
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError, match="LampLit"):
        publish(LampLit(organization_id=1, lamp_id=7))


def test_the_captured_callbacks_drive_events_in_plain_tests(
    db: None,
    heard: list[LampLit],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish(LampLit(organization_id=2, lamp_id=8))
    assert [event.lamp_id for event in heard] == [8]


def test_the_same_listener_cannot_register_twice(heard: list[LampLit]) -> None:
    listener = events._handlers[LampLit][1]
    with pytest.raises(RuntimeError, match="already hears"):
        on(LampLit)(listener)


@pytest.fixture
def batches() -> Iterator[list[tuple[list[int], frozenset[int], bool]]]:
    """The lists that a listener heard, the scope it heard them in, whether in a transaction."""
    heard: list[tuple[list[int], frozenset[int], bool]] = []

    def note(events: Sequence[LampLit]) -> None:
        inside = transaction.get_connection().in_atomic_block
        heard.append(([event.lamp_id for event in events], current_organizations(), inside))

    @on_batch(LampLit, scoped=True)
    def write(events: Sequence[LampLit]) -> None:
        note(events)

    @on_batch(LampLit)
    def tell(events: Sequence[LampLit]) -> None:
        note(events)

    yield heard
    del events._handlers[LampLit]


@pytest.mark.django_db(transaction=True)
def test_what_one_scope_published_is_heard_as_one_list_for_each_organization(
    batches: list[tuple[list[int], frozenset[int], bool]],
) -> None:
    with organization_scope([1, 2]):
        publish(LampLit(organization_id=1, lamp_id=7))
        with organization_scope(2):
            publish(LampLit(organization_id=2, lamp_id=8))
        publish(LampLit(organization_id=1, lamp_id=9))
        with suppress(LookupError), transaction.atomic():
            publish(LampLit(organization_id=1, lamp_id=10))
            raise LookupError
        assert batches == []
    assert batches == [
        ([7, 9], frozenset({1}), True),
        ([8], frozenset({2}), True),
        ([7, 9], frozenset(), False),
        ([8], frozenset(), False),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_those_who_write_rows_together_one_that_fails_undoes_only_its_own() -> None:
    def write(name: str) -> None:
        Organization.objects.create(name=name, slug=name)

    @on_batch(LampLit, scoped=True)
    def first(events: Sequence[LampLit]) -> None:
        write("first")

    @on_batch(LampLit, scoped=True)
    def failing(events: Sequence[LampLit]) -> None:
        write("failing")
        raise RuntimeError("a deaf listener")

    @on_batch(LampLit, scoped=True)
    def last(events: Sequence[LampLit]) -> None:
        write("last")

    with organization_scope(()):
        publish(LampLit(organization_id=1, lamp_id=7))
    del events._handlers[LampLit]
    assert list(Organization.objects.values_list("slug", flat=True)) == ["first", "last"]


def test_an_event_cannot_be_changed() -> None:
    event = LampLit(organization_id=1, lamp_id=7)
    with pytest.raises(FrozenInstanceError):
        event.lamp_id = 8  # type: ignore[misc]


def test_the_catalogue_names_every_listener() -> None:
    assert "tickets.handlers.tell_browsers" in events.catalogue()["TicketChanged"]
