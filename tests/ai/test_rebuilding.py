"""The search index built anew: search goes on, nothing is lost, a killed worker's goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ai import indexing, rebuilding
from ai.actions import rebuilds
from ai.engine.retrieve import Retriever
from ai.models import IndexEntry, Rebuild
from ai.runtime import Runtime
from ai.shelf import FolderPlace, Shelf
from ai.sweeping import rebuild_waits
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.lifecycle import delete_ticket
from tickets.models import Ticket

SUBJECTS = ("The printer jams", "VPN drops every hour", "Monitor stays black", "Mailbox is full")


class Desk:
    """Four indexed tickets, and an ai-worker that can be restarted."""

    def __init__(self, cast: Cast, models: Runtime, folder: Path) -> None:
        self.cast, self.models, self.folder = cast, models, folder
        self.start()
        with organization_scope(cast.nordwerk.pk):
            self.tickets = [cast.ticket(subject=subject) for subject in SUBJECTS]
        self.index(*self.tickets)

    def start(self) -> None:
        place = FolderPlace(self.folder)
        shelf = Shelf(place, "mini", self.models.embedder.dimension)
        self.runtime = Runtime(self.models.embedder, self.models.batcher, shelf, is_embedded=True)

    def index(self, *tickets: Ticket) -> None:
        ids = [ticket.pk for ticket in tickets]
        indexing.index_tickets(self.runtime, self.cast.nordwerk.pk, ids)

    def first_for(self, text: str) -> int:
        retriever = Retriever(self.runtime.batcher, self.runtime.store)
        found = retriever.similar_tickets(text, organizations=[self.cast.nordwerk.pk], limit=1)
        return found[0].object_id if found else 0

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def desk(
    cast: Cast, models: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.setattr(rebuilding, "MOST_POINTS", 2)
    found = Desk(cast, models, tmp_path / "qdrant")
    yield found
    found.runtime.store.close()


def begin(quantization: str = "none") -> Rebuild:
    return rebuilds.start_rebuild(user=None, quantization=quantization)


def test_a_new_store_takes_the_place_of_the_old_one(desk: Desk) -> None:
    row = begin("scalar")
    assert begin("binary").pk == row.pk, "one at a time"
    while rebuilding.step(desk.runtime):
        assert desk.first_for("paper jam in the printer") == desk.tickets[0].pk
        row.refresh_from_db()
        assert row.state == "running"
    row.refresh_from_db()
    assert (row.state, row.progress, row.done) == ("done", 1.0, 4)
    assert (desk.runtime.shelf.number, desk.runtime.shelf.quantization) == (row.pk, "scalar")
    assert desk.first_for("paper jam in the printer") == desk.tickets[0].pk
    assert desk.names() == ["mini", f"mini-g{row.pk}"], "a search may still be in the old one"
    assert rebuild_waits()
    desk.runtime.store.close_retired(after=0.0)
    assert not rebuilding.step(desk.runtime)
    assert desk.names() == [f"mini-g{row.pk}"]
    assert not rebuild_waits()
    desk.runtime.store.close()
    desk.start()
    assert desk.first_for("vpn connection lost") == desk.tickets[1].pk


def test_what_changes_meanwhile_is_in_the_new_store(desk: Desk) -> None:
    begin()
    assert rebuilding.step(desk.runtime)
    first, _second, third, _fourth = desk.tickets
    with organization_scope(desk.cast.nordwerk.pk):
        Ticket.objects.filter(pk=first.pk).update(subject="Wallbox of the car park is dead")
        delete_ticket(ticket=third, actor=Actor.person(desk.cast.bob))
        new = desk.cast.ticket(subject="Badge does not open the door")
    desk.index(first, third, new)
    for _ in rebuilding.steps(desk.runtime):
        pass
    assert desk.runtime.shelf.number
    assert desk.first_for("The wallbox in the car park is dead") == first.pk
    assert desk.first_for("door badge") == new.pk
    assert desk.first_for("Monitor stays black") != third.pk
    assert desk.runtime.store.count() == 4


def test_a_killed_workers_rebuild_goes_on_where_it_was(desk: Desk) -> None:
    row = begin()
    assert rebuilding.step(desk.runtime)
    row.refresh_from_db()
    assert (row.done, row.progress) == (2, 0.5)
    desk.runtime.store.close()
    desk.start()
    assert desk.runtime.store.coming is not None
    assert desk.runtime.store.coming.count() == 2
    assert rebuilding.step(desk.runtime)
    row.refresh_from_db()
    assert row.done == 4, "the first half was not written again"
    assert not rebuilding.step(desk.runtime)
    assert desk.runtime.store.count() == 4


def test_a_half_that_was_lost_is_written_again(desk: Desk) -> None:
    row = begin()
    assert rebuilding.step(desk.runtime)
    coming = desk.runtime.store.coming
    assert coming is not None
    coming.delete_organization(desk.cast.nordwerk.pk)
    for _ in rebuilding.steps(desk.runtime):
        pass
    row.refresh_from_db()
    assert (row.state, row.done) == ("done", 4)


def test_a_store_that_lacks_too_much_is_not_switched_to(desk: Desk) -> None:
    row = begin()
    with organization_scope(desk.cast.nordwerk.pk):
        IndexEntry.objects.filter(object_id=desk.tickets[0].pk).update(chunks=50)
    for _ in range(rebuilds.MOST_ATTEMPTS):
        for _ in rebuilding.steps(desk.runtime):
            pass
    row.refresh_from_db()
    assert row.state == "failed"
    assert "holds 4 of 53 passages" in row.error
    assert desk.runtime.shelf.number == 0
    assert desk.first_for("paper jam in the printer") == desk.tickets[0].pk


def test_it_can_be_stopped(desk: Desk) -> None:
    row = begin()
    assert rebuilding.step(desk.runtime)
    call_command("reindex", "--stop")
    with pytest.raises(CommandError, match="No rebuild"):
        call_command("reindex", "--stop")
    assert not rebuilding.step(desk.runtime)
    desk.runtime.store.close_retired(after=0.0)
    assert not rebuilding.step(desk.runtime)
    assert desk.names() == ["mini"]
    row.refresh_from_db()
    assert "Stopped by manage.py" in row.error
    with pytest.raises(InvalidChange):
        begin("ternary")
