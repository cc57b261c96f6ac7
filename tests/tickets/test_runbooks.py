"""Runbooks: declared, rehearsed, done, checked, taken back; each step once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from pytest_django import Settings

from omnidesk.core import http
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.http import Asked, FakeServer, Said
from tests.tickets.test_approvals import policy, say
from tickets import running
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.runbook import (
    decline_run,
    propose_run,
    release_run,
    start_run,
    undo_run,
)
from tickets.choices import ActorKind
from tickets.models import Approval, Change, Runbook, RunbookRun, RunState, Ticket
from tickets.notice_selectors import readable_notifications, told
from tickets.runbooks.base import Input, InputProblem, check_values

ON = {"switch": "vpn", "position": "on"}


@pytest.fixture(autouse=True)
def fresh(settings: Settings) -> Iterator[None]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    http.reset_breakers()
    cache.clear()
    yield
    http.reset_breakers()


def book(cast: Cast, **fields: Any) -> Runbook:
    values = {"name": "Switch", "action": "loopback"} | fields
    with organization_scope(cast.nordwerk.pk):
        return Runbook.objects.create(organization=cast.nordwerk, **values)


def propose(
    cast: Cast, runbook: Runbook, values: dict[str, Any] | None = None, *, machine: bool = False
) -> RunbookRun:
    actor = Actor.machine(ActorKind.RULE, "A rule") if machine else Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        given = ON if values is None else values
        return propose_run(ticket=ticket, actor=actor, runbook=runbook, values=given)


def work(run: RunbookRun) -> RunState | None:
    return running.execute(run.organization_id, run.pk)


def again(run: RunbookRun) -> RunbookRun:
    with organization_scope(run.organization_id):
        return RunbookRun.objects.select_related("ticket", "runbook").get(pk=run.pk)


def steps(run: RunbookRun) -> list[str]:
    with organization_scope(run.organization_id):
        return list(run.steps.values_list("what", flat=True))


class TestLife:
    def test_it_is_rehearsed_done_checked_and_taken_back(self, cast: Cast) -> None:
        run = propose(cast, book(cast))
        assert run.preview == "Would set the switch vpn to on."
        assert work(run) == RunState.DONE
        key = f"runbook-switch:{cast.nordwerk.pk}:vpn"
        assert cache.get(key) == "on"
        with organization_scope(cast.nordwerk.pk):
            undo_run(run=run, actor=Actor.person(cast.bob))
        assert work(run) == RunState.UNDONE
        assert cache.get(key) == "off"
        assert steps(run) == ["proposed", "dry_run", "do", "verify", "undo_asked", "undo"]
        with organization_scope(cast.nordwerk.pk):
            rows = Change.objects.filter(ticket=run.ticket, verb__contains="runbook")
            assert [row.new for row in rows] == ["proposed", "done", "undo_queued", "undone"]
            [row] = readable_notifications(cast.alice)
            assert told(row) == "Runbook: Switch: Taken back"

    def test_a_machine_s_proposal_waits_for_a_person(self, cast: Cast) -> None:
        run = propose(cast, book(cast, for_machines=True), machine=True)
        assert (run.state, work(run)) == ("proposed", None)
        with organization_scope(cast.nordwerk.pk):
            start_run(run=run, actor=Actor.person(cast.bob))
            with pytest.raises(InvalidChange, match="already"):
                decline_run(run=run, actor=Actor.person(cast.alice))
        assert work(run) == RunState.DONE

    def test_a_declined_proposal_never_runs(self, cast: Cast) -> None:
        run = propose(cast, book(cast, for_machines=True), machine=True)
        with organization_scope(cast.nordwerk.pk):
            decline_run(run=run, actor=Actor.person(cast.bob))
        assert (again(run).state, work(run)) == ("refused", None)

    def test_a_machine_may_propose_only_what_allows_it(self, cast: Cast) -> None:
        with pytest.raises(InvalidChange, match="for people"):
            propose(cast, book(cast), machine=True)

    @pytest.mark.parametrize(("agrees", "state"), [(True, "queued"), (False, "refused")])
    def test_an_approval_lets_it_go_or_stops_it_once(
        self, cast: Cast, agrees: bool, state: str
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            row = policy(cast)
        run = propose(cast, book(cast, policy=row))
        assert (run.state, work(run)) == ("waiting", None)
        with organization_scope(cast.nordwerk.pk):
            approval = Approval.objects.get()
            assert approval.question == "Switch: Would set the switch vpn to on."
            release_run(approval_id=approval.pk)
            assert RunbookRun.objects.get().state == "waiting"
            say(cast.bob, agrees=agrees)
            for _ in range(2):
                release_run(approval_id=approval.pk)
            assert RunbookRun.objects.get().state == state

    def test_a_decision_nobody_announced_is_found_by_the_sweep(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            row = policy(cast)
        run = propose(cast, book(cast, policy=row))
        with organization_scope(cast.nordwerk.pk):
            say(cast.bob)
        assert running.sweep_runs() == [(cast.nordwerk.pk, run.pk)]

    def test_what_was_approved_is_what_runs(self, cast: Cast) -> None:
        runbook = book(cast)
        run = propose(cast, runbook)
        with organization_scope(cast.nordwerk.pk):
            Runbook.objects.update(action="http", settings={})
        assert work(run) == RunState.DONE


class TestTrouble:
    @pytest.mark.parametrize(
        ("fails", "state"),
        [("do", "failed"), ("verify", "unverified"), ("lost", "uncertain")],
    )
    def test_each_kind_of_failure_is_told_apart(self, cast: Cast, fails: str, state: str) -> None:
        run = propose(cast, book(cast), {**ON, "fails": fails})
        assert work(run) == state
        assert again(run).error
        assert work(run) is None

    def test_an_undo_that_fails_says_so(self, cast: Cast) -> None:
        run = propose(cast, book(cast), {**ON, "fails": "undo"})
        work(run)
        with organization_scope(cast.nordwerk.pk):
            undo_run(run=run, actor=Actor.person(cast.alice))
        assert work(run) == RunState.FAILED
        with organization_scope(cast.nordwerk.pk), pytest.raises(InvalidChange):
            undo_run(run=run, actor=Actor.person(cast.alice))

    def test_a_process_that_died_half_way_leaves_it_uncertain(self, cast: Cast) -> None:
        run = propose(cast, book(cast))
        with organization_scope(cast.nordwerk.pk):
            old = now() - timedelta(hours=1)
            RunbookRun.objects.update(state="running", claimed_at=old, claimed_by="gone")
        assert running.sweep_runs() == []
        assert again(run).state == "uncertain"

    def test_two_workers_do_it_once(self, live_cast: Cast) -> None:
        run = propose(live_cast, book(live_cast))
        start = threading.Barrier(2)

        def worker() -> RunState | None:
            start.wait()
            try:
                return work(run)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            results = [job.result() for job in [pool.submit(worker) for _ in range(2)]]
        assert sorted(map(str, results)) == ["None", "done"]
        assert steps(run).count("do") == 1

    def test_an_action_that_is_gone_fails_in_words(self, cast: Cast) -> None:
        run = propose(cast, book(cast))
        with organization_scope(cast.nordwerk.pk):
            RunbookRun.objects.update(action="vanished")
        assert work(run) == RunState.FAILED
        assert "vanished" in again(run).error


class TestValues:
    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({}, "switch"),
            ({"switch": "vpn"}, "position"),
            ({"switch": "VPN; rm", "position": "on"}, "switch"),
            ({"switch": "vpn", "position": "maybe"}, "position"),
            ({"switch": ["vpn"], "position": "on"}, "switch"),
            ({"switch": "v" * 600, "position": "on"}, "switch"),
            ({**ON, "more": 1}, "more"),
        ],
    )
    def test_values_that_do_not_fit_are_refused_by_name(
        self, cast: Cast, values: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidChange) as refusal:
            propose(cast, book(cast), values)
        assert refusal.value.field == field

    def test_every_kind_takes_its_own_values_only(self) -> None:
        declared = [
            Input(name="n", label="", kind="number", low=1, high=5),
            Input(name="mail", label="", kind="email", required=False),
            Input(name="sure", label="", kind="yes_no"),
        ]
        good = check_values(declared, {"n": "3", "mail": "", "sure": "on"})
        assert good == {"n": 3, "mail": "", "sure": True}
        for bad in (
            {"n": "6"},
            {"n": "x"},
            {"n": True},
            {"n": 1e3},
            {"n": "٣"},
            {"n": 1, "mail": "nobody"},
            {"n": 1, "mail": "a@b.example\n"[:-1] + "\x00"},
            {"n": 1, "sure": "perhaps"},
        ):
            with pytest.raises(InputProblem):
                check_values(declared, bad)


def request_to(url: str, **more: Any) -> dict[str, Any]:
    """Settings of an HTTP runbook that locks an account."""
    return {
        "inputs": {"account": "text"},
        "do": {
            "method": "POST",
            "url": f"{url}/users/{{account}}/lock",
            "body": {"reason": "ticket {ticket}"},
        },
        "verify": {"method": "GET", "url": f"{url}/users/{{account}}", "expect": "locked"},
        "undo": {"method": "DELETE", "url": f"{url}/users/{{account}}/lock"},
        **more,
    }


def call(do: Any = None, **more: Any) -> dict[str, Any]:
    """Settings of an HTTP runbook, by default such that work."""
    return {"do": do or {"method": "GET", "url": "https://a.example"}, **more}


class Directory:
    """An account service that remembers who is locked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.status = 200

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return Said(status=self.status, body=b'{"state": "locked"}')


