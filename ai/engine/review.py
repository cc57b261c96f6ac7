"""What can be said of a change to a program without any model: its size, and what stands out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ai.engine.redact import redact

MOST_FINDINGS = 200
LARGE_CHANGE = 800
LONGEST_LINE = 400
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("high", "conflict_marker", re.compile(r"^(?:<{7} |>{7} |={7}$)")),
    (
        "medium",
        "debugging",
        re.compile(r"\b(?:breakpoint\(\)|debugger;|pdb\.set_trace|var_dump)"),
    ),
    ("medium", "swallowed_error", re.compile(r"^\s*except\s*:|catch\s*\(\w*\)\s*\{\s*\}")),
    ("medium", "check_switched_off", re.compile(r"verify\s*=\s*False|InsecureSkipVerify:\s*true")),
    ("medium", "runs_text", re.compile(r"\b(?:eval|exec)\(|shell\s*=\s*True")),
    ("low", "left_to_do", re.compile(r"\b(?:TODO|FIXME|XXX)\b")),
)
_TEST = re.compile(r"(?:^|/)tests?(?:/|_)|(?:^|/)test_|\.test\.|_test\.|\.spec\.", re.IGNORECASE)


@dataclass(slots=True)
class File:
    """One file of a change, and its added lines as (line number, text)."""

    path: str
    added: int = 0
    removed: int = 0
    lines: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. severity: "high", "medium", "low"; text: the line, secrets masked."""

    path: str
    line: int
    severity: str
    kind: str
    text: str


def read_diff(diff: str) -> list[File]:
    """The files of a unified diff; an empty list where there is none in it."""
    files: list[File] = []
    number = 0
    in_hunk = False
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = line[4:].split("\t")[0].strip()
            files.append(File(path.removeprefix("b/")))
            in_hunk = False
        elif line.startswith(("diff --git ", "--- ")) and not in_hunk:
            continue
        elif found := _HUNK.match(line):
            number, in_hunk = int(found[1]), bool(files)
        elif line.startswith("diff --git "):
            in_hunk = False
        elif in_hunk:
            number = _take(files[-1], line, number)
    return files


def _take(file: File, line: str, number: int) -> int:
    if line.startswith("+"):
        file.added += 1
        file.lines.append((number, line[1:]))
        return number + 1
    if line.startswith("-"):
        file.removed += 1
        return number
    return number + 1


def findings(files: list[File]) -> list[Finding]:
    """What stands out in the added lines, and in the change as a whole."""
    found = [one for file in files for one in _of_file(file)]
    changed = sum(file.added + file.removed for file in files)
    if changed > LARGE_CHANGE:
        found.append(Finding("", 0, "low", "large_change", f"{changed} lines"))
    if files and not any(_TEST.search(file.path) for file in files):
        found.append(Finding("", 0, "low", "no_test", ""))
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(found, key=lambda one: order[one.severity])[:MOST_FINDINGS]


def _of_file(file: File) -> Iterator[Finding]:
    for number, text in file.lines:
        masked = redact(text)
        shown = masked.text.strip()[:200]
        if masked.counts().get("SECRET"):
            yield Finding(file.path, number, "high", "secret", shown)
        for severity, kind, pattern in _RULES:
            if pattern.search(text):
                yield Finding(file.path, number, severity, kind, shown)
        if len(text) > LONGEST_LINE:
            yield Finding(file.path, number, "low", "long_line", shown)
