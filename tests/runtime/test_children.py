"""Supervised processes: they die with the supervisor, come back, and are given up in the end."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from omnidesk.env import BASE_DIR
from omnidesk.runtime import children, processes
from omnidesk.runtime.children import Child, Plan
from omnidesk.runtime.installation import Installation

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@contextmanager
def supervised(registry: Path, *command: str) -> Iterator["subprocess.Popen[str]"]:
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.parent", str(registry), *command],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield parent
    finally:
        parent.kill()
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()


def first_child(parent: "subprocess.Popen[str]") -> psutil.Process:
    assert parent.stdout is not None
    return psutil.Process(int(parent.stdout.readline()))


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    with supervised(tmp_path / "children", "sleep", "60") as parent:
        child = first_child(parent)
        parent.kill()
        assert processes.wait_until(lambda: processes.is_gone(child), 5)


def test_a_child_that_refuses_is_ended_by_the_next_start(tmp_path: Path) -> None:
    registry = tmp_path / "children"
    with supervised(registry, sys.executable, "-c", STUBBORN) as parent:
        child = first_child(parent)
        time.sleep(0.5)  # Until it ignores the signal.
        parent.kill()
        parent.wait()
        time.sleep(0.2)
        assert not processes.is_gone(child)
        assert children.end_leftovers(registry, seconds=0.5) == 1
        assert processes.is_gone(child)


def test_a_later_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "children").write_text(f'{{"{bystander.pid}": 1000.0}}')
        assert children.end_leftovers(tmp_path / "children", seconds=0.1) == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_child_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    began = time.monotonic()
    with supervised(tmp_path / "children", "false") as parent:
        assert parent.wait(30) == 3
        assert parent.stdout is not None
        assert len(parent.stdout.read().split()) == children.DEATHS
    assert time.monotonic() - began > sum(children.BACKOFF_SECONDS[:4])


def test_the_stages_end_intake_before_work() -> None:
    stages = {"web": 0, "beat": 0, "listener": 0, "worker": 1, "ai-worker": 1}
    assert {plan.name: plan.stage for plan in _plans(smtp_port=8025)} == stages
    assert "listener" not in {plan.name for plan in _plans(smtp_port=0)}


def _plans(*, smtp_port: int) -> list[Plan]:
    found = Installation(
        data=Path("var"),
        host="127.0.0.1",
        port=8000,
        smtp_port=smtp_port,
        base_url="",
        demo=False,
        web_workers=2,
        external_postgres=False,
        external_valkey=False,
    )
    return children.plans(found)


def test_lines_are_whole_however_they_are_written(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "sys.stdout.write('first '); sys.stdout.flush(); time.sleep(0.2)\n"
        "sys.stdout.write('line\\n\\nsecond'); sys.stdout.flush()\n"
    )
    parent = subprocess.run(
        [sys.executable, "-m", "tests.runtime.lines", script],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert parent.stdout.splitlines() == ["first line", "second"], parent.stderr


def test_a_child_can_be_described_before_it_starts() -> None:
    child = Child(Plan("trial", ("true",), 0), {})
    assert (child.pid, child.runs, child.output, child.is_hopeless) == (0, False, None, False)
    assert child.lines() == ([], True)
