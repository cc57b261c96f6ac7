"""Counts beside the navigation's places. `tickets` knows only its own: apps above add theirs."""

from collections.abc import Callable, Collection, Mapping

from omnidesk.accounts.models import User

# Organization ids -> how much waits there for whoever works on them. Called at every page: it
# keeps what it counted.
Counter = Callable[[Collection[int]], int]
_counters: dict[str, Counter] = {}


def place_counter(key: str) -> Callable[[Counter], Counter]:
    """Let the decorated function count for the place `key`."""

    def keep(counter: Counter) -> Counter:
        _counters[key] = counter
        return counter

    return keep


def place_counts(user: User) -> Mapping[str, int]:
    """Place key -> how much waits there for `user`; nothing waits where it is left out."""
    own = user.staffed_organization_ids()
    found = {key: count(own) for key, count in _counters.items()} if own else {}
    return {key: count for key, count in found.items() if count}
