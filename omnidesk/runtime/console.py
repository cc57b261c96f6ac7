"""What `manage.py up` writes: one prefixed line per message, coloured on a terminal."""

import contextlib
import sys
import time

from rich.console import Console
from rich.text import Text

STYLES = {
    "omnidesk": "bold cyan",
    "web": "green",
    "worker": "blue",
    "ai-worker": "magenta",
    "beat": "yellow",
    "listener": "bright_black",
}
WIDTH = max(map(len, STYLES))
PROBLEM_WORDS = ("error", "critical", "traceback", "exception")


class Terminal:
    """Lines on standard output; plain when it is no terminal. A closed pipe is not an error."""

    def __init__(self) -> None:
        self._console = Console(
            file=sys.stdout, highlight=False, markup=False, soft_wrap=True, emoji=False
        )
        self._began = time.monotonic()
        self._open = True

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def say(self, message: str, *, style: str = "") -> None:
        """A message of the supervisor itself, with the seconds since the start."""
        for line in message.splitlines() or [""]:
            self._write("omnidesk", Text(f"{self.seconds:6.1f} s  {line}", style=style))

    def problem(self, message: str) -> None:
        self.say(message, style="bold red")

    def child(self, name: str, line: str) -> None:
        """A log line of a supervised process."""
        lowered = line.lower()
        style = "red" if any(word in lowered for word in PROBLEM_WORDS) else ""
        self._write(name, Text(line, style=style))

    def _write(self, name: str, line: Text) -> None:
        if not self._open:
            return
        prefix = Text(f"{name:<{WIDTH}} | ", style=STYLES.get(name, ""))
        try:
            self._console.print(prefix + line)
        except (BrokenPipeError, OSError):
            # Whoever read our output is gone; the processes go on.
            self._open = False
            with contextlib.suppress(OSError):
                sys.stdout.close()
