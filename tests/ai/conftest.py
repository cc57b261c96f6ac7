"""The real models for tests: MiniLM and an embedded vector store, loaded once a run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from pytest_django.plugin import DjangoDbBlocker
from pytest_httpserver import HTTPServer

from ai import tasks
from ai.models import Enrichment
from ai.providers import forget_services
from ai.runtime import Runtime, close_runtime, runtime
from omnidesk.core.tenancy import organization_scope
from omnidesk.env import BASE_DIR
from tests.ai.claude_service import KEY, Service
from tests.cast import Cast
from tickets.models import Ticket

READY = "ready."


@pytest.fixture(scope="session")
def _models(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Runtime]:
    with django_db_blocker.unblock():
        found = runtime()
    yield found
    close_runtime()


@pytest.fixture
def models(_models: Runtime, cast: Cast) -> Iterator[Runtime]:
    """The models of this process; what the cast's organizations indexed is forgotten."""
    yield _models
    for organization in (cast.nordwerk, cast.lumen):
        _models.store.delete_organization(organization.pk)


@pytest.fixture
def read(models: Runtime) -> Callable[[Ticket], Ticket]:
    """Have the AI read a ticket now, as its worker would; returns the ticket afresh."""

    def now(ticket: Ticket) -> Ticket:
        with organization_scope(ticket.organization_id):
            row, _ = Enrichment.objects.get_or_create(
                organization_id=ticket.organization_id,
                ticket=ticket,
                message=ticket.messages.order_by("-pk").first(),
                defaults={"trigger": Enrichment.Trigger.OPENED},
            )
        tasks.enrich(ticket.organization_id, row.pk)
        with organization_scope(ticket.organization_id):
            return Ticket.objects.get(pk=ticket.pk)

    return now


@pytest.fixture
def service(httpserver: HTTPServer, settings: LazySettings) -> Iterator[Service]:
    found = Service()
    httpserver.expect_request("/v1/messages", method="POST").respond_with_handler(found)
    settings.ANTHROPIC_API_KEY = KEY
    settings.ANTHROPIC_BASE_URL = httpserver.url_for("").rstrip("/")
    settings.AI_TRIES = 1
    forget_services()
    yield found
    forget_services()


class Worker:
    """An ai-worker process of its own, on the test's database and Redis."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "worker.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "omnidesk.settings",
            "DATABASE_URL": _database_url(),
            "OMNIDESK_DATA": str(self.folder),
            "OMNIDESK_LOG_FORMAT": "text",
        }
        command = [sys.executable, "-m", "celery", "-A", "omnidesk", "worker", "-Q", "ai,index"]
        options = ["-P", "threads", "-c", "4", "--loglevel", "INFO", "--without-mingle"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options], cwd=BASE_DIR, env=environment, stdout=log, stderr=log
            )

    def wait_ready(self, seconds: float = 90.0) -> None:
        """Wait until it takes tasks."""
        end = time.monotonic() + seconds
        while READY not in self.text():
            assert self.process is not None
            assert self.process.poll() is None, self.text()[-2000:]
            assert time.monotonic() < end, self.text()[-2000:]
            time.sleep(0.1)

    def text(self) -> str:
        """Its log so far."""
        return self.log.read_text() if self.log.exists() else ""

    def kill(self) -> None:
        """End it without any warning."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.log.unlink(missing_ok=True)
            self.process = None


def _database_url() -> str:
    name = settings.DATABASES["default"]["NAME"]
    url = os.environ["DATABASE_URL"]
    assert f"/{name}" in url
    return url


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """An ai-worker that is not started yet."""
    found = Worker(tmp_path)
    yield found
    found.kill()
