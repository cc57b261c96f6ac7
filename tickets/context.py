"""What an agent would look up first, gathered side by side: the port and its runner.

Any app registers a gatherer (`@gatherer(...)`, loaded by its `AppConfig.ready`); whoever needs
context runs them all. Each has its own thread, connection and time limit: a slow or broken one
costs nobody else anything, and its absence is shown.
"""

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, connections
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line

logger = structlog.get_logger(__name__)
DEFAULT_SECONDS: Final = 3.0
MAX_LINES: Final = 5
THREADS: Final = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One thing found; `link` is an address of ours or of another system, or ''."""

    text: str
    link: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of the matter. `options` come from the channel's settings (addresses of
    look-ups and the like). `names`: of people, whom a source outside need not hear of."""

    organization_id: int
    ticket_id: int
    requester_id: int
    subject: str
    text: str
    email: str = ""
    language: str = "en"
    options: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()


class Outcome(StrEnum):
    """How a gatherer ended."""

    FOUND = "found"
    NOTHING = "nothing"
    LATE = "late"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gatherer brought, or why it did not. `seconds` is how long it took."""

    key: str
    label: str
    outcome: Outcome
    lines: tuple[Line, ...] = ()
    words: str = ""
    seconds: float = 0.0


class NotAvailable(Exception):
    """A gatherer's source is away; the words are shown."""


Gather = Callable[[Asked], Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Gatherer:
    """A registered source. It runs inside the organization's scope unless `scoped` is off."""

    key: str
    label: str | Promise
    seconds: float
    gather: Gather
    scoped: bool


_gatherers: dict[str, Gatherer] = {}


def gatherer(
    key: str, label: str | Promise, *, seconds: float = DEFAULT_SECONDS, scoped: bool = True
) -> Callable[[Gather], Gather]:
    """Register the decorated function; `scoped=False` for one that asks a network."""

    def register(gather: Gather) -> Gather:
        if key in _gatherers:
            raise RuntimeError(f"Two gatherers are called {key!r}.")
        _gatherers[key] = Gatherer(key, label, seconds, gather, scoped)
        return gather

    return register


def load_plugins() -> None:
    """Import the modules named in OMNIDESK_CONTEXT_PLUGINS: they register their gatherers."""
    for name in settings.CONTEXT_PLUGINS:
        importlib.import_module(name)


def registered() -> tuple[Gatherer, ...]:
    """All gatherers in the order of their registration."""
    return tuple(_gatherers.values())


@cache
def _pool() -> ThreadPoolExecutor:
    # Lasting threads: what a source keeps for its thread (a connection to the broker) is reused.
    return ThreadPoolExecutor(THREADS, thread_name_prefix="context")


def gather(asked: Asked, sources: Sequence[Gatherer] | None = None) -> list[Finding]:
    """Ask all sources at once; takes as long as the slowest limit at most. Never raises."""
    begun = time.monotonic()
    running = [
        (source, _pool().submit(_work, source, asked))
        for source in (registered() if sources is None else sources)
    ]
    return [_wait(source, future, begun, asked.language) for source, future in running]


def _wait(source: Gatherer, future: Future[Finding], begun: float, language: str) -> Finding:
    try:
        return future.result(max(0.0, begun + source.seconds - time.monotonic()))
    except TimeoutError:
        # One that had no thread yet never begins; one that runs ends by its own limits.
        future.cancel()
        logger.warning("context_late", source=source.key, seconds=source.seconds)
        with translation.override(language):
            words = _("No answer within %(seconds).1f s.") % {"seconds": source.seconds}
            return Finding(source.key, str(source.label), Outcome.LATE, (), words, source.seconds)


def _work(source: Gatherer, asked: Asked) -> Finding:
    begun = time.monotonic()
    lines: tuple[Line, ...] = ()
    words = ""
    with translation.override(asked.language):
        label = str(source.label)
        try:
            lines = tuple(_run(source, asked))[:MAX_LINES]
            outcome = Outcome.FOUND if lines else Outcome.NOTHING
        except NotAvailable as problem:
            outcome, words = Outcome.FAILED, one_line(str(problem), 200)
        except Exception as problem:  # intended: one broken source must not cost the others
            logger.exception("context_failed", source=source.key)
            outcome = Outcome.FAILED
            words = one_line(f"{type(problem).__name__}: {problem}", 200)
        finally:
            # This thread's own database connection, if it opened one.
            connections.close_all()
    return Finding(source.key, label, outcome, lines, words, time.monotonic() - begun)


def _run(source: Gatherer, asked: Asked) -> Sequence[Line]:
    if not source.scoped:
        return source.gather(asked)
    with organization_scope(asked.organization_id):
        with connection.cursor() as cursor:
            # The thread is left alone when it is late; its statement ends by itself.
            cursor.execute(f"SET LOCAL statement_timeout = {int(source.seconds * 1000)}")
        return source.gather(asked)


def as_markdown(findings: Sequence[Finding], title: str) -> str:
    """The note an agent reads: every source with what it found, or why it found nothing."""
    parts = [f"**{title}**"]
    for one in findings:
        parts.append(f"\n**{_plain(one.label)}**\n")
        if one.outcome is Outcome.FOUND:
            parts += [_line(line) for line in one.lines]
        else:
            parts.append(f"- {one.words or _('Nothing found.')}")
    return "\n".join(parts)


def _line(line: Line) -> str:
    text = _plain(line.text)
    shown = f"[{text}]({line.link})" if line.link else text
    return f"- {shown}{f' · {_plain(line.detail)}' if line.detail else ''}"


def _plain(text: str) -> str:
    # Subjects and names are other people's words: no Markdown in them.
    cleaned = one_line(text, 200)
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|" else one for one in cleaned)
