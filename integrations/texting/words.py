"""The words that opt out of text messages and in again: the whole message, whatever its case."""

from enum import StrEnum
from typing import Final


class Opt(StrEnum):
    """What a message of one word asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


_WORDS: Final = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), Opt.STOP
    ),
    **dict.fromkeys(("start", "yes", "unstop"), Opt.START),
    **dict.fromkeys(("help", "info"), Opt.HELP),
}


def opt_of(text: str, told: str = "") -> Opt | None:
    """What `text` asks for; `told` is the provider's own word for it, which counts more."""
    return _WORDS.get(told.strip().lower()) or _WORDS.get(text.strip().lower())
