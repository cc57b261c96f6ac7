"""House rules that a machine can check, each with its reason."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("omnidesk", "tickets", "ai", "integrations", "analytics")
FILE_LINES = 400
FUNCTION_LINES = 60
FUNCTION_P95 = 40


def sources(*roots: str) -> list[Path]:
    return [
        path
        for root in roots
        for path in sorted((ROOT / root).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def functions(paths: list[Path]) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_import_contracts_hold() -> None:
    """A cycle cannot hide: imports form a stack and the loop closes by events."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]


@pytest.mark.parametrize("suffix", [".py", ".css", ".js", ".html"])
def test_no_file_is_longer_than_a_reader_can_hold(suffix: str) -> None:
    roots = (*APPS, "tests", "templates", "static")
    paths = [p for root in roots for p in (ROOT / root).rglob(f"*{suffix}")]
    lines = {
        str(p.relative_to(ROOT)): len(p.read_text().splitlines())
        for p in paths
        if "migrations" not in p.parts
    }
    assert {name: n for name, n in lines.items() if n > FILE_LINES} == {}


def test_functions_are_short() -> None:
    found = [
        (length(node), f"{p.relative_to(ROOT)}:{node.name}")
        for p, node in functions(sources(*APPS))
    ]
    assert [f for f in found if f[0] > FUNCTION_LINES] == []
    lengths = sorted(n for n, _ in found)
    assert lengths[int(len(lengths) * 0.95)] <= FUNCTION_P95


def test_only_actions_publish_events() -> None:
    """Whoever looks for where an event comes from finds it in an `actions` module."""
    callers = {
        str(path.relative_to(ROOT))
        for path in sources(*APPS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "publish"
    }
    assert callers
    assert {c for c in callers if "actions" not in c} == set()


def test_views_reach_tickets_only_through_the_gate() -> None:
    """`Ticket.objects` in a view would skip the check of who may see it."""
    guarded = {"Ticket", "Message", "Attachment"}
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*APPS)
        if {"views", "api", "consumers.py"} & {*path.relative_to(ROOT).parts}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id in guarded
    ]
    assert offenders == []


def test_no_function_local_import_hides_a_cycle() -> None:
    """Allowed only in `if TYPE_CHECKING` blocks and where a comment says why (noqa: PLC0415)."""
    offenders = []
    for path, function in functions(sources(*APPS)):
        lines = path.read_text().splitlines()
        offenders += [
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
            and "PLC0415" not in lines[node.lineno - 1]
        ]
    assert offenders == []


def test_public_functions_say_what_they_do() -> None:
    missing = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in sources("tickets", "omnidesk/core", "omnidesk/accounts", "integrations", "ai")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert missing == []


def test_pages_carry_no_inline_style_or_script() -> None:
    """The content security policy would block them silently."""
    needles = (" style=", "<style", " onclick=", " onchange=", " onsubmit=", "javascript:")
    offenders = [
        f"{path.relative_to(ROOT)}: {needle.strip()}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for needle in needles
        if needle in path.read_text().lower() and "emails" not in path.parts
    ]
    assert offenders == []


def test_the_web_process_never_loads_the_model_libraries() -> None:
    """Only the ai-worker pays for torch; the web process stays small and starts fast."""
    program = (
        "import omnidesk.asgi, sys\n"
        "from django.urls import get_resolver\n"
        "get_resolver().reverse_dict\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'qdrant_edge', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "omnidesk.settings"},
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip().endswith("[]"), run.stdout + run.stderr[-2000:]
