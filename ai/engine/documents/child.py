"""The process that meets a stranger's file: little memory, little time, no files, no secrets.

Reads the file's name, a line feed and its bytes from standard input; writes one JSON object.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import resource
import signal
import sys
from collections.abc import Callable
from importlib import import_module

from ai.engine.documents.kinds import kind_of
from ai.engine.documents.pieces import BROKEN, TOO_LONG, Extracted, Refused

MEMORY = 1536 * 2**20
CPU_SECONDS = 60
_DEATH_SIGNAL = 1
# Loaded on demand: a text file needs neither lxml nor pypdf.
READERS = {
    "pdf": "pdf.read_pdf",
    "docx": "office.read_docx",
    "xlsx": "office.read_xlsx",
    "pptx": "office.read_pptx",
    "txt": "plain.read_text",
    "md": "plain.read_markdown",
    "html": "plain.read_html",
    "eml": "plain.read_mail",
}


def confine() -> None:
    """Bound what this process may use, and end it with the one that started it."""
    for limit, value, hard in (
        (resource.RLIMIT_AS, MEMORY, MEMORY),
        # The signal at the softer limit says that it was the time.
        (resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 5),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(limit, (value, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def read(name: str, content: bytes) -> Extracted:
    """The file's text. Raises `Refused` and nothing else."""
    try:
        kind = kind_of(name, content)
        module, function = READERS[kind].split(".")
        reader: Callable[[bytes], Extracted] = getattr(
            import_module(f"ai.engine.documents.{module}"), function
        )
        return reader(content)
    except Refused:
        raise
    except (MemoryError, RecursionError) as error:
        raise Refused(TOO_LONG) from error
    except Exception as error:
        # A parser stumbles over damage in ways that nobody can list.
        raise Refused(BROKEN) from error


def main() -> None:
    """Read one file, say what it holds."""
    confine()
    name, _, content = sys.stdin.buffer.read().partition(b"\n")
    answer: dict[str, object]
    try:
        # Libraries may print; standard output is the answer's alone.
        with contextlib.redirect_stdout(sys.stderr):
            found = read(name.decode("utf-8", "replace"), content)
        answer = {
            "kind": found.kind,
            "units": found.units,
            "sections": [[section.place, section.text] for section in found.sections],
        }
    except Refused as refusal:
        answer = {"refused": refusal.code}
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
