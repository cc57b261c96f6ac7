"""Typed events: facts that actions publish and handlers of any app hear after commit.

Publishers own their event classes; subscribers import downward and register with `@on`.
Events carry ids, never rows: a handler runs after the transaction, in its own scope.
Rows hold the truth and sweeps recover what a dying process did not announce, so a handler
does one small thing: enqueue a task, send to the channel layer, mark a row stale.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction

from omnidesk.core.history import history_moment

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A fact about one organization's data, true once its transaction has committed."""

    organization_id: int


E = TypeVar("E", bound=Event)
Handler = Callable[[Any], None]
_handlers: dict[type[Event], list[Handler]] = defaultdict(list)


def on(event_class: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register the decorated function to hear every `event_class` (exactly, no subclasses)."""

    def register(handler: Callable[[E], None]) -> Callable[[E], None]:
        if handler in _handlers[event_class]:
            raise RuntimeError(f"{handler.__qualname__} already hears {event_class.__name__}")
        _handlers[event_class].append(handler)
        return handler

    return register


def publish(event: Event) -> None:
    """Announce `event` once the current transaction commits; a rollback announces nothing.

    Raises `TransactionManagementError` outside a transaction: an event without a committed
    change would be a rumour.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            f"{type(event).__name__} published outside a transaction"
        )
    if history_moment() is not None:
        return  # what happened long ago is no news
    for handler in _handlers[type(event)]:
        transaction.on_commit(_isolated(handler, event))


def _isolated(handler: Handler, event: Event) -> Callable[[], None]:
    # A closure and not functools.partial with robust=True: Django 5.2 trips over a partial's
    # missing __qualname__ when it logs the failure, and later callbacks would be lost.
    def deliver() -> None:
        try:
            handler(event)
        except Exception:  # intended: one deaf listener must not silence the rest
            logger.exception(
                "event_handler_failed",
                extra={"handler": handler.__qualname__, "event_name": type(event).__name__},
            )

    return deliver


def catalogue() -> dict[str, list[str]]:
    """Who hears what: event name -> dotted handler names, both sorted."""
    return {
        event.__name__: sorted(f"{h.__module__}.{h.__qualname__}" for h in handlers)
        for event, handlers in sorted(_handlers.items(), key=lambda item: item[0].__name__)
    }
