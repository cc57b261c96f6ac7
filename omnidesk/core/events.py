"""Typed events: facts that actions publish and handlers of any app hear after commit.

Publishers own their event classes; subscribers import downward and register with `@on`, or with
`@on_batch` to hear all events of a class that one transaction published in one list. Events carry
ids, never rows: a handler runs after the transaction, in its own scope. Rows hold the truth and
sweeps recover what a dying process did not announce, so a handler does one small thing: enqueue a
task, send to the channel layer, mark a row stale.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from django.db import transaction

from omnidesk.core.aftermath import tell_later
from omnidesk.core.history import history_moment
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)
MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A fact about one organization's data, true once its transaction has committed."""

    organization_id: int


E = TypeVar("E", bound=Event)
Handler = Callable[[Any], None]


class Manner(NamedTuple):
    """How a handler is called: with a list, inside a scope."""

    in_batch: bool = False
    scoped: bool = False


class Call(NamedTuple):
    """One call that is to be made."""

    handler: Handler
    organization_id: int
    told: Any

    @property
    def manner(self) -> Manner:
        """How it is made."""
        return _manners.get(self.handler, _ALONE)


_ALONE: Final = Manner()
_handlers: dict[type[Event], list[Handler]] = defaultdict(list)
_manners: dict[Handler, Manner] = {}


def on(event_class: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register the decorated function to hear every `event_class` (exactly, no subclasses)."""

    def register(handler: Callable[[E], None]) -> Callable[[E], None]:
        _register(event_class, handler)
        return handler

    return register


def on_batch(
    event_class: type[E], *, scoped: bool = False
) -> Callable[[Callable[[Sequence[E]], None]], Callable[[Sequence[E]], None]]:
    """The same with a list: the events of one transaction and one organization, in their order.

    A `scoped` handler runs inside the organization's scope, in one transaction with the other
    scoped ones; nudges go through `transaction.on_commit`. Where one of them fails, each is
    called again in a transaction of its own, so that it harms no other: it must therefore do
    nothing but write rows.
    """

    def register(handler: Callable[[Sequence[E]], None]) -> Callable[[Sequence[E]], None]:
        _register(event_class, handler)
        _manners[handler] = Manner(in_batch=True, scoped=scoped)
        return handler

    return register


def _register(event_class: type[Event], handler: Handler) -> None:
    if handler in _handlers[event_class]:
        raise RuntimeError(f"{handler.__qualname__} already hears {event_class.__name__}")
    _handlers[event_class].append(handler)


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
    if type(event) in _handlers:
        transaction.on_commit(lambda: tell_later(_tell, event))


def _tell(events: Sequence[Event]) -> None:
    """Call everybody who hears of `events`: first those who write rows, together."""
    for start in range(0, len(events), MOST_AT_ONCE):
        calls = _calls(events[start : start + MOST_AT_ONCE])
        scoped = [call for call in calls if call.manner.scoped]
        for organization_id in dict.fromkeys(call.organization_id for call in scoped):
            _call_together([one for one in scoped if one.organization_id == organization_id])
        for call in calls:
            if not call.manner.scoped:
                _call(call)


def _calls(events: Sequence[Event]) -> list[Call]:
    heard: dict[tuple[type[Event], int], list[Event]] = {}
    for event in events:
        heard.setdefault((type(event), event.organization_id), []).append(event)
    return [
        Call(handler, organization_id, told)
        for (kind, organization_id), same in heard.items()
        for handler in _handlers.get(kind, ())
        for told in ([same] if _manners.get(handler, _ALONE).in_batch else same)
    ]


def _call_together(calls: Sequence[Call]) -> None:
    try:
        with organization_scope(calls[0].organization_id):
            for call in calls:
                call.handler(call.told)
    except Exception:  # intended: nothing was written; one by one, the fault is its owner's alone
        logger.warning("event_handlers_apart", exc_info=True)
        for call in calls:
            _call(call)


def _call(call: Call) -> None:
    try:
        with organization_scope(call.organization_id) if call.manner.scoped else nullcontext():
            call.handler(call.told)
    except Exception:  # intended: one deaf listener must not silence the rest
        told = call.told[0] if call.manner.in_batch else call.told
        logger.exception(
            "event_handler_failed",
            extra={"handler": call.handler.__qualname__, "event_name": type(told).__name__},
        )


def catalogue() -> dict[str, list[str]]:
    """Who hears what: event name -> dotted handler names, both sorted."""
    return {
        event.__name__: sorted(f"{h.__module__}.{h.__qualname__}" for h in handlers)
        for event, handlers in sorted(_handlers.items(), key=lambda item: item[0].__name__)
    }