@pytest.fixture
def directory() -> Iterator[tuple[str, Directory]]:
    script = Directory()
    server = FakeServer(script)
    server.start()
    yield server.url, script
    server.stop()


class TestHttp:
    def test_it_sends_checks_and_takes_back(
        self,
        cast: Cast,
        directory: tuple[str, Directory],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        url, script = directory
        monkeypatch.setenv("OMNIDESK_RUNBOOK_DIRECTORY", "Bearer s3cret")
        settings = request_to(url, authorization_env="OMNIDESK_RUNBOOK_DIRECTORY")
        runbook = book(cast, action="http", settings=settings)
        runbook.clean()
        run = propose(cast, runbook, {"account": "dana/../root"})
        assert script.asked == []
        assert run.preview == f"Would send: POST {url}/users/dana%2F..%2Froot/lock"
        assert work(run) == RunState.DONE
        with organization_scope(cast.nordwerk.pk):
            undo_run(run=run, actor=Actor.person(cast.alice))
        assert work(run) == RunState.UNDONE
        assert [one.method for one in script.asked] == ["POST", "GET", "DELETE"]
        done = script.asked[0]
        assert done.path == "/users/dana%2F..%2Froot/lock"
        assert done.json() == {"reason": f"ticket {run.ticket.number}"}
        assert done.headers["authorization"] == "Bearer s3cret"
        assert done.headers["idempotency-key"] == f"{run.key}-do"
        kept = again(run)
        with organization_scope(cast.nordwerk.pk):
            texts = " ".join(kept.steps.values_list("text", flat=True))
        assert "s3cret" not in f"{kept.result} {kept.settings} {texts}"

    def test_a_refusal_fails_and_a_broken_server_is_uncertain(
        self, cast: Cast, directory: tuple[str, Directory]
    ) -> None:
        url, script = directory
        runbook = book(cast, action="http", settings=request_to(url))
        script.status = 403
        assert work(propose(cast, runbook, {"account": "dana"})) == RunState.FAILED
        script.status = 500
        assert work(propose(cast, runbook, {"account": "dana"})) == RunState.UNCERTAIN

    def test_a_server_that_is_away_is_tried_again_later(self, cast: Cast) -> None:
        settings = request_to("http://127.0.0.1:9")
        run = propose(cast, book(cast, action="http", settings=settings), {"account": "dana"})
        assert work(run) == RunState.QUEUED
        kept = again(run)
        assert kept.next_try_at is not None
        assert kept.next_try_at > now()
        assert work(run) is None

    def test_the_inside_of_the_network_is_out_of_reach(
        self, cast: Cast, directory: tuple[str, Directory], settings: Settings
    ) -> None:
        settings.OUTBOUND_ALLOW = []
        url, script = directory
        run = propose(cast, book(cast, action="http", settings=request_to(url)), {"account": "d"})
        assert work(run) == RunState.FAILED
        assert script.asked == []

    def test_a_secret_that_is_not_set_fails_before_anything_is_sent(
        self, cast: Cast, directory: tuple[str, Directory]
    ) -> None:
        url, script = directory
        settings = request_to(url, authorization_env="OMNIDESK_RUNBOOK_NOT_SET")
        run = propose(cast, book(cast, action="http", settings=settings), {"account": "dana"})
        assert work(run) == RunState.FAILED
        assert script.asked == []

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({}, "do"),
            (call({"method": "GET"}), "do"),
            (call({"method": "BREW", "url": "https://a.example"}), "do"),
            (call({"method": "GET", "url": "ftp://a.example"}), "do"),
            (call({"method": "GET", "url": "https://{x}/"}, inputs={"x": "text"}), "do"),
            (call({"method": "GET", "url": "https://u:p@a.example"}), "do"),
            (call({"method": "GET", "url": "https://a.example/{other}"}), "do"),
            (call(inputs=["x"]), "inputs"),
            (call(inputs={"X!": "text"}), "inputs"),
            (call(inputs={"x": "colour"}), "inputs"),
            (call(authorization_env="PATH"), "authorization_env"),
            (call(script="rm"), "script"),
        ],
    )
    def test_settings_that_cannot_work_are_refused_at_configuration(
        self, given: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(ValidationError, match=field):
            Runbook(name="X", action="http", settings=given).clean()


def test_another_organization_s_runbook_is_refused(cast: Cast) -> None:
    runbook = book(cast)
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        Runbook.objects.update(organization=cast.lumen)
        runbook.refresh_from_db()
        ticket: Ticket = cast.ticket()
        with pytest.raises(InvalidChange, match="another organization"):
            propose_run(ticket=ticket, actor=Actor.person(cast.alice), runbook=runbook, values=ON)
