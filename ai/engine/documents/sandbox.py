"""Reading a file in a process of its own, which is killed when it takes too long."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from ai.engine.documents.pieces import (
    BROKEN,
    CODES,
    TOO_LONG,
    TOO_SLOW,
    Extracted,
    Refused,
    Section,
)

SECONDS = 90.0
_ROOT = Path(__file__).resolve().parents[3]
_COMMAND = (sys.executable, "-E", "-s", "-m", "ai.engine.documents.child")


def extract(name: str, content: bytes, *, seconds: float = SECONDS) -> Extracted:
    """The text of a file with its places. Raises `Refused` with one of `pieces.CODES`.

    The child inherits no environment: what it parses was written by strangers, and it needs
    no secret to do that.
    """
    heading = " ".join(name.split()).encode("utf-8", "replace") + b"\n"
    with subprocess.Popen(  # noqa: S603  # our own interpreter, our own module
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    ) as child:
        try:
            output, _ = child.communicate(heading + content, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise Refused(TOO_SLOW) from error
        finally:
            _end(child)
    if child.returncode == -signal.SIGXCPU:
        raise Refused(TOO_SLOW)
    # Whatever else ended it early (no memory, a crashed parser) is the file's doing.
    return _parsed(output, TOO_LONG if child.returncode == -signal.SIGKILL else BROKEN)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _parsed(output: bytes, otherwise: str) -> Extracted:
    try:
        answer = json.loads(output)
    except ValueError as error:
        raise Refused(otherwise) from error
    if "refused" in answer:
        code = str(answer["refused"])
        raise Refused(code if code in CODES else BROKEN)
    sections = tuple(Section(str(place), str(text)) for place, text in answer["sections"])
    return Extracted(str(answer["kind"]), sections, int(answer["units"]))
