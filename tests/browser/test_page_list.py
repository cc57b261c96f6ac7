"""Every page is looked at by the rules of accessibility, or stands here as something else."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.http import Http404
from django.test import RequestFactory
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

HERE = Path(__file__).parent
LOOKS = frozenset({"walk", "in_four_looks"})
# Programs ask there, or Django's own pages answer, which test_administration.py walks by model.
ELSEWHERE = ("admin/", "api/", "health/", "mcp/", "metrics")
# Looked at where another page leads to them: the test that goes there.
REACHED = {
    "account_reauthenticate": "test_account_pages",
    "account_reset_password_from_key": "test_account_pages",
    "mfa_authenticate": "test_account_pages",
    "incidents:page": "test_incidents",
    "proposals:page": "test_proposals",
    "integrations:why": "test_why_mail",
    "analytics:simulation": "test_risk",
    "desk:notice": "test_portal",
    "portal:form": "test_forms",
    "portal:guest_link": "test_portal",
}
# Pieces of pages, which are looked at with the page that fetches them.
PARTS = frozenset({
    "ai:panel", "assistant:turn", "desk:duplicates", "desk:duplicates_typed", "desk:inserts",
    "desk:links", "desk:macro", "desk:macros", "desk:nav", "desk:preview", "desk:search_near",
    "desk:ticket_part", "desk:times", "incidents:strip", "integrations:alerts",
    "integrations:elsewhere", "integrations:way", "portal:answers", "portal:answers_near",
    "portal:bell", "portal:letter",
})  # fmt: skip
FILES = frozenset({
    "ai:document_file", "ai:ledger", "analytics:export", "assistant:stream", "desk:time_export",
    "integrations:original", "mfa_download_recovery_codes", "portal:article_file", "portal:file",
    "portal:manifest", "portal:open_file", "portal:worker",
})  # fmt: skip
# They lead on to another page; the gallery of components is for who builds them.
NO_PAGES = frozenset({
    "desk:components", "desk:home", "integrations:again", "portal:language", "portal:notification",
})  # fmt: skip
OTHERS = PARTS | FILES | NO_PAGES
Node = ast.Module | ast.FunctionDef


def routes(
    patterns: list[URLPattern | URLResolver], space: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """The routes of the desk, the portal and the accounts, by their names."""
    for pattern in patterns:
        if str(pattern.pattern).startswith(ELSEWHERE) and not space:
            continue
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, inner)
        elif pattern.name:
            yield space + pattern.name, pattern


def only_changes(pattern: URLPattern) -> bool:
    """Whether there is nothing to see: the view takes no GET."""
    with suppress(AttributeError, KeyError, TypeError, Http404):
        answer = pattern.callback(RequestFactory().get("/"))
        return bool(answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED)
    return False


def test_every_page_is_looked_at() -> None:
    known = dict(routes(get_resolver().url_patterns))
    seen = looked_at()
    pages = {name for name, one in known.items() if not only_changes(one)} - OTHERS
    assert pages - seen - set(REACHED) == set(), "walk() these pages, or say what they are"
    assert (OTHERS | set(REACHED)) - set(known) == set(), "there is no such route any more"
    assert seen & OTHERS == set()


@pytest.mark.parametrize("name", sorted(set(REACHED.values())))
def test_who_goes_there_looks(name: str) -> None:
    assert _looks(ast.parse((HERE / f"{name}.py").read_text()))


def looked_at() -> set[str]:
    """Names of the routes whose addresses stand in a browser test that looks with axe.

    A test that only visits a page does not count; lists and helpers beside the tests do.
    """
    found = set()
    for path in HERE.glob("test_*.py"):
        tree = ast.parse(path.read_text())
        tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[:5] == "test_"]
        blind = {id(inner) for test in tests if not _looks(test) for inner in ast.walk(test)}
        if not _looks(tree):
            continue
        for node in ast.walk(tree):
            if id(node) not in blind and (name := _route(node)):
                found.add(name)
    return found


def _looks(tree: Node) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(name, ast.Name) and name.id in LOOKS for name in calls)


def _route(node: ast.AST) -> str:
    """The route of an address in a test's text; what is filled in there stands for any value."""
    match node:
        case ast.Constant(value=str(value)):
            text = value
        case ast.JoinedStr(values=parts):
            text = "".join(str(p.value) if isinstance(p, ast.Constant) else "1" for p in parts)
        case _:
            return ""
    if not text.startswith("/"):
        return ""
    path = urlsplit(text).path
    for filled in ("{number}", "{other}"):
        path = path.replace(filled, "1")
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""
