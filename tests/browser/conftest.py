"""A running server and Chromium. Every error in a page's console fails its test."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, WebSocket, sync_playwright

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests import stack
from tests.cast import Cast
from tickets.models import Ticket

T = TypeVar("T")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTS_WITHIN = 60.0

# Milliseconds, and how many looks in a row must find nothing under way: fewer where every socket
# has said what it wants to hear.
LOOK_EVERY, QUIET_LOOKS, SILENT_LOOKS, MOST_LOOKS = 25, 3, 12, 800

_under_way: WeakKeyDictionary[Page, set[Request | WebSocket]] = WeakKeyDictionary()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> str:
    """Chromium's path; without it the test is skipped, but never where CI says it must run.

    First the one without windows: it took a fifth less CPU for the same tests.
    """
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("CI"):
        pytest.fail("Chromium is missing, and CI must run the browser tests.")
    pytest.skip("Chromium is not installed.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def base_url(django_db_setup: None) -> Iterator[str]:
    """The address of a real server (uvicorn, websockets) on this worker's test database."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.browser.server_settings",
        "OMNIDESK_BASE_URL": url,
        "TEST_CHANNEL_PREFIX": f"test-{stack.worker()}",
    }
    command = [sys.executable, "-m", "uvicorn", "omnidesk.asgi:application"]
    with subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "warning"],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
    ) as server:
        try:
            wait_for(url, server)
            yield url
        finally:
            server.terminate()


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Return once the sign-in page answers; fail when the server died or took too long."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"The server ended with {server.returncode}.")
        try:
            with urllib.request.urlopen(f"{url}/account/sign-in/", timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("The server did not answer in time.")


# Not for the session: Playwright leaves its event loop running in this thread, and the worker's
# later tests of sockets need one of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests of a worker."""
    path = chromium()
    # Playwright's own event loop lives in this thread; the ORM is used between its calls.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def apart(work: Callable[[], T]) -> T:
    """Do database work in a thread of its own: Playwright's event loop runs in this one."""

    def tidily() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(tidily).result()


def ticket_for(cast: Cast, subject: str = "Mouse does not move") -> Ticket:
    """A committed ticket of Dana's."""

    def open_it() -> Ticket:
        with organization_scope(cast.nordwerk.pk):
            return cast.ticket(subject)

    return apart(open_it)


def session_of(user: User) -> str:
    """The key of a new session in which `user` is signed in, without the form."""

    def sign_in() -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    return apart(sign_in)


def _watch(page: Page) -> None:
    """Keep account of the page's requests, and of sockets that have not said anything yet."""
    asked = _under_way[page] = set[Request | WebSocket]()

    def begun(one: Request | WebSocket) -> None:
        asked.add(one)

    def over(one: Request | WebSocket) -> None:
        asked.discard(one)

    def on_socket(socket: WebSocket) -> None:
        begun(socket)
        socket.once("framesent", lambda _: over(socket))
        socket.once("close", over)

    page.on("request", begun)
    page.on("requestfinished", over)
    page.on("requestfailed", over)
    page.on("websocket", on_socket)


def visit(page: Page, path: str) -> None:
    """Show a page with all that it fetches by itself."""
    page.goto(path)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page asks for nothing any more.

    Playwright's "networkidle" means the same, but always watches half a second of silence.
    """
    quiet = 0
    for _ in range(MOST_LOOKS):
        page.wait_for_timeout(LOOK_EVERY)
        pending = _under_way[page]
        quiet = 0 if any(isinstance(each, Request) for each in pending) else quiet + 1
        if quiet >= (SILENT_LOOKS if pending else QUIET_LOOKS):
            return
    pytest.fail(f"{page.url} still waits for {sorted(each.url for each in _under_way[page])}")


@dataclass
class Desktops:
    """Opens browsers for people, each with its own session, and remembers what went wrong."""

    browser: Browser
    base_url: str
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def blank(self, **options: Any) -> Page:
        """A fresh browser window, nobody signed in."""
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = self.browser.new_context(base_url=self.base_url, locale="en-GB", **options)
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on(
            "console",
            lambda line: (
                self.problems.append(f"console: {line.text}") if line.type == "error" else None
            ),
        )
        _watch(page)
        return page

    def signed_in(self, user: User, **options: Any) -> Page:
        """A window of somebody who is signed in, still empty; test_sign_in.py fills the form."""
        page = self.blank(**options)
        page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": session_of(user),
                    "url": self.base_url,
                }
            ]
        )
        return page


@pytest.fixture
def desktops(browser: Browser, base_url: str) -> Iterator[Desktops]:
    """Windows that are closed after the test; a script or policy error in one fails it."""
    opened = Desktops(browser, base_url)
    yield opened
    for context in opened.contexts:
        # What a request that is still under way writes would outlive the clean-up.
        for page in context.pages:
            settle(page)
        context.close()
    assert opened.problems == []
