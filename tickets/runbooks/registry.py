"""Which code does which action, by dotted path, loaded on first use."""

from functools import cache
from typing import Final, cast

from django.utils.module_loading import import_string

from tickets.runbooks.base import Action

ACTIONS: Final[dict[str, str]] = {
    "http": "tickets.runbooks.http.HttpAction",
    "loopback": "tickets.runbooks.loopback.Loopback",
}


@cache
def action_for(key: str) -> Action:
    """The action with this key. Raises LookupError for one that is not (any more) known."""
    if key not in ACTIONS:
        raise LookupError(f"There is no action {key!r}.")
    return cast("Action", import_string(ACTIONS[key])())


def action_names() -> list[tuple[str, str]]:
    """Key and label of every action, for menus."""
    return [(key, str(action_for(key).label)) for key in ACTIONS]
